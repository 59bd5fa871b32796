/**
 * Text pipelines as the user writes them, and their checks.
 *
 * @module
 */

import { named } from "../../../serialize/excerpt.ts";
import { z } from "zod";
import { checkTextSteps } from "../../text_normalize/spec.ts";
import { parseWith, type Schema } from "../../schema.ts";
import { TEXT_MODES, type TextMode } from "../model.ts";
import type { TextStep } from "../vocabulary.ts";
import { OnpathError } from "../../../serialize/errors.ts";

/** Special tokens recognised in a text, by their texts. */
export type AllowedSpecial = "all" | "none" | readonly string[];

/** Splits a text into tokens. Last step of its pipeline. */
export interface TokenizeStep {
  /** Name of the step. */
  readonly op: "tokenize";
  /** `stateful`: the device keeps state between packets. `overlap`: chunks overlap and stand alone. */
  readonly mode: TextMode;
  /** Special tokens that are matched in the text: all of the vocabulary, none, or those listed. */
  readonly special: AllowedSpecial;
  /** True to add the vocabulary's ids before and after a text. */
  readonly around: boolean;
}

/** Normalises a text. Before `tokenize` it runs first, then the vocabulary's own normalisation. */
export interface NormalizeTextStep {
  /** Name of the step. */
  readonly op: "normalize_text";
  /** Text steps, in order. */
  readonly steps: readonly TextStep[];
}

/** A text pipeline: any number of `normalize_text`, then `tokenize`. Plain data. */
export interface TextPipeline {
  /** Steps in order. */
  readonly steps: readonly (NormalizeTextStep | TokenizeStep)[];
}

/** Text pipeline before its check. */
export interface TextPipelineInput {
  /** The steps. */
  readonly steps: readonly ({ readonly op: string } & Readonly<Record<string, unknown>>)[];
}

/** Pipeline that ends in tokens, as users write it: fields with a default are optional. */
export interface TokenizePipeline {
  /** Any number of `normalize_text`, then `tokenize`. */
  readonly steps: readonly [
    ...NormalizeTextStep[],
    Pick<TokenizeStep, "op"> & Partial<Omit<TokenizeStep, "op">>,
  ];
}

/** Pipeline of normalisation, as users write it. */
export interface NormalizePipeline {
  /** Steps in order. */
  readonly steps: readonly NormalizeTextStep[];
}

/** Checks {@linkcode TokenizeStep}. */
export const tokenizeSpec: Schema<TokenizeStep> = z.strictObject({
  op: z.literal("tokenize"),
  mode: z.enum(TEXT_MODES).default("stateful"),
  special: z.union([z.enum(["all", "none"]), z.array(z.string().min(1).max(1000)).max(4096)]).default("none"),
  around: z.boolean().default(false),
});

/** Checks the outside of a {@linkcode NormalizeTextStep}; `checkTextSteps()` checks its steps. */
export const normalizeTextSpec: Schema<{ readonly op: "normalize_text"; readonly steps: unknown }> = z
  .strictObject({ op: z.literal("normalize_text"), steps: z.unknown() });

/** Maximum number of steps in a text pipeline. */
const MAX_STEPS = 16;

/**
 * Checks a text pipeline from outside and fills in the defaults.
 *
 * @param value Any value, such as parsed JSON.
 * @returns The pipeline; its last step, and no other, is `tokenize`.
 * @throws {OnpathError} `pipeline`; the message gives the step, the field and the expected value.
 *
 * @example
 * ```ts
 * import { parseTextPipeline } from "./spec.ts";
 * import assert from "node:assert/strict";
 *
 * const { steps } = parseTextPipeline({ steps: [{ op: "tokenize", special: ["<|endoftext|>"] }] });
 * assert.deepEqual(steps, [{ op: "tokenize", mode: "stateful", special: ["<|endoftext|>"], around: false }]);
 * assert.throws(() => parseTextPipeline({ steps: [{ op: "tokenise" }] }), /op "tokenise" is unknown/);
 * ```
 */
export function parseTextPipeline(value: unknown): TextPipeline {
  const parsed = parseSteps(value);
  const last = parsed.findIndex(({ op }) => op === "tokenize");
  if (last !== parsed.length - 1) {
    throw new OnpathError(
      "pipeline",
      `Cannot read a text pipeline: expected tokenize as its only last step, found ${
        last < 0 ? "none" : `one at steps.${last} of ${parsed.length}`
      }`,
      { steps: parsed.map(({ op }) => op) },
    );
  }
  return { steps: parsed };
}

/**
 * Checks a pipeline of normalisation from outside.
 *
 * @param value Any value, such as parsed JSON: a text pipeline whose steps are all `normalize_text`.
 * @returns Normalisation steps, in order.
 * @throws {OnpathError} `pipeline`; the message gives the step, the field and the expected value.
 *
 * @example
 * ```ts
 * import { parseNormalizePipeline } from "./spec.ts";
 * import assert from "node:assert/strict";
 *
 * const steps = parseNormalizePipeline({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] });
 * assert.deepEqual(steps, [{ op: "nfc" }]);
 * ```
 */
export function parseNormalizePipeline(value: unknown): readonly TextStep[] {
  return parseSteps(value).flatMap((step, index) => {
    if (step.op === "normalize_text") return step.steps;
    throw new OnpathError(
      "pipeline",
      `Cannot normalise with steps.${index}: expected normalize_text, found ${step.op}; the tokenize workload compiles that`,
      { step: index, op: step.op },
    );
  });
}

function parseSteps(value: unknown): (NormalizeTextStep | TokenizeStep)[] {
  const outline = z.strictObject({ steps: z.array(z.unknown()).min(1).max(MAX_STEPS) });
  return parseWith(outline, value, "pipeline", "pipeline").steps.map(parseStep);
}

function parseStep(value: unknown, index: number): NormalizeTextStep | TokenizeStep {
  const where = `steps.${index}`;
  const op = (value as { op?: unknown } | null | undefined)?.op;
  if (op === "tokenize") return parseWith(tokenizeSpec, value, "pipeline", where);
  if (op === "normalize_text") {
    const { steps } = parseWith(normalizeTextSpec, value, "pipeline", where);
    return { op, steps: checkTextSteps(steps) };
  }
  throw new OnpathError(
    "pipeline",
    `Cannot read ${where}: op ${named(op)} is unknown, expected normalize_text or tokenize`,
    { step: index, op },
  );
}
