/**
 * The RTL device with a text plan: the tokenizer in SystemVerilog.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { checkTextVocabulary } from "../../../kernels/tokenize/plan/check.ts";
import type { TextPlan } from "../../../kernels/tokenize/plan/plan.ts";
import type { Exchange } from "../device.ts";
import type { RtlCard } from "./card.ts";
import { openTokenizeCard } from "./tokenize.ts";

/** The tokenizer of an RTL device. */
export interface RtlText {
  /** Its card, with the common counters. */
  readonly card: RtlCard;
  /** Loads a plan; returns the bytes of tables. */
  readonly load: (plan: TextPlan, vocabulary: Vocabulary) => number;
  /** Sends packets; returns the number of answers. */
  readonly exchange: (exchange: Exchange) => number;
  /** Table lookups since it was opened. */
  readonly lookups: () => number;
}

/**
 * Opens the tokenizer.
 *
 * @returns The tokenizer, without a vocabulary.
 */
export async function driveRtlText(): Promise<RtlText> {
  const tokenizer = await openTokenizeCard();
  return {
    card: tokenizer.card,
    load: (plan, vocabulary) => {
      checkTextVocabulary(plan, vocabulary);
      refuseChunks(plan);
      const { memory, chip } = tokenizer.load(vocabulary, { plan: plan.id, longest: plan.longest });
      return memory + chip;
    },
    exchange: (exchange) => tokenizer.exchange(exchange),
    lookups: () => {
      const { bytes: _, ...counts } = tokenizer.lookups();
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
  };
}

/**
 * Refuses a plan whose chunks overlap: the tokenizer in hardware keeps flows.
 *
 * @throws {OnpathError} `device`
 */
export function refuseChunks({ id, mode }: TextPlan): void {
  if (mode === "stateful") return;
  throw new OnpathError(
    "device",
    `Cannot load text plan ${id} into the RTL: it keeps flows, it takes no chunks that overlap`,
    { plan: id, mode },
  );
}
