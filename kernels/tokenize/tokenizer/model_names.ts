/**
 * Names of models, and the encoding of each, as in tiktoken 0.13 (`tiktoken/model.py`).
 *
 * @module
 */

import { named } from "../../../serialize/excerpt.ts";
import { OnpathError } from "../../../serialize/errors.ts";

/** Encodings of whole names. */
const NAMES: Readonly<Record<string, string>> = {
  o1: "o200k_base",
  o3: "o200k_base",
  "o4-mini": "o200k_base",
  "gpt-5": "o200k_base",
  "gpt-4.1": "o200k_base",
  "gpt-4o": "o200k_base",
  "gpt-4": "cl100k_base",
  "gpt-3.5-turbo": "cl100k_base",
  "gpt-3.5": "cl100k_base",
  "gpt-35-turbo": "cl100k_base",
  "davinci-002": "cl100k_base",
  "babbage-002": "cl100k_base",
  "text-embedding-ada-002": "cl100k_base",
  "text-embedding-3-small": "cl100k_base",
  "text-embedding-3-large": "cl100k_base",
  "text-davinci-003": "p50k_base",
  "text-davinci-002": "p50k_base",
  "text-davinci-001": "r50k_base",
  "text-curie-001": "r50k_base",
  "text-babbage-001": "r50k_base",
  "text-ada-001": "r50k_base",
  davinci: "r50k_base",
  curie: "r50k_base",
  babbage: "r50k_base",
  ada: "r50k_base",
  "code-davinci-002": "p50k_base",
  "code-davinci-001": "p50k_base",
  "code-cushman-002": "p50k_base",
  "code-cushman-001": "p50k_base",
  "davinci-codex": "p50k_base",
  "cushman-codex": "p50k_base",
  "text-davinci-edit-001": "p50k_edit",
  "code-davinci-edit-001": "p50k_edit",
  "text-similarity-davinci-001": "r50k_base",
  "text-similarity-curie-001": "r50k_base",
  "text-similarity-babbage-001": "r50k_base",
  "text-similarity-ada-001": "r50k_base",
  "text-search-davinci-doc-001": "r50k_base",
  "text-search-curie-doc-001": "r50k_base",
  "text-search-babbage-doc-001": "r50k_base",
  "text-search-ada-doc-001": "r50k_base",
  "code-search-babbage-code-001": "r50k_base",
  "code-search-ada-code-001": "r50k_base",
  gpt2: "gpt2",
  "gpt-2": "gpt2",
};

/** Encodings of names that begin so, such as those with a date. The first match counts. */
const PREFIXES: readonly (readonly [string, string])[] = [
  ["o1-", "o200k_base"],
  ["o3-", "o200k_base"],
  ["o4-mini-", "o200k_base"],
  ["gpt-5-", "o200k_base"],
  ["gpt-4.5-", "o200k_base"],
  ["gpt-4.1-", "o200k_base"],
  ["chatgpt-4o-", "o200k_base"],
  ["gpt-4o-", "o200k_base"],
  ["gpt-4-", "cl100k_base"],
  ["gpt-3.5-turbo-", "cl100k_base"],
  ["gpt-35-turbo-", "cl100k_base"],
  ["gpt-oss-", "o200k_harmony"],
  ["ft:gpt-4o", "o200k_base"],
  ["ft:gpt-4", "cl100k_base"],
  ["ft:gpt-3.5-turbo", "cl100k_base"],
  ["ft:davinci-002", "cl100k_base"],
  ["ft:babbage-002", "cl100k_base"],
];

/**
 * Returns the name of a model's encoding.
 *
 * @param model Name of the model, such as `gpt-4o` or `gpt-4-0613`.
 * @returns Name of the encoding, such as `o200k_base`, for which `offload vocab` makes the table file.
 * @throws {OnpathError} `pipeline` if tiktoken does not list the model. Encodings of models change: a guess
 * would give wrong ids.
 *
 * @example
 * ```ts
 * import { encodingForModel } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert.equal(encodingForModel("gpt-4o-mini"), "o200k_base");
 * ```
 */
export function encodingForModel(model: string): string {
  if (typeof model === "string" && Object.hasOwn(NAMES, model)) return NAMES[model]!;
  const found = PREFIXES.find(([prefix]) => typeof model === "string" && model.startsWith(prefix));
  if (found !== undefined) return found[1];
  throw new OnpathError(
    "pipeline",
    `Cannot name the encoding of model ${named(model)}: tiktoken does not list it, pass the encoding's name`,
    { model: named(model) },
  );
}
