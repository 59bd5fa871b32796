/**
 * Mutants that no test can notice, and why: the code does the same.
 *
 * @module
 */

import type { Mutant } from "./mutants.ts";

/** Reasons by file, then by the code before and after the change, `before → after`. */
const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {};

/**
 * Looks up the reason of a mutant.
 *
 * @param mutant A mutant that was not noticed.
 * @returns The reason; undefined if there is a gap in the tests.
 */
export function reasonOf(
  { file, text, replacement }: Pick<Mutant, "file" | "text" | "replacement">,
): string | undefined {
  return REASONS[file]?.[`${text} → ${replacement}`];
}
