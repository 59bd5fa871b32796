/**
 * Normalisation steps as filters that take code points one by one and hold back a bounded number.
 *
 * @module
 */

import { has } from "../tokenize/pattern/set.ts";
import { whiteSpace } from "../unicode/white_space.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { rangesOf } from "../unicode/codec.ts";
import { DROPPED, MARKS } from "./bert_sets.ts";
import { charsmapFilter, longestFilter } from "./charsmap_filters.ts";
import {
  compose,
  type CompositionTables,
  compositionTables,
  decompositionTables,
  type FormSource,
  lowerCaseTables,
  romAt,
  type SequenceTables,
} from "./unicode_tables.ts";
import { markWordsFilter, squeezeFilter, stripFilter } from "./word_filters.ts";

/** Maximum marks held back after a starter; the limit of Unicode's Stream-Safe Text Format (UAX #15). */
export const MAX_MARKS = 30;

/** Maximum length of the text that a `replace` step searches for, in code points. */
export const MAX_REPLACED = 64;

/**
 * Receives a code point, its source `from` to `to` in the original text, in bytes, and its anchor. The anchor
 * is an offset at or before `from` at which the original can be resumed with the same output from there on.
 */
export type Sink = (code: number, from: number, to: number, anchor: number) => void;

/** Filter of a normalisation pipeline. */
export interface CodePointFilter {
  /** Takes a code point. */
  readonly push: Sink;
  /** Ends the text and emits the code points held back. */
  readonly end: () => void;
  /** Smallest anchor of the code points held back; Infinity if none are. */
  readonly heldFrom: () => number;
  /** True once the filter has passed its beginning: `prepend` has emitted its text. */
  readonly isStarted: () => boolean;
}

const NOTHING_HELD = () => Infinity;
const ALWAYS = () => true;

function mapFilter(push: Sink): CodePointFilter {
  return { push, end: () => {}, heldFrom: NOTHING_HELD, isStarted: ALWAYS };
}

/** Decomposes code points; the output is not in canonical order yet. */
function decomposeFilter(tables: SequenceTables, next: Sink): CodePointFilter {
  const { entryOf, starts, codePoints } = tables;
  return mapFilter((code, from, to, anchor) => {
    if (code >= 0xac00 && code < 0xd7a4) {
      const syllable = code - 0xac00;
      next(0x1100 + Math.floor(syllable / 588), from, to, anchor);
      next(0x1161 + Math.floor((syllable % 588) / 28), from, to, anchor);
      if (syllable % 28 !== 0) next(0x11a7 + syllable % 28, from, to, anchor);
      return;
    }
    const entry = romAt(entryOf, code);
    if (entry === 0) return next(code, from, to, anchor);
    for (let i = starts[entry - 1]!; i < starts[entry]!; i++) next(codePoints[i]!, from, to, anchor);
  });
}

/** Replaces code points by their lower case. */
function lowerCaseFilter(next: Sink): CodePointFilter {
  const { entryOf, starts, codePoints } = lowerCaseTables();
  return mapFilter((code, from, to, anchor) => {
    const entry = romAt(entryOf, code);
    if (entry === 0) return next(code, from, to, anchor);
    for (let i = starts[entry - 1]!; i < starts[entry]!; i++) next(codePoints[i]!, from, to, anchor);
  });
}

/** Sorts marks into canonical order after their starter and, with `composes`, composes them with it. */
function orderFilter(
  tables: CompositionTables,
  composes: boolean,
  next: Sink,
  escape: () => void,
): CodePointFilter {
  const codes = new Uint32Array(MAX_MARKS + 1), ranks = new Uint16Array(MAX_MARKS + 1);
  const froms = new Float64Array(MAX_MARKS + 1), tos = new Float64Array(MAX_MARKS + 1);
  // Index 0 is the starter; marks follow in canonical order.
  let hasStarter = false, marks = 0;
  // Anchor of the current segment: a starter with its marks is repeated only as a whole.
  let segment = 0;

  const composeMarks = () => {
    let kept = 0, lastRank = 0;
    for (let i = 1; i <= marks; i++) {
      const made = ranks[i]! > lastRank ? compose(tables, codes[0]!, codes[i]!) : -1;
      if (made >= 0) {
        codes[0] = made;
        froms[0] = Math.min(froms[0]!, froms[i]!);
        tos[0] = Math.max(tos[0]!, tos[i]!);
        continue;
      }
      lastRank = ranks[i]!;
      kept++;
      codes[kept] = codes[i]!;
      ranks[kept] = ranks[i]!;
      froms[kept] = froms[i]!;
      tos[kept] = tos[i]!;
    }
    marks = kept;
  };
  const flush = () => {
    for (let i = hasStarter ? 0 : 1; i <= marks; i++) next(codes[i]!, froms[i]!, tos[i]!, segment);
    hasStarter = false;
    marks = 0;
  };
  const push: Sink = (code, from, to, anchor) => {
    const rank = romAt(tables.rankOf, code);
    if (rank === 0) {
      if (composes && hasStarter) {
        composeMarks();
        const made = marks === 0 ? compose(tables, codes[0]!, code) : -1;
        if (made >= 0) {
          codes[0] = made;
          tos[0] = to;
          return;
        }
      }
      flush();
      segment = anchor;
      if (!composes) return next(code, from, to, anchor);
      hasStarter = true;
      codes[0] = code;
      froms[0] = from;
      tos[0] = to;
      return;
    }
    segment = Math.min(segment, anchor);
    if (marks === MAX_MARKS) return escape();
    let place = ++marks;
    for (; place > 1 && ranks[place - 1]! > rank; place--) {
      codes[place] = codes[place - 1]!;
      ranks[place] = ranks[place - 1]!;
      froms[place] = froms[place - 1]!;
      tos[place] = tos[place - 1]!;
    }
    codes[place] = code;
    ranks[place] = rank;
    froms[place] = from;
    tos[place] = to;
  };
  return {
    push,
    end: () => {
      if (composes && hasStarter) composeMarks();
      flush();
    },
    heldFrom: () => hasStarter || marks > 0 ? segment : Infinity,
    isStarted: ALWAYS,
  };
}

/** Replaces leftmost, non-overlapping occurrences of a text, found by Knuth, Morris and Pratt's algorithm. */
function replaceFilter(fromText: string, toText: string, next: Sink): CodePointFilter {
  const wanted = Array.from(fromText, (one) => one.codePointAt(0)!);
  const put = Array.from(toText, (one) => one.codePointAt(0)!);
  const shorter = new Uint8Array(wanted.length);
  for (let i = 1, k = 0; i < wanted.length; i++) {
    while (k > 0 && wanted[i] !== wanted[k]) k = shorter[k - 1]!;
    if (wanted[i] === wanted[k]) k++;
    shorter[i] = k;
  }
  const froms = new Float64Array(wanted.length), tos = new Float64Array(wanted.length);
  const anchors = new Float64Array(wanted.length);
  let matched = 0;
  // The code points held back equal the first ones searched for, so only their offsets are stored.
  const shift = (count: number) => {
    for (let i = 0; i < count; i++) next(wanted[i]!, froms[i]!, tos[i]!, anchors[i]!);
    froms.copyWithin(0, count, matched);
    tos.copyWithin(0, count, matched);
    anchors.copyWithin(0, count, matched);
    matched -= count;
  };
  return {
    push: (code, from, to, anchor) => {
      while (matched > 0 && wanted[matched] !== code) shift(matched - shorter[matched - 1]!);
      if (wanted[matched] !== code) return next(code, from, to, anchor);
      froms[matched] = from;
      tos[matched] = to;
      anchors[matched] = anchor;
      matched++;
      if (matched < wanted.length) return;
      const begin = froms[0]!;
      matched = 0;
      for (const one of put) next(one, begin, to, anchors[0]!);
    },
    end: () => shift(matched),
    heldFrom: () => matched > 0 ? anchors[0]! : Infinity,
    isStarted: ALWAYS,
  };
}

/** BERT's blocks of ideographs, as inclusive ranges. */
const CHINESE = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0x2f800, 0x2fa1f],
].flat();

/**
 * Creates the filters of a step; the last one emits to `next`.
 *
 * @param step Normalisation step.
 * @param next Receives the output.
 * @param escape Called if more than {@linkcode MAX_MARKS} marks follow one another.
 * @returns The filters in order.
 */
export function filtersOf(step: TextStep, next: Sink, escape: () => void): CodePointFilter[] {
  const ordered = (form: "NFD" | "NFKD", source: FormSource, composes: boolean, sink: Sink) => {
    const order = orderFilter(compositionTables(source), composes, sink, escape);
    return [decomposeFilter(decompositionTables(form, source), order.push), order];
  };
  switch (step.op) {
    case "nfc":
    case "nfkc":
      return ordered(step.op === "nfc" ? "NFD" : "NFKD", step.tables ?? "unicode", true, next);
    case "nfd":
    case "nfkd":
      return ordered(step.op === "nfd" ? "NFD" : "NFKD", step.tables ?? "unicode", false, next);
    case "strip_accents": {
      const marks = rangesOf(MARKS);
      const strip = mapFilter((code, from, to, anchor) =>
        has(marks, code) ? undefined : next(code, from, to, anchor)
      );
      return [...ordered("NFD", "tokenizers", false, strip.push), strip];
    }
    case "lower_case":
      return [lowerCaseFilter(next)];
    case "clean_text": {
      const spaces = whiteSpace(), dropped = rangesOf(DROPPED);
      return [mapFilter((code, from, to, anchor) => {
        if (!has(dropped, code)) next(has(spaces, code) ? 32 : code, from, to, anchor);
      })];
    }
    case "space_chinese":
      return [mapFilter((code, from, to, anchor) => {
        if (!has(CHINESE, code)) return next(code, from, to, anchor);
        next(32, from, from, anchor);
        next(code, from, to, anchor);
        next(32, to, to, anchor);
      })];
    case "prepend": {
      let isStarted = false;
      const push: Sink = (code, from, to, anchor) => {
        if (!isStarted) {
          isStarted = true;
          if (step.unless === true && code === step.text.codePointAt(0)) return next(code, from, to, anchor);
          for (const one of step.text) next(one.codePointAt(0)!, from, from, 0);
        }
        next(code, from, to, anchor);
      };
      return [{ ...mapFilter(push), isStarted: () => isStarted }];
    }
    case "replace":
      return [replaceFilter(step.from, step.to, next)];
    case "charsmap":
      return [{
        ...(step.rule === "longest" ? longestFilter : charsmapFilter)(step.map, next),
        isStarted: ALWAYS,
      }];
    case "mark_words":
      return [{ ...markWordsFilter(step.mark, next), isStarted: ALWAYS }];
    case "squeeze":
      return [{ ...squeezeFilter(step.of, step.to, next), isStarted: ALWAYS }];
    case "strip":
      return [{ ...stripFilter(step.side, step.of, next), isStarted: ALWAYS }];
  }
}
