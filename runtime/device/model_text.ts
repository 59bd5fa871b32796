/**
 * The model device with a plan for text: the models of the tokenizer and of normalisation, packet by packet.
 *
 * @module
 */

import { NormalizeModel } from "../../kernels/text_normalize/packets.ts";
import { TokenizeModel } from "../../kernels/tokenize/model.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { vocabularyBytes } from "../../kernels/tokenize/tables.ts";
import type { NormalizePlan } from "../../kernels/text_normalize/plan.ts";
import type { TextPlan } from "../../kernels/tokenize/plan/plan.ts";
import { checkTextVocabulary } from "../../kernels/tokenize/plan/check.ts";
import type { DropReason, Exchange } from "./device.ts";
import { checkExchange } from "./model.ts";

/** A text plan that is loaded. */
export interface ModelText {
  /** Bytes of the vocabulary's tables. */
  readonly tableBytes: number;
  /** Answers an exchange; packets that are dropped are counted by reason. */
  readonly exchange: (
    exchange: Exchange,
    dropped: Partial<Record<DropReason, number>>,
  ) => { readonly taken: number; readonly answers: number };
  /** Table lookups since it was loaded. */
  readonly lookups: () => number;
}

/**
 * Loads a text plan into the model.
 *
 * @param plan The plan.
 * @param vocabulary Its vocabulary.
 * @throws {OnpathError} `plan` when the vocabulary is another than the plan's.
 */
export function createModelText(plan: TextPlan, vocabulary: Vocabulary): ModelText {
  checkTextVocabulary(plan, vocabulary);
  const model = new TokenizeModel(vocabulary, { plan: plan.id, longest: plan.longest, mode: plan.mode });
  return {
    tableBytes: vocabularyBytes(vocabulary),
    exchange: exchangeWith(model),
    lookups: () => {
      const { automaton, candidates, pairs, points } = model.lookups();
      return automaton + candidates + pairs + points;
    },
  };
}

/**
 * Loads a plan of normalisation into the model.
 *
 * @param plan The plan.
 */
export function createModelNormalize(plan: NormalizePlan): ModelText {
  const model = new NormalizeModel({ plan: plan.id, longest: plan.longest, steps: plan.steps });
  return { tableBytes: 0, exchange: exchangeWith(model), lookups: () => 0 };
}

function exchangeWith(model: Pick<TokenizeModel | NormalizeModel, "take">): ModelText["exchange"] {
  return (exchange, dropped) => {
    checkExchange(exchange);
    const { input, output, count } = exchange;
    let answers = 0, taken = 0;
    for (let slot = 0; slot < count; slot++) {
      const result = model.take(input, slot, output, answers);
      if (typeof result === "number") {
        answers += result;
        taken++;
      } else dropped[result] = (dropped[result] ?? 0) + 1;
    }
    return { taken, answers };
  };
}
