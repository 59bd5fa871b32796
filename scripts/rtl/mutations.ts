/**
 * All mutations of `deno task mutate`.
 *
 * @module
 */

import { CARD_MUTATIONS } from "./card_mutations.ts";
import { CORE_MUTATIONS } from "./core_mutations.ts";
import { DOOR_MUTATIONS } from "./door_mutations.ts";
import { GROUP_MUTATIONS } from "./group_mutations.ts";
import { LOOKUP_MUTATIONS } from "./lookup_mutations.ts";
import { MOVER_MUTATIONS } from "./mover_mutations.ts";
import { PATH_MUTATIONS } from "./path_mutations.ts";
import { ROTATE_MUTATIONS } from "./rotate_mutations.ts";
import { ROW_MUTATIONS } from "./row_mutations.ts";
import { TEXT_MUTATIONS } from "./text_mutations.ts";

/** One change that breaks the RTL. */
export interface Mutation {
  /** Number in the list, from 1; `--only` takes it. */
  readonly number: number;
  /** Path in `kernels/rtl`. */
  readonly file: string;
  /** Name of the build that is made of the broken file. */
  readonly build: string;
  /** Text to replace; it occurs once in the file. */
  readonly text: string;
  /** Text that replaces it. */
  readonly replacement: string;
  /** Effect of the change. */
  readonly wrong: string;
  /** Reason why no test can notice it; null if one must. */
  readonly unseen: string | null;
}

/**
 * Lists all mutations.
 *
 * @returns Mutations in the order of their numbers.
 */
export function listMutations(): Mutation[] {
  return [
    ...PATH_MUTATIONS,
    ...CORE_MUTATIONS,
    ...ROW_MUTATIONS,
    ...TEXT_MUTATIONS,
    ...CARD_MUTATIONS,
    ...MOVER_MUTATIONS,
    ...LOOKUP_MUTATIONS,
    ...ROTATE_MUTATIONS,
    ...GROUP_MUTATIONS,
    ...DOOR_MUTATIONS,
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
 * Applies a mutation to a source, of the RTL or of TypeScript.
 *
 * @param mutation Mutation to apply.
 * @param source Text of its file.
 * @returns The changed text.
 * @throws {Error} If the text to replace does not occur exactly once.
 */
export function applyMutation(
  { file, text, replacement }: Pick<Mutation, "file" | "text" | "replacement">,
  source: string,
): string {
  const parts = source.split(text);
  if (parts.length !== 2) {
    throw new Error(`Cannot mutate ${file}: ${JSON.stringify(text)} occurs ${parts.length - 1} times`);
  }
  return parts.join(replacement);
}
