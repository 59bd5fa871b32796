/**
 * The last offset of a text at which it can be cut whatever follows, so that an addition costs the text behind
 * it alone.
 *
 * - Where a piece ends between two classes of code points in every text (`cuts.ts`), the parts are independent.
 *   Under a normalisation both code points must be ASCII, which no later code point changes or joins.
 * - A vocabulary that takes a text as one piece has, by its look-back, a last token that no addition changes.
 *   Any row of neighbouring tokens is the encoding of its text, so the rest is tokenized from there.
 *
 * @module
 */

import { normalizeText } from "../../text_normalize/reference.ts";
import { type CutRule, vocabularyCuts } from "../cuts.ts";
import { pointLength, readPoint } from "../utf8.ts";
import type { TextStep, Vocabulary } from "../vocabulary.ts";
import { lookBack } from "./look_back.ts";

/** Finds cuts in the texts of a vocabulary. */
export interface SafeCuts {
  /**
   * Finds the last cut.
   *
   * @param text Well-formed UTF-8.
   * @param from Offset at which the part begins.
   * @param to Exclusive end of the text that is sure to be no special token.
   * @returns Offset, or −1 if there is none behind `from`.
   */
  readonly last: (text: Uint8Array, from: number, to: number) => number;
  /**
   * Finds the last end of a token that no addition changes, if the vocabulary takes a text as one piece.
   *
   * @param text Well-formed UTF-8.
   * @param from Offset at which the part begins.
   * @param to As in `last`.
   * @param isContinued Whether the part was cut off a text before.
   * @param lengths Bytes of its tokens, after normalisation.
   * @returns Offset, or −1 if there is none behind `from`.
   */
  readonly byTokens: (
    text: Uint8Array,
    from: number,
    to: number,
    isContinued: boolean,
    lengths: Int32Array,
  ) => number;
}

/** Bytes of a part from which cuts by tokens are searched, to its look-back. */
const WORTH = 4;

/**
 * Creates a finder of cuts.
 *
 * @param vocabulary Compiled vocabulary.
 */
export function safeCuts(vocabulary: Vocabulary): SafeCuts {
  const rule = vocabularyCuts(vocabulary);
  const { normalization, pieces, bpe } = vocabulary;
  const last = rule === null
    ? () => -1
    : normalization.length === 0
    ? (text: Uint8Array, from: number, to: number) => lastCut(rule, text, from, to)
    : normalization.every(isLocal)
    ? lastAsciiCut(rule, normalization)
    : () => -1;
  const replaced = pieces === null && bpe !== null && !bpe.wholeFirst ? replacements(normalization) : null;
  return {
    last,
    byTokens: (text, from, to, isContinued, lengths) => {
      // The look-back costs a tenth of a second, once a vocabulary: short texts do without it.
      if (replaced === null || to - from < WORTH * bpe!.longestToken) return -1;
      const { mergeBytes } = lookBack(vocabulary);
      return to - from < WORTH * mergeBytes! ? -1 : lastTokenEnd(
        text,
        from,
        to,
        isContinued ? 0 : replaced.before,
        replaced.lengths,
        lengths,
        mergeBytes!,
      );
    },
  };
}

/** Returns the steps of a part that was cut off a text: nothing is put before it. */
export function continuedSteps(steps: readonly TextStep[]): readonly TextStep[] {
  return steps.filter(({ op }) => op !== "prepend");
}

/** Tests whether a step leaves both sides of a border between two ASCII code points alone. */
function isLocal(step: TextStep): boolean {
  switch (step.op) {
    case "charsmap":
    case "mark_words":
    case "squeeze":
    case "strip":
      return false;
    case "replace":
      return isOnePoint(step.from);
    default:
      return true;
  }
}

function isOnePoint(text: string): boolean {
  return [...text].length === 1;
}

function classIn({ blockOf, classOf }: CutRule, point: number): number {
  return classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
}

function lastCut(rule: CutRule, text: Uint8Array, from: number, to: number): number {
  const { classes, certain } = rule;
  let after = -1;
  for (let at = to; at > from;) {
    let start = at - 1;
    while (start > from && (text[start]! & 0xc0) === 0x80) start--;
    const kind = classIn(rule, readPoint(text, start, pointLength(text[start]!)));
    if (after >= 0 && certain[kind * classes + after] === 1) return at;
    after = kind;
    at = start;
  }
  return -1;
}

function lastAsciiCut(rule: CutRule, steps: readonly TextStep[]): SafeCuts["last"] {
  const { classes, certain } = rule;
  // By code point: the class at its end and at its beginning, −1 if normalisation removes it.
  const ends = new Int16Array(128).fill(-1), begins = new Int16Array(128).fill(-1);
  for (let point = 0; point < 128; point++) {
    const points = [...normalizeText(String.fromCharCode(point), continuedSteps(steps))];
    if (points.length === 0) continue;
    ends[point] = classIn(rule, points.at(-1)!.codePointAt(0)!);
    begins[point] = classIn(rule, points[0]!.codePointAt(0)!);
  }
  return (text, from, to) => {
    for (let at = to - 1; at > from; at--) {
      const before = text[at - 1]!, after = text[at]!;
      if (before >= 0x80 || after >= 0x80 || ends[before]! < 0 || begins[after]! < 0) continue;
      if (certain[ends[before]! * classes + begins[after]!] === 1) return at;
    }
    return -1;
  };
}

/** Lengths that change under steps which map each code point alone; null for other steps. */
function replacements(
  steps: readonly TextStep[],
): { readonly before: number; readonly lengths: ReadonlyMap<number, number> } | null {
  const encoder = new TextEncoder();
  const lengths = new Map<number, number>();
  let before = 0;
  for (const step of steps) {
    // Steps after a replacement would see its result.
    if (step.op === "replace" && isOnePoint(step.from) && lengths.size === 0) {
      lengths.set(step.from.codePointAt(0)!, encoder.encode(step.to).length);
    } else if (step.op === "prepend" && step.unless !== true && before + lengths.size === 0) {
      before = encoder.encode(step.text).length;
    } else return null;
  }
  return { before, lengths };
}

function lastTokenEnd(
  text: Uint8Array,
  from: number,
  to: number,
  before: number,
  replaced: ReadonlyMap<number, number>,
  lengths: Int32Array,
  reach: number,
): number {
  // Ends of tokens and of code points, side by side, in bytes of normalised text.
  const points: [at: number, end: number][] = [];
  let end = before;
  for (let at = from; at < to;) {
    const length = pointLength(text[at]!);
    end += replaced.get(readPoint(text, at, length)) ?? length;
    at += length;
    points.push([at, end]);
  }
  const limit = end - reach;
  let found = -1, index = 0, tokenEnd = 0;
  for (const length of lengths) {
    tokenEnd += length;
    if (tokenEnd > limit) break;
    while (index < points.length && points[index]![1] < tokenEnd) index++;
    if (index < points.length && points[index]![1] === tokenEnd) found = points[index]![0];
  }
  return found;
}
