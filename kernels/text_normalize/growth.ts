/**
 * How much longer normalisation can make a text. Steps of `replace` multiply: three of 1 to 4,096 characters make
 * gigabytes of one byte.
 *
 * @module
 */

import type { TextStep } from "../tokenize/vocabulary.ts";

/** Most steps. */
export const MAX_TEXT_STEPS = 64;

/** Most bytes that all `replace` steps together make of one byte. */
export const MAX_GROWTH = 256;

/** The refusal of steps that grow a text more. */
export const GROWTH_MESSAGE = `its replace steps make more than ${MAX_GROWTH} bytes of one byte`;

/**
 * Whether `replace` steps keep within {@linkcode MAX_GROWTH}.
 *
 * @param steps The steps.
 */
export function growsLittle(steps: readonly TextStep[]): boolean {
  const utf8 = new TextEncoder();
  let growth = 1;
  for (const step of steps) {
    if (step.op !== "replace") continue;
    growth *= Math.max(1, utf8.encode(step.to).length / Math.max(1, utf8.encode(step.from).length));
  }
  return growth <= MAX_GROWTH;
}
