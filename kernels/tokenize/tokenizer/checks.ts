/**
 * Checks of the tokenizer's options, which callers without types may get wrong. A wrong name would otherwise choose
 * another branch: a mistyped truncation cut the second text.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { requireObject } from "../../../serialize/require.ts";
import { named } from "../../../serialize/excerpt.ts";

/** Values of the options that are names or flags. */
const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  addSpecialTokens: [true, false],
  truncation: ["longest_first", "only_first", "only_second"],
  truncationSide: ["left", "right"],
  overflow: [true, false],
  paddingSide: ["left", "right"],
  type: ["int64", "int32"],
  unit: ["utf16", "utf8", "points"],
  skipSpecialTokens: [true, false],
};

/**
 * Checks the options of a call.
 *
 * @param options Options from outside. Numbers are checked where they are used.
 * @returns The options.
 * @throws {OnpathError} `size` if they are not an object, or a name or flag is unknown.
 */
export function checkCall<T extends object>(options: T): T {
  requireObject("tokenize", "the options are", options);
  for (const name of Object.keys(CHOICES)) {
    const value = (options as Record<string, unknown>)[name];
    const choices = CHOICES[name]!;
    if (value === undefined || choices.includes(value)) continue;
    throw new OnpathError(
      "size",
      `Cannot tokenize with ${name} = ${named(value)}: expected ${choices.map(String).join(" or ")}`,
      { option: name },
    );
  }
  return options;
}

/**
 * Checks a list of ids.
 *
 * @param ids List from outside: an array or a typed array.
 * @throws {OnpathError} `dtype` if it is not a list.
 */
export function checkIds(ids: unknown): void {
  if (Array.isArray(ids) || (ArrayBuffer.isView(ids) && !(ids instanceof DataView))) return;
  throw new OnpathError(
    "dtype",
    `Cannot decode ids that are ${kindOf(ids)}: expected an array or a typed array`,
    { found: kindOf(ids) },
  );
}
