/**
 * Normalizers of a tokenizer.json, converted to onpath's steps.
 *
 * @module
 */

import { z } from "zod";
import { shortList } from "../lists.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { excerpt } from "../../serialize/excerpt.ts";
import { parseWith } from "../schema.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { MAX_CHARSMAP, readCharsmap } from "./charsmap.ts";
import { growsLittle, GROWTH_MESSAGE, MAX_TEXT_STEPS } from "./growth.ts";

/** Part with a type. */
export const TYPED = z.looseObject({ type: z.string() });
/** Maximum length of a sequence of parts. */
export const LIST = 32;

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

/** Tests whether a pattern is an expression. */
export function isRegex(pattern: unknown): boolean {
  return typeof pattern === "object" && pattern !== null && "Regex" in pattern;
}

/** Creates the error of a part that is not supported. */
export function refuse(part: string, what: string): OnpathError {
  return new OnpathError("file", `Cannot read ${part}: ${excerpt(what)} is not supported`, {
    part,
    what: excerpt(what),
  });
}
