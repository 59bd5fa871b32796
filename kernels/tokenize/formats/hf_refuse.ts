/**
 * Refusals of parts of a tokenizer.json, by name.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt, named } from "../../../serialize/excerpt.ts";

/**
 * Rejects a part of an unknown type by name, before the schema reports it less clearly.
 *
 * @param json Value of the part.
 * @param known Types that are read.
 * @param place Name of the vocabulary, and of the part.
 * @throws {OnpathError} `file` if its type is not one of `known`.
 */
export function checkType(
  json: unknown,
  known: readonly string[],
  { name, part }: { readonly name: string; readonly part: string },
): void {
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : json;
  if (typeof type === "string" && known.includes(type)) return;
  throw unknown(name, part, typeof type === "string" ? excerpt(type) : named(type));
}

/**
 * Makes the error of a feature that is not supported.
 *
 * @param name Name of the vocabulary.
 * @param part Part of the file.
 * @param what The feature.
 */
export function unknown(name: string, part: string, what: string): OnpathError {
  return new OnpathError("file", `Cannot read ${part} of "${name}": ${what} is not supported`, {
    name,
    part,
    what,
  });
}
