/**
 * Loads vocabularies by name or from files.
 *
 * @module
 */

import { basename } from "node:path";
import { compileVocabulary } from "../../kernels/tokenize/compile/vocabulary.ts";
import { decodeVocabulary } from "../../kernels/tokenize/file/decode.ts";
import { OnpathError } from "../../serialize/errors.ts";
import {
  readTiktoken,
  readTiktokenJson,
  TIKTOKEN_ENCODINGS,
} from "../../kernels/tokenize/formats/tiktoken.ts";
import { readSentencePiece } from "../../kernels/tokenize/formats/sentence_piece.ts";
import { readTekken } from "../../kernels/tokenize/formats/tekken.ts";
import { readTokenizerJson } from "../../kernels/tokenize/formats/tokenizer_json.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import type { VocabularyOptions } from "../../kernels/tokenize/compile/progress.ts";
import type { VocabularySource } from "../../kernels/tokenize/source.ts";
import { readBounded } from "./read.ts";

/** Maximum length of a vocabulary file: 256 MiB. */
const MAX_VOCABULARY_BYTES = 2 ** 28;

/** Extension of compiled table files. */
export const TABLE_ENDING = ".vocab";

/**
 * Loads a vocabulary from a compiled table file (`.vocab`), a rank file (`.tiktoken`), a `tokenizer.json`, a
 * `tekken.json` or a model of SentencePiece (`.model`).
 * The name of a tiktoken encoding loads it from the npm package `tiktoken`.
 *
 * @param name Name of an encoding, or path of a file.
 * @param options Progress callback and abort signal.
 * @returns The compiled vocabulary.
 * @throws {OnpathError} `file` if the file or package is missing or malformed; `table` or `pipeline` if the
 * vocabulary uses an unsupported feature.
 */
export async function loadVocabulary(name: string, options: VocabularyOptions = {}): Promise<Vocabulary> {
  const { signal } = options;
  if (name.toLowerCase().endsWith(TABLE_ENDING)) {
    return decodeVocabulary(await readBounded(name, { maxBytes: MAX_VOCABULARY_BYTES, signal }));
  }
  return await compileVocabulary(await readSource(name, signal), options);
}

async function readSource(name: string, signal: AbortSignal | undefined): Promise<VocabularySource> {
  const encoding = Object.hasOwn(TIKTOKEN_ENCODINGS, name) ? TIKTOKEN_ENCODINGS[name] : undefined;
  // The package has no file of its own for an encoding that adds special tokens alone.
  if (encoding !== undefined && name === "o200k_harmony") {
    const file = Object(await packageEncoding("o200k_base"));
    return readTiktokenJson({ ...file, special_tokens: encoding.special }, name);
  }
  if (encoding !== undefined) return readTiktokenJson(await packageEncoding(name), name);
  const bytes = await readBounded(name, { maxBytes: MAX_VOCABULARY_BYTES, signal });
  const stem = basename(name).replace(/\.[^.]*$/, "");
  if (name.toLowerCase().endsWith(".model")) return await readSentencePiece(bytes, stem);
  const text = new TextDecoder().decode(bytes);
  if (name.toLowerCase().endsWith(".tiktoken")) return readTiktoken(text, stem);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new OnpathError(
      "file",
      `Cannot read ${name}: expected a tokenizer.json, a rank file (.tiktoken), a .model or compiled tables (${TABLE_ENDING})`,
      { path: name },
      { cause },
    );
  }
  return basename(name).includes("tekken") ? readTekken(json, stem) : readTokenizerJson(json, stem);
}

/**
 * Loads an encoding from the optional package `tiktoken`; under Deno, a checkout downloads it here.
 *
 * @param name Name of a file of the package, such as `r50k_base`.
 * @returns Contents of the file.
 * @throws {OnpathError} `file` if the package is not installed.
 */
export async function packageEncoding(name: string): Promise<unknown> {
  const specifier = `tiktoken/encoders/${name}`;
  try {
    return (await import(specifier)).default;
  } catch (cause) {
    throw new OnpathError(
      "file",
      `Cannot load vocabulary ${name}: the npm package tiktoken is not installed; install it or name a file`,
      { name },
      { cause },
    );
  }
}
