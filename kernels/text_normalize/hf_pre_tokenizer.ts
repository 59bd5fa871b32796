/**
 * Pre-tokenizers of a tokenizer.json, converted to onpath's steps and rules.
 *
 * @module
 */

import { z } from "zod";
import { shortList } from "../lists.ts";
import { parseWith } from "../schema.ts";
import type { Splitting } from "../tokenize/source.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { classText } from "../unicode/codec.ts";
import { isRegex, LIST, refuse, TYPED } from "./hf.ts";

/** Rules of a pre-tokenizer. */
export interface PreTokenizer {
  /** Method of cutting text into pieces. */
  readonly splitting: Splitting;
  /** True if tokens are written in the byte-level alphabet. */
  readonly byteLevel: boolean;
  /** Steps between the normalizer and the cutting. */
  readonly steps: readonly TextStep[];
}

/** Pattern built into Hugging Face's ByteLevel. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const BYTE_LEVEL = z.object({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

const SPLIT = z.object({
  type: z.literal("Split"),
  pattern: z.object({ Regex: z.string().min(1).max(16384) }),
  behavior: z.string(),
  invert: z.boolean().default(false),
});

const SPLIT_AT = z.object({ type: z.literal("Split"), pattern: z.object({ String: z.string().min(1) }) });

const SEQUENCE = z.object({ pretokenizers: shortList(TYPED, LIST) });

/**
 * Reads `pre_tokenizer`.
 *
 * @param json Value of `pre_tokenizer`; null or undefined if absent.
 * @param normalization Steps of the normalizer, after which it cuts.
 * @returns Rules of the pre-tokenizer.
 * @throws {OnpathError} `file` if it is malformed or its type is not supported; the message names the type.
 */
export function readPreTokenizer(json: unknown, normalization: readonly TextStep[] = []): PreTokenizer {
  const none: PreTokenizer = { splitting: { kind: "whole" }, byteLevel: false, steps: [] };
  if (json === null || json === undefined) return none;
  const part = parseWith(TYPED, json, "file", "pre_tokenizer");
  const list = part.type === "Sequence"
    ? parseWith(SEQUENCE, part, "file", "pre_tokenizer").pretokenizers
    : [part];
  const kinds = list.map(({ type }) => type).join(", ");
  switch (kinds) {
    case "BertPreTokenizer":
      return { ...none, splitting: { kind: "bert" } };
    case "ByteLevel":
      return { ...none, splitting: byteLevel(list[0]) ?? { kind: "whole" }, byteLevel: true };
    case "Metaspace":
      return { ...none, ...metaspace(list[0], false) };
    case "WhitespaceSplit, Metaspace":
      return { ...none, ...metaspace(list[1], true) };
    case "Split":
      if (splitsNothing(list[0], normalization)) return none;
      throw refuse("pre_tokenizer", "Split without ByteLevel");
    default:
      if (!/^(?:Split, )+ByteLevel$/.test(kinds)) {
        throw refuse("pre_tokenizer", kinds === "" ? "an empty sequence" : kinds);
      }
      if (byteLevel(list.at(-1)) !== null) {
        throw refuse("pre_tokenizer", "Split and the pattern of ByteLevel");
      }
      return { ...none, splitting: splits(list.slice(0, -1)), byteLevel: true };
  }
}

/** Tests whether a Split cuts at a text that the normalizer has replaced, as Gemma's does. */
function splitsNothing(json: unknown, normalization: readonly TextStep[]): boolean {
  const last = normalization.at(-1);
  const { data } = SPLIT_AT.safeParse(json);
  return data !== undefined && last?.op === "replace" && last.from === data.pattern.String &&
    // Of one character, so that none arises where texts meet.
    last.from.length === 1 && !last.to.includes(last.from);
}

/** Splits, one after another. */
function splits(list: readonly unknown[]): Splitting {
  const all = list.map(split);
  const last = all.at(-1)!;
  if (all.length === 1) return last;
  if (all.some(({ unmatched }) => unmatched !== "piece")) {
    throw refuse("pre_tokenizer", "several Splits of another behavior than Isolated");
  }
  return { ...last, first: all.slice(0, -1).map(({ pattern }) => pattern) };
}

const METASPACE = z.object({
  replacement: z.string().refine((text) => Array.from(text).length === 1, "is not one code point"),
  prepend_scheme: z.enum(["always", "never", "first"]).default("always"),
  add_prefix_space: z.boolean().optional(),
  split: z.boolean().default(true),
});

/** Metaspace: spaces become a mark, which begins each piece; with `isOfWords` after a split at white space. */
function metaspace(json: unknown, isOfWords: boolean): Pick<PreTokenizer, "steps" | "splitting"> {
  const part = parseWith(METASPACE, json, "file", "pre_tokenizer");
  const { replacement: mark, prepend_scheme: scheme, split: cuts } = part;
  if (part.add_prefix_space === false && scheme !== "never") {
    throw refuse("pre_tokenizer", `Metaspace without a prefix space that prepends "${scheme}"`);
  }
  if (scheme === "first") throw refuse("pre_tokenizer", 'Metaspace that prepends "first"');
  if (isOfWords && (scheme !== "always" || !cuts)) {
    throw refuse("pre_tokenizer", "WhitespaceSplit and a Metaspace that does not prepend or split");
  }
  const range = classText([mark.codePointAt(0)!, mark.codePointAt(0)!]);
  const pattern = `[${range}][^${range}]*|[^${range}]+`;
  const steps: TextStep[] = isOfWords
    ? [{ op: "mark_words", mark }]
    : scheme === "always"
    ? [{ op: "replace", from: " ", to: mark }, { op: "prepend", text: mark, unless: true }]
    : [{ op: "replace", from: " ", to: mark }];
  return {
    steps,
    splitting: cuts
      ? { kind: "pattern", pattern, syntax: "fancy-regex", unmatched: "piece" }
      : { kind: "whole" },
  };
}

/** Pattern of ByteLevel; null if it does not cut. */
function byteLevel(json: unknown): Splitting | null {
  const part = parseWith(BYTE_LEVEL, json, "file", "pre_tokenizer");
  if (part.add_prefix_space) throw refuse("pre_tokenizer", "add_prefix_space");
  return part.use_regex
    ? { kind: "pattern", pattern: GPT2_PATTERN, syntax: "oniguruma", unmatched: "piece" }
    : null;
}

function split(json: unknown): Extract<Splitting, { kind: "pattern" }> {
  const pattern = (json as { pattern?: unknown }).pattern;
  if (typeof pattern === "object" && pattern !== null && !isRegex(pattern)) {
    throw refuse("pre_tokenizer", "Split at a string");
  }
  const part = parseWith(SPLIT, json, "file", "pre_tokenizer");
  const rule = `${part.behavior}${part.invert ? ", inverted" : ""}`;
  const unmatched = rule === "Isolated" ? "piece" : rule === "Removed, inverted" ? "drop" : null;
  if (unmatched === null) throw refuse("pre_tokenizer", `Split of behavior ${rule}`);
  return { kind: "pattern", pattern: part.pattern.Regex, syntax: "oniguruma", unmatched };
}
