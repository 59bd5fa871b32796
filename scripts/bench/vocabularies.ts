/**
 * Candidates for loading a compiled vocabulary.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { compileVocabulary } from "../../kernels/tokenize/compile/vocabulary.ts";
import { decodeVocabulary } from "../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../kernels/tokenize/file/encode.ts";
import { readTiktokenJson } from "../../kernels/tokenize/formats/tiktoken.ts";
import type { Candidate } from "./measure.ts";

/**
 * Compiles a vocabulary of tiktoken's npm package and creates its candidates.
 *
 * @param name Name of the encoding, such as `cl100k_base`.
 * @returns A copy of the table file, and loading of the file.
 */
export async function loadCandidates(name: string): Promise<Candidate[]> {
  const path = new URL(`../../node_modules/tiktoken/encoders/${name}.json`, import.meta.url);
  const source = readTiktokenJson(JSON.parse(readFileSync(path, "utf8")), name);
  const file = encodeVocabulary(await compileVocabulary(source));
  const copy = new Uint8Array(file.length);
  return [
    { name: `memcpy of ${(file.length / 1e6).toFixed(2)} MB`, run: () => copy.set(file) },
    { name: "decodeVocabulary()", run: () => void decodeVocabulary(file) },
  ];
}
