/**
 * Mistral's `tekken.json`: ranks, pattern and special tokens, which mistral-common gives to tiktoken. Special
 * tokens have the first ids, so the id of a rank is the rank plus their number.
 *
 * Source of the rules: `tekken.py` of mistralai/mistral-common.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../../serialize/errors.ts";
import { longList, shortList } from "../../lists.ts";
import { parseWith } from "../../schema.ts";
import { MAX_TOKEN_BYTES, MAX_TOKENS } from "../compile/bpe.ts";
import { byteStrings } from "../compile/strings.ts";
import { checkName } from "../file/meta.ts";
import type { VocabularySource } from "../source.ts";
import type { SpecialToken } from "../vocabulary.ts";
import { fromBase64 } from "./tiktoken.ts";

/** Special tokens of files that list none: those before version 8. */
const EARLY_SPECIAL: readonly string[] = [
  "<unk>",
  "<s>",
  "</s>",
  "[INST]",
  "[/INST]",
  "[AVAILABLE_TOOLS]",
  "[/AVAILABLE_TOOLS]",
  "[TOOL_RESULTS]",
  "[/TOOL_RESULTS]",
  "[TOOL_CALLS]",
  "[IMG]",
  "<pad>",
  "[IMG_BREAK]",
  "[IMG_END]",
  "[PREFIX]",
  "[MIDDLE]",
  "[SUFFIX]",
  "[SYSTEM_PROMPT]",
  "[/SYSTEM_PROMPT]",
  "[TOOL_CONTENT]",
];

/** Versions whose files may list no special tokens. */
const EARLY_VERSIONS = /^v[1-7]$/;

/** Maximum number of special tokens. */
const MAX_SPECIAL = 2 ** 16;

interface RankedToken {
  readonly rank: number;
  readonly token_bytes: string;
}

function isRankedToken(value: unknown): value is RankedToken {
  return typeof value === "object" && value !== null && "rank" in value && Number.isInteger(value.rank) &&
    "token_bytes" in value && typeof value.token_bytes === "string";
}

const TEKKEN = z.object({
  config: z.object({
    pattern: z.string().min(1).max(65536),
    default_vocab_size: z.int().min(1).max(MAX_TOKENS),
    default_num_special_tokens: z.int().min(0).max(MAX_SPECIAL),
    version: z.string().max(64),
  }),
  vocab: longList(isRankedToken, MAX_TOKENS, "tokens, each with a rank and bytes in base64"),
  special_tokens: shortList(
    z.object({ rank: z.int().min(0).max(MAX_SPECIAL), token_str: z.string().min(1).max(MAX_TOKEN_BYTES) }),
    MAX_SPECIAL,
  ).nullish(),
});

/**
 * Reads a `tekken.json`.
 *
 * @param json Parsed file.
 * @param name Name of the vocabulary.
 * @returns The vocabulary, not compiled. `around` puts `<s>` before a text.
 * @throws {OnpathError} `file` if the file is malformed, ranks have gaps, or a newer version lists no special
 * tokens.
 *
 * @example
 * ```ts
 * import { readTekken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const bytes = Array.from({ length: 256 }, (_, rank) => ({ rank, token_bytes: btoa(String.fromCharCode(rank)) }));
 * const source = readTekken({
 *   config: { pattern: "\\p{L}+|\\P{L}", default_vocab_size: 258, default_num_special_tokens: 2, version: "v11" },
 *   vocab: bytes,
 *   special_tokens: [{ rank: 0, token_str: "<unk>" }, { rank: 1, token_str: "<s>" }],
 * }, "tiny");
 * assert.deepEqual([source.special.length, source.around.before], [2, [1]]);
 * ```
 */
export function readTekken(json: unknown, name: string): VocabularySource {
  checkName(name);
  const { config, vocab, special_tokens } = parseWith(TEKKEN, json, "file", `tekken.json of "${name}"`);
  const malformed = (what: string) =>
    new OnpathError("file", `Cannot read tekken.json of "${name}": ${what}`, { name });
  if ((special_tokens ?? null) === null && !EARLY_VERSIONS.test(config.version)) {
    throw malformed("it lists no special tokens, expected them from version v8 on");
  }
  const special = specialTokens(
    special_tokens ?? EARLY_SPECIAL.map((token_str, rank) => ({ rank, token_str })),
  );
  const first = config.default_num_special_tokens;
  const listed = special.length;
  if (listed > first || special.some(({ id }, at) => id !== at)) {
    throw malformed(`its special tokens are not numbered from 0 to at most ${first - 1}`);
  }
  for (let id = listed; id < first; id++) special.push({ text: `<SPECIAL_${id}>`, id });
  const count = config.default_vocab_size - first;
  if (count < 1 || count > vocab.length) {
    throw malformed(`it lists ${vocab.length} tokens, expected the first ${count} of them`);
  }
  const bytes = vocab.slice(0, count).map(({ rank, token_bytes }, at) => {
    const token = fromBase64(token_bytes);
    if (rank !== at || token === null) throw malformed(`token ${at} has another rank, or no bytes in base64`);
    return token;
  });
  const utf8 = new TextEncoder();
  const ids = Int32Array.from({ length: count }, (_, rank) => first + rank);
  const begin = special.find(({ text }) => text === "<s>");
  return {
    name,
    model: {
      algorithm: "bpe",
      bpe: { strings: byteStrings(bytes), ids, merges: "ranks", units: "bytes", wholeFirst: true },
    },
    normalization: [],
    splitting: { kind: "pattern", pattern: config.pattern, syntax: "fancy-regex", unmatched: "drop" },
    decoded: {
      strings: byteStrings([...special.map(({ text }) => utf8.encode(text)), ...bytes]),
      ids: Int32Array.from([...special.keys(), ...ids]),
    },
    decoding: { kind: "bytes", leadingSpaces: 0 },
    special,
    around: { before: begin === undefined ? [] : [begin.id], after: [] },
  };
}

function specialTokens(list: readonly { rank: number; token_str: string }[]): SpecialToken[] {
  return list.map(({ rank, token_str }) => ({ text: token_str, id: rank })).sort((a, b) => a.id - b.id);
}
