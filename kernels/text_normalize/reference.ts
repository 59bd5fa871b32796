/**
 * Reference of text normalisation: a whole text, step by step.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { named } from "../../serialize/excerpt.ts";
import { whiteSpace } from "../unicode/white_space.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { classText, rangesOf } from "../unicode/codec.ts";
import { DROPPED, MARKS } from "./bert_sets.ts";
import { applyCharsmap, applyLongest } from "./charsmap.ts";
import { normalForm } from "./normal_form.ts";
import { lowerCaseTables, romAt } from "./unicode_tables.ts";

/**
 * Normalises a text.
 *
 * @param text Well-formed text.
 * @param steps Normalisation steps, in order.
 * @returns The text after all steps.
 * @throws {OnpathError} `dtype` if the text is not a string; `pipeline` if a step is unknown.
 *
 * @example
 * ```ts
 * import { normalizeText } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert.equal(normalizeText("É!", [{ op: "strip_accents" }, { op: "lower_case" }]), "e!");
 * ```
 */
export function normalizeText(text: string, steps: readonly TextStep[]): string {
  if (typeof text !== "string") {
    throw new OnpathError("dtype", `Cannot normalize a text that is ${kindOf(text)}: expected a string`);
  }
  if (!Array.isArray(steps)) {
    throw new OnpathError(
      "pipeline",
      `Cannot normalize a text: its steps are ${kindOf(steps)}, expected an array`,
    );
  }
  return steps.reduce(applyStep, text);
}

function applyStep(text: string, step: TextStep): string {
  switch (step?.op) {
    case "nfc":
    case "nfd":
    case "nfkc":
    case "nfkd":
      return normalForm(text, step.op, step.tables);
    case "lower_case":
      // Each code point is mapped alone: a sigma at a word's end is not treated specially.
      return lowerCase(text);
    case "strip_accents":
      return normalForm(text, "nfd", "tokenizers").replace(ACCENTS, "");
    case "clean_text":
      return text.replace(UNCLEAN, "").replace(SPACES, " ");
    case "space_chinese":
      return text.replace(CHINESE, " $& ");
    case "prepend":
      return text === "" || step.unless === true && text.startsWith(step.text) ? text : step.text + text;
    case "replace":
      return text.replaceAll(step.from, () => step.to);
    case "charsmap":
      return (step.rule === "longest" ? applyLongest : applyCharsmap)(text, step.map);
    case "mark_words":
      return text.split(SPACES).map((word) =>
        word === "" || word.startsWith(step.mark) ? word : step.mark + word
      )
        .join("");
    case "squeeze":
      return text.replace(new RegExp(`[${classText(rangeOf(step.of))}]{2,}`, "gu"), () => step.to);
    case "strip":
      return strip(text, step.side, step.of);
    default:
      throw new OnpathError(
        "pipeline",
        `Cannot normalize a text by op ${named((step as { op?: unknown } | undefined)?.op)}: it is unknown`,
      );
  }
}

function lowerCase(text: string): string {
  const { entryOf, starts, codePoints } = lowerCaseTables();
  return Array.from(text, (one) => {
    const entry = romAt(entryOf, one.codePointAt(0)!);
    return entry === 0 ? one : String.fromCodePoint(...codePoints.subarray(starts[entry - 1], starts[entry]));
  }).join("");
}

function rangeOf(character: string): [number, number] {
  return [character.codePointAt(0)!, character.codePointAt(0)!];
}

function strip(text: string, side: "left" | "right" | "both", of: string | undefined): string {
  const isRemoved = (one: string) => of === undefined ? one.replace(SPACES, "") === "" : one === of;
  const all = Array.from(text);
  let from = 0, to = all.length;
  while (side !== "right" && from < to && isRemoved(all[from]!)) from++;
  while (side !== "left" && to > from && isRemoved(all[to - 1]!)) to--;
  return all.slice(from, to).join("");
}

const SPACES = new RegExp(`[${classText(whiteSpace())}]`, "gu");
const UNCLEAN = new RegExp(`[${classText(rangesOf(DROPPED))}]`, "gu");
const ACCENTS = new RegExp(`[${classText(rangesOf(MARKS))}]`, "gu");

/** Characters that `space_chinese` surrounds with spaces: BERT's blocks of ideographs. */
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
