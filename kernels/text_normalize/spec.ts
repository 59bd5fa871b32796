/**
 * Schema of normalisation steps.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../schema.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { growsLittle, GROWTH_MESSAGE, MAX_TEXT_STEPS } from "./growth.ts";
import { MAX_CHARSMAP } from "./charsmap.ts";
import { MAX_REPLACED } from "./filters.ts";
import { shortList } from "../lists.ts";

const text = z.string().max(4096).refine((one) => one.isWellFormed(), "is not well-formed Unicode");

/** Schema of one {@linkcode TextStep}. */
export const textStepSpec: Schema<TextStep> = z.discriminatedUnion("op", [
  z.strictObject({ op: z.enum(["nfc", "nfd", "nfkc", "nfkd"]), tables: z.literal("tokenizers").optional() }),
  z.strictObject({ op: z.literal("lower_case") }),
  z.strictObject({ op: z.literal("strip_accents") }),
  z.strictObject({ op: z.literal("clean_text") }),
  z.strictObject({ op: z.literal("space_chinese") }),
  z.strictObject({ op: z.literal("prepend"), text: text.min(1) }),
  z.strictObject({
    op: z.literal("replace"),
    from: text.min(1).refine(
      (one) => Array.from(one).length <= MAX_REPLACED,
      `is longer than ${MAX_REPLACED} code points, the maximum that a device holds back`,
    ),
    to: text,
  }),
]);

const list = shortList(textStepSpec as z.ZodType<TextStep>, MAX_TEXT_STEPS).refine(
  growsLittle,
  GROWTH_MESSAGE,
);

/**
 * Checks normalisation steps.
 *
 * @param steps Value from outside.
 * @returns The steps.
 * @throws {OnpathError} `pipeline` if a step is malformed; the message names the step.
 */
export function checkTextSteps(steps: unknown): TextStep[] {
  return parseWith(list, steps, "pipeline", "normalisation steps");
}

const character = text.refine((one) => Array.from(one).length === 1, "is not one code point");

/** Steps that only vocabularies have, which the host applies. */
export const HOST_STEPS: readonly z.ZodType<TextStep>[] = [
  z.strictObject({ op: z.literal("prepend"), text: character, unless: z.literal(true) }),
  z.strictObject({
    op: z.literal("charsmap"),
    map: z.string().max(MAX_CHARSMAP),
    rule: z.literal("longest").optional(),
  }),
  z.strictObject({ op: z.literal("mark_words"), mark: character }),
  z.strictObject({ op: z.literal("squeeze"), of: character, to: text }),
  z.strictObject({
    op: z.literal("strip"),
    side: z.enum(["left", "right", "both"]),
    of: character.optional(),
  }),
];

const vocabularyList = shortList(
  z.union([
    textStepSpec as z.ZodType<TextStep>,
    ...HOST_STEPS,
  ] as [z.ZodType<TextStep>, ...z.ZodType<TextStep>[]]),
  MAX_TEXT_STEPS,
).refine(growsLittle, GROWTH_MESSAGE);

/**
 * Checks the steps of a vocabulary, which may have those that the host alone applies.
 *
 * @param steps Value from outside.
 * @returns The steps.
 * @throws {OnpathError} `pipeline` if a step is malformed; the message names the step.
 */
export function checkVocabularySteps(steps: unknown): TextStep[] {
  return parseWith(vocabularyList, steps, "pipeline", "normalisation steps");
}
