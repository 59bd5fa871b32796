/**
 * Text on a card: a vocabulary in its memory and tables, and what its tokenizer has looked up.
 *
 * @module
 */

import { checkTextVocabulary } from "../../../../kernels/tokenize/plan/check.ts";
import { refuseChunks } from "../../rtl/text.ts";
import type { TextPlan } from "../../../../kernels/tokenize/plan/plan.ts";
import { TOKENIZE_COUNTER } from "../../../../kernels/rtl/registers.ts";
import { tokenizeProgram } from "../../rtl/tokenize.ts";
import { tokenizeImage } from "../../../../kernels/tokenize/image.ts";
import type { Vocabulary } from "../../../../kernels/tokenize/vocabulary.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { XrtBuffer } from "../binding/buffer.ts";
import type { CardKernel } from "./card_kernel.ts";
import type { CardTables } from "./card_tables.ts";
import type { XrtDevice } from "../binding/device.ts";

/** A text plan that is loaded. */
export interface CardText {
  /** The plan. */
  readonly plan: TextPlan;
  /** The vocabulary's words in the card's memory; whoever loads something else closes it. */
  readonly words: XrtBuffer;
  /** Bytes of tables that were loaded. */
  readonly tableBytes: number;
}

/** Entries of a table on chip are moved as words of so many bytes. */
const ENTRY_BYTES = 8;

/**
 * Loads a text plan into the tokenizer of a card.
 *
 * @param device The card.
 * @param kernel Its tokenizer.
 * @param tables The tokenizer's tables.
 * @param plan The plan.
 * @param vocabulary Its vocabulary.
 * @param wait How long to wait.
 * @throws {OnpathError} `plan`, `device` and `table` as the device `rtl`; `device` when the card refuses.
 */
export async function loadCardText(
  device: XrtDevice,
  kernel: CardKernel,
  tables: CardTables,
  plan: TextPlan,
  vocabulary: Vocabulary,
  wait: WaitOptions,
): Promise<CardText> {
  const program = tokenizeProgram(tokenizeImage(vocabulary), { plan: plan.id, longest: plan.longest });
  const bytes = program.memory.length;
  const words = await device.allocate({ ...wait, bytes, group: kernel.group() });
  try {
    words.map().set(program.memory);
    await words.sync("toDevice", bytes, 0, wait);
    await kernel.start(program.values, wait, words);
    await tables.load(program.tables, wait);
  } catch (error) {
    words.close();
    throw error;
  }
  const entries = program.tables.reduce((sum, { entries }) => sum + entries.length, 0);
  return { plan, words, tableBytes: bytes + ENTRY_BYTES * entries };
}

/**
 * Refuses what no card can be asked for.
 *
 * @throws {OnpathError} `plan` when the vocabulary is another one, `device` when chunks overlap.
 */
export function checkCardText(plan: TextPlan, vocabulary: Vocabulary): void {
  checkTextVocabulary(plan, vocabulary);
  refuseChunks(plan);
}

/** Lookups of a tokenizer since it was first asked. */
export function cardLookups({ read }: CardKernel): number {
  const { bytes: _, ...places } = TOKENIZE_COUNTER;
  return Object.values(places).reduce((sum, place) => sum + read(place), 0);
}
