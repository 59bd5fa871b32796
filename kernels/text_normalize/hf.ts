/**
 * The parts before the model in a tokenizer.json: normalizers and pre-tokenizers, converted to onpath's steps
 * and rules.
 *
 * @module
 */

import { z } from "zod";
import { shortList } from "../lists.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { excerpt } from "../excerpt.ts";
import { parseWith } from "../schema.ts";
import type { Splitting } from "../tokenize/source.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { classText } from "../unicode/codec.ts";
import { MAX_CHARSMAP, readCharsmap } from "./charsmap.ts";
import { growsLittle, GROWTH_MESSAGE, MAX_TEXT_STEPS } from "./growth.ts";

const TYPED = z.looseObject({ type: z.string() });
const LIST = 32;

const NORMALIZERS = {
  Sequence: z.object({ normalizers: shortList(TYPED, LIST) }),
  BertNormalizer: z.object({
    clean_text: z.boolean().default(true),
    handle_chinese_chars: z.boolean().default(true),
    strip_accents: z.boolean().nullish(),
    lowercase: z.boolean().default(true),
  }),
  Prepend: z.object({ prepend: z.string().min(1).max(4096) }),
  Replace: z.object({
    pattern: z.object({ String: z.string().min(1).max(4096) }),
    content: z.string().max(4096),
  }),
  ReplaceRegex: z.object({ pattern: z.object({ Regex: z.string() }), content: z.string().max(4096) }),
  Precompiled: z.object({ precompiled_charsmap: z.string().max(MAX_CHARSMAP) }),
  Strip: z.object({ strip_left: z.boolean(), strip_right: z.boolean() }),
};

const FORMS = { NFC: "nfc", NFD: "nfd", NFKC: "nfkc", NFKD: "nfkd" } as const;

/**
 * Reads `normalizer`.
 *
 * @param json Value of `normalizer`; null or undefined if absent.
 * @returns Steps in order.
 * @throws {OnpathError} `file` if it is malformed or its type is not supported; the message names the type.
 */
export function readNormalizer(json: unknown): TextStep[] {
  if (json === null || json === undefined) return [];
  const list = steps(json, 0);
  if (list.length > MAX_TEXT_STEPS) {
    throw refuse("normalizer", `a sequence of more than ${MAX_TEXT_STEPS} steps`);
  }
  if (!growsLittle(list)) throw refuse("normalizer", `a Replace that lengthens texts (${GROWTH_MESSAGE})`);
  return list;
}

function steps(json: unknown, depth: number): TextStep[] {
  const part = parseWith(TYPED, json, "file", "normalizer");
  switch (part.type) {
    case "Sequence": {
      if (depth >= 8) throw refuse("normalizer", "a sequence nested in eight others");
      const { normalizers } = parseWith(NORMALIZERS.Sequence, part, "file", "normalizer");
      return normalizers.flatMap((inner) => steps(inner, depth + 1));
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return [{ op: FORMS[part.type], tables: "tokenizers" }];
    case "Lowercase":
      return [{ op: "lower_case" }];
    case "BertNormalizer": {
      const bert = parseWith(NORMALIZERS.BertNormalizer, part, "file", "normalizer");
      const out: TextStep[] = [];
      if (bert.clean_text) out.push({ op: "clean_text" });
      if (bert.handle_chinese_chars) out.push({ op: "space_chinese" });
      if (bert.strip_accents ?? bert.lowercase) out.push({ op: "strip_accents" });
      if (bert.lowercase) out.push({ op: "lower_case" });
      return out;
    }
    case "Prepend":
      return [{ op: "prepend", text: parseWith(NORMALIZERS.Prepend, part, "file", "normalizer").prepend }];
    case "Precompiled": {
      const { precompiled_charsmap } = parseWith(NORMALIZERS.Precompiled, part, "file", "normalizer");
      readCharsmap(precompiled_charsmap);
      return [{ op: "charsmap", map: precompiled_charsmap }];
    }
    case "Strip": {
      const { strip_left, strip_right } = parseWith(NORMALIZERS.Strip, part, "file", "normalizer");
      const side = strip_left && strip_right ? "both" : strip_left ? "left" : strip_right ? "right" : null;
      return side === null ? [] : [{ op: "strip", side }];
    }
    case "Replace": {
      if (isRegex(part["pattern"])) return [squeeze(part)];
      const { pattern, content } = parseWith(NORMALIZERS.Replace, part, "file", "normalizer");
      return [{ op: "replace", from: pattern.String, to: content }];
    }
    default:
      throw refuse("normalizer", part.type);
  }
}

/** Reads a Replace of two or more spaces, as T5 and XLM-R have it. */
function squeeze(json: unknown): TextStep {
  const { pattern, content } = parseWith(NORMALIZERS.ReplaceRegex, json, "file", "normalizer");
  if (pattern.Regex !== " {2,}") throw refuse("normalizer", "Replace of a regular expression");
  return { op: "squeeze", of: " ", to: content };
}

/** Steps that look at more than their neighbours; after an escape they could not begin within a text. */
const WHOLE_STEPS = ["charsmap", "mark_words", "strip"];

/** Steps that a device gives up on after 30 marks. */
const MARK_STEPS = ["nfc", "nfd", "nfkc", "nfkd", "strip_accents"];

/**
 * Refuses steps that cannot be joined.
 *
 * @param list Steps of the normalizer and the pre-tokenizer.
 * @throws {OnpathError} `file` if a precompiled map, a Strip or words by white space meet a normal form.
 */
export function checkJoined(list: readonly TextStep[]): void {
  const whole = list.find(({ op }) => WHOLE_STEPS.includes(op));
  const marks = list.find(({ op }) => MARK_STEPS.includes(op));
  if (whole !== undefined && marks !== undefined) throw refuse("normalizer", `${whole.op} with ${marks.op}`);
}

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

function isRegex(pattern: unknown): boolean {
  return typeof pattern === "object" && pattern !== null && "Regex" in pattern;
}

function refuse(part: string, what: string): OnpathError {
  return new OnpathError("file", `Cannot read ${part}: ${excerpt(what)} is not supported`, {
    part,
    what: excerpt(what),
  });
}
