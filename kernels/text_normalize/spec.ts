/**
 * What normalisation steps must look like.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../schema.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { MAX_REPLACED } from "./stages.ts";

/** Most steps. */
export const MAX_TEXT_STEPS = 64;

const text = z.string().max(4096).refine((one) => one.isWellFormed(), "is not well-formed Unicode");

/** Checks one {@linkcode TextStep}. */
export const textStepSpec: Schema<TextStep> = z.discriminatedUnion("op", [
  z.strictObject({ op: z.enum(["nfc", "nfd", "nfkc", "nfkd"]) }),
  z.strictObject({ op: z.literal("lower_case") }),
  z.strictObject({ op: z.literal("strip_accents") }),
  z.strictObject({ op: z.literal("clean_text") }),
  z.strictObject({ op: z.literal("space_chinese") }),
  z.strictObject({ op: z.literal("prepend"), text: text.min(1) }),
  z.strictObject({
    op: z.literal("replace"),
    from: text.min(1).refine(
      (one) => Array.from(one).length <= MAX_REPLACED,
      `is longer than ${MAX_REPLACED} code points, which is what a device holds back`,
    ),
    to: text,
  }),
]);

const list = z.array(textStepSpec as z.ZodType<TextStep>).max(MAX_TEXT_STEPS);

/**
 * Checks normalisation steps.
 *
 * @param steps From outside.
 * @returns The steps.
 * @throws {OnpathError} `pipeline`, naming the step, when one is malformed.
 */
export function checkTextSteps(steps: unknown): TextStep[] {
  return parseWith(list, steps, "pipeline", "normalisation steps");
}
