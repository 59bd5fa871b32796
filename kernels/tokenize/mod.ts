/**
 * Tokenizing on the host alone, from a compiled vocabulary: no plans, devices or packets, and no zod. In a browser's
 * bundle, `createEncoder` and `decodeVocabulary` have less than 150 KB.
 *
 * ```ts
 * import { createEncoder, decodeVocabulary } from "onpath/tokenize";
 * import { compileVocabulary, encodeVocabulary, readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * // Here instead of a file: `offload vocab cl100k_base --output cl100k.vocab` writes one.
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const source = readTiktoken([...units, `${btoa("ab")} 256`].join("\n"), "tiny", { pattern: "\\p{L}+", special: {} });
 * const file = encodeVocabulary(await compileVocabulary(source));
 * const { encode } = createEncoder(decodeVocabulary(file));
 * assert.deepEqual([...encode("cab")], [99, 256]);
 * ```
 *
 * @module
 */

export { type ErrorCode, OnpathError } from "../../serialize/errors.ts";
export { decodeText, type TokenDecoder, tokenDecoder } from "./detokenize.ts";
export { createEncoder, type EncodeOptions, type TokenEncoder, type TokenStream } from "./encode.ts";
export { decodeVocabulary } from "./file/decode.ts";
export type { TextLookups } from "./lookups.ts";
export type { OffsetUnit, PlacedTokens } from "./tokenizer/offsets.ts";
export type { InputOptions, TextInputs, TokenTensor } from "./tokenizer/inputs.ts";
export type { SpecialRules } from "./tokenizer/special_rules.ts";
export { createTokenizer, type DecodeOptions, type Tokenizer } from "./tokenizer/tokenizer.ts";
export type { Side } from "./tokenizer/windows.ts";
export type {
  BpeTables,
  PieceTables,
  RunTables,
  SpecialToken,
  TemplatePart,
  Templates,
  TextStep,
  TokenDecoding,
  UnigramTables,
  Vocabulary,
  WordPieceTables,
} from "./vocabulary.ts";
