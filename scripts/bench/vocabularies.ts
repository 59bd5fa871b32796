/**
 * What it costs to load a compiled vocabulary.
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
 * Compiles a vocabulary of tiktoken's npm package, and gives what is to be timed.
 *
 * @param name The encoding's name.
 * @returns A copy of the table file, its CRC aside; and loading it.
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
