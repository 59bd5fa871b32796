/**
 * Schema of normalisation steps.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../schema.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { growsLittle, GROWTH_MESSAGE, MAX_TEXT_STEPS } from "./growth.ts";
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
