/**
 * tiktoken's rank files: one token a line, as its bytes in base64 and its rank, which is its id.
 *
 * A rank file contains neither the pattern of pieces nor the special tokens. tiktoken defines these in code,
 * and {@linkcode TIKTOKEN_ENCODINGS} repeats them. The JSON files of the npm package contain both, and a
 * compact form of the ranks: `!`, a first rank, and the tokens of consecutive ranks.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import { checkName } from "../file/meta.ts";
import { parseWith } from "../../schema.ts";
import { MAX_TOKEN_BYTES, MAX_TOKENS } from "../compile/bpe.ts";
import { byteStrings } from "../compile/strings.ts";
import type { VocabularySource } from "../source.ts";
import type { SpecialToken } from "../vocabulary.ts";

/** Settings of an encoding that are absent from its rank file. Plain data. */
export interface TiktokenEncoding {
  /** Regular expression whose matches are the pieces. */
  readonly pattern: string;
  /** Special tokens: id by text. */
  readonly special: Readonly<Record<string, number>>;
}

const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";

const O200K_PATTERN = `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${CONTRACTIONS}?` +
  `|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${CONTRACTIONS}?` +
  "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Special tokens of the encoding of gpt-oss that have a name; the others up to 201,087 are reserved. */
const HARMONY: Readonly<Record<string, number>> = {
  "<|endofprompt|>": 200018,
  "<|startoftext|>": 199998,
  "<|endoftext|>": 199999,
  "<|return|>": 200002,
  "<|constrain|>": 200003,
  "<|channel|>": 200005,
  "<|start|>": 200006,
  "<|end|>": 200007,
  "<|message|>": 200008,
  "<|call|>": 200012,
};

function harmonyTokens(): Record<string, number> {
  const named = new Set(Object.values(HARMONY));
  const special: Record<string, number> = { ...HARMONY };
  for (let id = 200000; id < 201088; id++) {
    // 200018 has two texts, of which tiktoken decodes the last.
    if (!named.has(id) || id === 200018) special[`<|reserved_${id}|>`] = id;
  }
  return special;
}

/** tiktoken's encodings by name. Source: openai_public.py of tiktoken 0.13. */
export const TIKTOKEN_ENCODINGS: Readonly<Record<string, TiktokenEncoding>> = {
  r50k_base: { pattern: GPT2_PATTERN, special: { "<|endoftext|>": 50256 } },
  p50k_base: { pattern: GPT2_PATTERN, special: { "<|endoftext|>": 50256 } },
  p50k_edit: {
    pattern: GPT2_PATTERN,
    special: {
      "<|endoftext|>": 50256,
      "<|fim_prefix|>": 50281,
      "<|fim_middle|>": 50282,
      "<|fim_suffix|>": 50283,
    },
  },
  cl100k_base: {
    pattern: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*` +
      "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    special: {
      "<|endoftext|>": 100257,
      "<|fim_prefix|>": 100258,
      "<|fim_middle|>": 100259,
      "<|fim_suffix|>": 100260,
      "<|endofprompt|>": 100276,
    },
  },
  o200k_base: {
    pattern: O200K_PATTERN,
    special: { "<|endoftext|>": 199999, "<|endofprompt|>": 200018 },
  },
  o200k_harmony: { pattern: O200K_PATTERN, special: harmonyTokens() },
};

/**
 * Reads a rank file.
 *
 * @param text Contents of the file: lines of base64, a space and a rank; or tiktoken's compact form.
 * @param name Name of the encoding.
 * @param encoding Pattern and special tokens; default: the entry of {@linkcode TIKTOKEN_ENCODINGS} for the
 * name.
 * @returns The vocabulary, not compiled.
 * @throws {OnpathError} `file` if a line is malformed, a rank is repeated, or the name is unknown and no
 * encoding is given.
 *
 * @example
 * ```ts
 * import { readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const source = readTiktoken("YQ== 0\nYg== 1\nYWI= 2\n", "tiny", { pattern: "\\p{L}+", special: {} });
 * assert.deepEqual([...source.decoded.ids], [0, 1, 2]);
 * ```
 */
export function readTiktoken(text: string, name: string, encoding?: TiktokenEncoding): VocabularySource {
  checkName(name);
  const known = encoding ?? (Object.hasOwn(TIKTOKEN_ENCODINGS, name) ? TIKTOKEN_ENCODINGS[name] : undefined);
  if (known === undefined) {
    throw new OnpathError(
      "file",
      `Cannot read rank file "${name}": unknown encoding, expected one of ${
        Object.keys(TIKTOKEN_ENCODINGS).join(", ")
      }`,
      { name },
    );
  }
  const tokens = readRanks(text, name);
  const ranks = Int32Array.from(tokens.keys()).sort();
  const special: SpecialToken[] = Object.entries(known.special).map(([text, id]) => ({ text, id }));
  const utf8 = new TextEncoder();
  const taken = special.find(({ id }) => tokens.has(id));
  if (taken !== undefined) {
    throw new OnpathError(
      "file",
      `Cannot read rank file "${name}": rank ${taken.id} is also the special token "${excerpt(taken.text)}"`,
      { name, id: taken.id },
    );
  }
  const bytes = Array.from(ranks, (rank) => tokens.get(rank)!);
  // An id with two texts decodes to the last.
  const textOf = new Map(special.map(({ text, id }) => [id, text]));
  return {
    name,
    model: {
      algorithm: "bpe",
      bpe: { strings: byteStrings(bytes), ids: ranks, merges: "ranks", units: "bytes", wholeFirst: true },
    },
    normalization: [],
    splitting: { kind: "pattern", pattern: known.pattern, syntax: "fancy-regex", unmatched: "drop" },
    decoded: {
      strings: byteStrings([...bytes, ...Array.from(textOf.values(), (text) => utf8.encode(text))]),
      ids: Int32Array.from([...ranks, ...textOf.keys()]),
    },
    decoding: { kind: "bytes", leadingSpaces: 0 },
    special,
    around: { before: [], after: [] },
  };
}

function isSpecialTokens(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(value).every(([text, id]) =>
      text !== "" && Number.isInteger(id) && id >= 0 && id <= 2 ** 30
    );
}

const TIKTOKEN_JSON = z.object({
  pat_str: z.string().min(1).max(65536),
  // zod's record would omit the key "__proto__".
  special_tokens: z.custom<Record<string, number>>(isSpecialTokens, "expected special tokens with their ids"),
  bpe_ranks: z.string().min(1),
});

/**
 * Reads an encoder file of tiktoken's npm package.
 *
 * @param json Parsed file: `pat_str`, `special_tokens` and `bpe_ranks`.
 * @param name Name of the encoding.
 * @returns The vocabulary, not compiled.
 * @throws {OnpathError} `file` if the document is malformed.
 */
export function readTiktokenJson(json: unknown, name: string): VocabularySource {
  const { pat_str, special_tokens, bpe_ranks } = parseWith(TIKTOKEN_JSON, json, "file", `encoder "${name}"`);
  return readTiktoken(bpe_ranks, name, { pattern: pat_str, special: special_tokens });
}

/** Maximum length of a rank file, in UTF-16 units; o200k_base has 3.6 million. */
export const MAX_RANK_FILE = 2 ** 26;

/** Reads the bytes of the tokens by rank. */
function readRanks(text: string, name: string): Map<number, Uint8Array> {
  const tokens = new Map<number, Uint8Array>();
  if (text.length > MAX_RANK_FILE) throw malformed(name, 1, `it is longer than ${MAX_RANK_FILE} characters`);
  const put = (line: number, rank: number, base64: string) => {
    const bytes = fromBase64(base64);
    if (bytes === null) {
      throw malformed(name, line, `"${excerpt(base64)}" is not base64 of 1 to ${MAX_TOKEN_BYTES} bytes`);
    }
    if (tokens.has(rank)) throw malformed(name, line, `rank ${rank} is repeated`);
    if (tokens.size >= MAX_TOKENS) throw malformed(name, line, `more than ${MAX_TOKENS} tokens`);
    tokens.set(rank, bytes);
  };
  let line = 0;
  for (let from = 0, end = 0; from < text.length; from = end + 1) {
    line++;
    end = text.indexOf("\n", from);
    if (end < 0) end = text.length;
    // Lines and words are read one at a time: lists of all of them would take a hundred times the memory of
    // the file.
    const to = end > from && text[end - 1] === "\r" ? end - 1 : end;
    if (to === from) continue;
    const compact = text.startsWith("! ", from);
    const space = text.indexOf(" ", compact ? from + 2 : from);
    const rankFrom = compact ? from + 2 : space + 1;
    const rankTo = compact && space >= 0 && space < to ? space : to;
    const digits = space < 0 && !compact || space > to && !compact
      ? ""
      : text.slice(rankFrom, Math.min(rankTo, rankFrom + 10));
    if (!/^\d{1,9}$/.test(digits) || rankFrom + digits.length !== rankTo) {
      throw malformed(
        name,
        line,
        compact ? "expected !, a rank and tokens" : "expected base64, a space and a rank",
      );
    }
    if (!compact) put(line, Number(digits), text.slice(from, space));
    let rank = Number(digits);
    for (let at = compact ? rankTo + 1 : to + 1; at <= to;) {
      const next = text.indexOf(" ", at);
      const wordTo = next < 0 || next > to ? to : next;
      put(line, rank++, text.slice(at, wordTo));
      at = wordTo + 1;
    }
  }
  if (tokens.size === 0) throw malformed(name, 1, "it has no tokens");
  return tokens;
}

export function fromBase64(text: string): Uint8Array | null {
  // The length is checked first: the expression uses stack for every four characters.
  if (text === "" || text.length > 4 * Math.ceil(MAX_TOKEN_BYTES / 3)) return null;
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function malformed(name: string, line: number, why: string): OnpathError {
  return new OnpathError("file", `Cannot read rank file "${name}", line ${line}: ${why}`, { name, line });
}
