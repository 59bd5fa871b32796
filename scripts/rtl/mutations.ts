/**
 * The mutations of `deno task mutate`, one after another.
 *
 * @module
 */

import { CARD_MUTATIONS } from "./card_mutations.ts";
import { CORE_MUTATIONS } from "./core_mutations.ts";
import { MOVER_MUTATIONS } from "./mover_mutations.ts";
import { PATH_MUTATIONS } from "./path_mutations.ts";
import { ROW_MUTATIONS } from "./row_mutations.ts";
import { TEXT_MUTATIONS } from "./text_mutations.ts";

/** One change that breaks the RTL. */
export interface Mutation {
  /** Its number, from 1 on. */
  readonly number: number;
  /** The file, of `kernels/rtl`. */
  readonly file: string;
  /** Name of the build that is made of the broken file. */
  readonly build: string;
  /** What is replaced. */
  readonly text: string;
  /** What takes its place. */
  readonly replacement: string;
  /** What is wrong then. */
  readonly wrong: string;
  /** Why no test can see it, or null. */
  readonly unseen: string | null;
}

/**
 * Lists the mutations.
 *
 * @returns Them in the order of their numbers.
 */
export function listMutations(): Mutation[] {
  return [
    ...PATH_MUTATIONS,
    ...CORE_MUTATIONS,
    ...ROW_MUTATIONS,
    ...TEXT_MUTATIONS,
    ...CARD_MUTATIONS,
    ...MOVER_MUTATIONS,
  ]
    .flatMap(({ file, build, places, unseen = {} }) =>
      places.map(([text, replacement, wrong]) => ({
        file,
        build,
        text,
        replacement,
        wrong,
        unseen: unseen[text] ?? null,
      }))
    )
    .map((mutation, at) => ({ number: at + 1, ...mutation }));
}

/**
 * Breaks a source.
 *
 * @param mutation What is changed.
 * @param source The text of its file.
 * @returns The text with the change.
 * @throws {Error} When the text to replace does not stand there once.
 */
export function applyMutation({ file, text, replacement }: Mutation, source: string): string {
  const parts = source.split(text);
  if (parts.length !== 2) {
    throw new Error(`Cannot mutate ${file}: ${JSON.stringify(text)} stands there ${parts.length - 1} times`);
  }
  return parts.join(replacement);
}
