/**
 * One object with the calls that users of tiktoken and of Hugging Face's tokenizers know.
 *
 * @module
 */

import { checkInteger, kindOf, OnpathError } from "../../../serialize/errors.ts";
import { decodeText, type TokenDecoder, tokenDecoder } from "../detokenize.ts";
import { createEncoder, type TokenEncoder, type TokenStream } from "../encode.ts";
import { checkText } from "../text_parts.ts";
import { requireVocabulary, type SpecialToken, type Vocabulary } from "../vocabulary.ts";
import { checkCall, checkIds } from "./checks.ts";
import { type InputOptions, makeInputs, type TextInputs } from "./inputs.ts";
import { createPlacer, type OffsetUnit, type PlacedTokens } from "./offsets.ts";
import { checkRules, type ResolvedRules, resolveRules, type SpecialRules } from "./special_rules.ts";

/** Options of {@linkcode Tokenizer.decode}. */
export interface DecodeOptions {
  /** Whether special tokens are left out; default false. */
  readonly skipSpecialTokens?: boolean | undefined;
}

/** Tokenizer of a vocabulary. Its calls are synchronous. */
export interface Tokenizer {
  /** Vocabulary of the ids. */
  readonly vocabulary: Vocabulary;
  /**
   * Encodes a text as tiktoken's `encode`.
   *
   * @throws {OnpathError} `pipeline` if the text has a special token that is not allowed.
   */
  readonly encode: (text: string | Uint8Array, rules?: SpecialRules) => Uint32Array;
  /** Encodes a text in which special tokens are ordinary text: tiktoken's `encode_ordinary`. */
  readonly encodeOrdinary: (text: string | Uint8Array) => Uint32Array;
  /** Encodes several texts. */
  readonly encodeBatch: (texts: readonly (string | Uint8Array)[], rules?: SpecialRules) => Uint32Array[];
  /** Encodes a text with the place of each token in it. Default unit `utf16`. */
  readonly encodeWithOffsets: (
    text: string | Uint8Array,
    options?: SpecialRules & { readonly unit?: OffsetUnit | undefined },
  ) => PlacedTokens;
  /** Counts the tokens of a text. */
  readonly count: (text: string | Uint8Array, rules?: SpecialRules) => number;
  /** Counts the tokens of a text up to a limit: false, as soon as the text is known to have more. */
  readonly isWithinLimit: (text: string | Uint8Array, limit: number, rules?: SpecialRules) => number | false;
  /** Decodes ids; invalid UTF-8 becomes U+FFFD. */
  readonly decode: (ids: ArrayLike<number | bigint>, options?: DecodeOptions) => string;
  /** Decodes several lists of ids. */
  readonly decodeBatch: (lists: readonly ArrayLike<number | bigint>[], options?: DecodeOptions) => string[];
  /** Creates a decoder of ids that arrive one by one. */
  readonly decoder: () => TokenDecoder;
  /** Creates an encoder of a text that arrives in parts. Special tokens that are not allowed are ordinary text. */
  readonly stream: (rules?: Pick<SpecialRules, "allowedSpecial">) => TokenStream;
  /**
   * Makes the inputs of a model, as a tokenizer of transformers called with texts. All added tokens of the
   * vocabulary are recognised.
   *
   * @throws {OnpathError} `size` or `pipeline`, see {@linkcode InputOptions}.
   */
  readonly inputs: (
    texts: string | Uint8Array | readonly (string | Uint8Array)[],
    options?: InputOptions,
  ) => TextInputs;
}

/** A text: a string, or bytes of UTF-8. */
type Text = string | Uint8Array;

/** Characters of text between two looks at the count. */
const LIMIT_SLICE = 4096;

/**
 * Creates a tokenizer.
 *
 * @param vocabulary Compiled vocabulary.
 * @returns The tokenizer. It is not reentrant.
 * @throws {OnpathError} `table` if the value is no vocabulary.
 *
 * @example
 * ```ts
 * import { compileVocabulary, createTokenizer, readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const special = { "<|end|>": 256 };
 * const source = readTiktoken(units.join("\n"), "tiny", { pattern: "\\p{L}+|\\P{L}", special });
 * const tokenizer = createTokenizer(await compileVocabulary(source));
 *
 * assert.throws(() => tokenizer.encode("a<|end|>"), /special token "<\|end\|>" at offset 1/);
 * assert.deepEqual([...tokenizer.encode("a<|end|>", { allowedSpecial: "all" })], [97, 256]);
 * assert.equal(tokenizer.decode([97, 256], { skipSpecialTokens: true }), "a");
 * assert.equal(tokenizer.isWithinLimit("abc", 2), false);
 * const { input_ids, attention_mask } = tokenizer.inputs(["a", "bcd"], { maxLength: 2, type: "int32" });
 * assert.deepEqual([input_ids.dims, [...input_ids.data]], [[2, 2], [97, 0, 98, 99]]);
 * assert.deepEqual([...attention_mask.data], [1, 0, 1, 1]);
 * ```
 */
export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  requireVocabulary(vocabulary);
  const encoders = new Map<string, TokenEncoder>();
  const encoderOf = (allowed: readonly SpecialToken[]): TokenEncoder => {
    const names = allowed.map(({ text }) => text);
    const key = JSON.stringify(names);
    const known = encoders.get(key);
    if (known !== undefined) return known;
    const made = createEncoder(vocabulary, { special: names });
    // Callers use few sets of tokens. Others are not kept.
    if (encoders.size < MAX_ENCODERS) encoders.set(key, made);
    return made;
  };
  const ordinary = encoderOf([]);
  const place = createPlacer(vocabulary);
  const skipped = new Set(vocabulary.special.flatMap(({ id, isSkipped }) => isSkipped === false ? [] : [id]));

  const known = new Map<string, ResolvedRules>();
  const rulesOf = (rules: SpecialRules): ResolvedRules => {
    const { allowedSpecial = "none", disallowedSpecial = "all" } = checkRules(rules);
    const key = JSON.stringify([allowedSpecial, disallowedSpecial]);
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = resolveRules(vocabulary, rules);
    if (known.size < MAX_ENCODERS) known.set(key, made);
    return made;
  };
  const resolve = (text: Text, rules: SpecialRules) => {
    const { allowed, check } = rulesOf(rules);
    check(typeof checkText(text) === "string" ? text as string : lenient.decode(text as Uint8Array));
    return allowed;
  };
  const encode = (text: Text, rules: SpecialRules = {}) => encoderOf(resolve(text, rules)).encode(text);
  const decode = (ids: ArrayLike<number | bigint>, options: DecodeOptions = {}) => {
    checkIds(ids);
    const { skipSpecialTokens = false } = checkCall(options);
    const numbers = Array.from(ids, Number);
    return decodeText(vocabulary, skipSpecialTokens ? numbers.filter((id) => !skipped.has(id)) : numbers);
  };
  return {
    vocabulary,
    encode,
    encodeOrdinary: (text) => ordinary.encode(text),
    encodeBatch: (texts, rules) => checkTexts(texts).map((text) => encode(text, rules)),
    encodeWithOffsets: (text, options = {}) => {
      const { unit = "utf16" } = checkCall(options);
      return place(text, resolve(text, options), unit);
    },
    count: (text, rules) => encode(text, rules).length,
    isWithinLimit: (text, limit, rules = {}) => {
      if (limit !== Infinity) checkInteger("limit of tokens", limit, 0, Number.MAX_SAFE_INTEGER);
      const stream = encoderOf(resolve(text, rules)).stream();
      let count = 0;
      for (let at = 0; at < text.length; at += LIMIT_SLICE) {
        count += stream.push(partOf(text, at, LIMIT_SLICE)).length;
        if (count > limit) return false;
      }
      count += stream.end().length;
      return count > limit ? false : count;
    },
    decode,
    decodeBatch: (lists, options) => {
      if (Array.isArray(lists)) return lists.map((ids) => decode(ids, options));
      throw new OnpathError("dtype", `Cannot decode lists that are ${kindOf(lists)}: expected an array`, {
        found: kindOf(lists),
      });
    },
    decoder: () => tokenDecoder(vocabulary),
    stream: (rules = {}) => {
      checkRules(rules);
      return encoderOf(rulesOf({ ...rules, disallowedSpecial: [] }).allowed).stream();
    },
    inputs: (texts, options = {}) => {
      const list = checkTexts(Array.isArray(texts) ? texts : [texts]);
      const { pairs, unit = "utf16" } = checkCall(options);
      if (pairs !== undefined && checkTexts(pairs).length !== list.length) {
        throw new OnpathError(
          "shape",
          `Cannot tokenize ${list.length} texts with ${pairs.length} second texts: expected as many`,
          { texts: list.length, pairs: pairs.length },
        );
      }
      const tokens = (text: Text) => place(text, vocabulary.special, unit);
      const rows = list.map((text, at) =>
        pairs === undefined ? [tokens(text)] : [tokens(text), tokens(pairs[at]!)]
      );
      return makeInputs(vocabulary, rows, options);
    },
  };
}

/** Encoders and sets of rules that are kept. */
const MAX_ENCODERS = 16;

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** Part of a text, of whole characters. */
function partOf(text: Text, from: number, length: number): Text {
  return typeof text === "string" ? sliceText(text, from, length) : text.subarray(from, from + length);
}

/** Slices a string so that surrogate pairs stay whole: the second half goes with its first. */
function sliceText(text: string, from: number, length: number): string {
  const isInside = (at: number) =>
    at > 0 && at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00 &&
    (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
  const end = Math.min(text.length, from + length);
  return text.slice(isInside(from) ? from + 1 : from, isInside(end) ? end + 1 : end);
}

function checkTexts(texts: unknown): readonly Text[] {
  if (Array.isArray(texts)) return texts.map(checkText);
  throw new OnpathError("dtype", `Cannot tokenize texts that are ${kindOf(texts)}: expected an array`, {
    found: kindOf(texts),
  });
}
