/**
 * Mistakes that no test noticed once, written by hand: `deno task mutate:ts` makes each of them, always.
 *
 * @module
 */

/** A change of one place. Plain data. */
export interface KnownMutant {
  /** Path of the file. */
  readonly file: string;
  /** Code that is replaced; it occurs once. */
  readonly text: string;
  /** Code that takes its place. */
  readonly replacement: string;
  /** The mistake. */
  readonly wrong: string;
  /** The test file that must notice. */
  readonly test: string;
}

/** The mistakes. */
export const KNOWN: readonly KnownMutant[] = [];

/**
 * Changes a source.
 *
 * @param mutant The change.
 * @param source Text of its file.
 * @returns The changed text.
 * @throws {Error} If the code to replace does not occur once.
 */
export function applyKnown({ file, text, replacement }: KnownMutant, source: string): string {
  const parts = source.split(text);
  if (parts.length !== 2) {
    throw new Error(`Cannot mutate ${file}: ${JSON.stringify(text)} occurs ${parts.length - 1} times`);
  }
  return parts.join(replacement);
}
