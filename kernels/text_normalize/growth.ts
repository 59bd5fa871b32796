/**
 * Limit on how much normalisation can lengthen a text. Growth factors of `replace` steps multiply: three
 * replacements of 1 by 4,096 characters turn one byte into gigabytes.
 *
 * @module
 */

import { MAX_CHARSMAP_TEXT } from "./charsmap.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";

/** Maximum number of normalisation steps. */
export const MAX_TEXT_STEPS = 64;

/** Maximum bytes that all `replace` steps together produce from one byte. */
export const MAX_GROWTH = 256;

/** Message for steps that exceed {@linkcode MAX_GROWTH}. */
export const GROWTH_MESSAGE = `its replace steps turn one byte into more than ${MAX_GROWTH}`;

/**
 * Tests whether `replace` steps stay within {@linkcode MAX_GROWTH}.
 *
 * @param steps Normalisation steps, in order.
 */
export function growsLittle(steps: readonly TextStep[]): boolean {
  const utf8 = new TextEncoder();
  let growth = 1;
  for (const step of steps) {
    // A map is read elsewhere; the length of its texts is limited there.
    if (step.op === "charsmap") growth *= MAX_CHARSMAP_TEXT;
    if (step.op !== "replace" && step.op !== "squeeze") continue;
    if (step.op === "squeeze") {
      growth *= Math.max(1, utf8.encode(step.to).length / 2);
      continue;
    }
    growth *= Math.max(1, utf8.encode(step.to).length / Math.max(1, utf8.encode(step.from).length));
  }
  return growth <= MAX_GROWTH;
}
