/**
 * Normal forms of a whole text (Unicode, UAX #15), in time proportional to its length.
 *
 * @module
 */

import { mappingOf } from "../unicode/codec.ts";
import { CANONICAL, COMPATIBLE, RANKS } from "../unicode/normal_forms_data.ts";
import {
  compose,
  compositionPairs,
  compositionTables,
  decompositionTables,
  type FormSource,
  romAt,
} from "./unicode_tables.ts";

/** Unicode normal form. */
export type NormalForm = "nfc" | "nfd" | "nfkc" | "nfkd";

/** Work counter: moves of code points, and pairs looked up. */
export interface NormalFormWork {
  /** Number of moves and lookups. */
  steps: number;
}

/**
 * Reads the code point at a code unit. By charCodeAt(): in V8's middle tier (Maglev, V8 15.0), codePointAt()
 * depends on the tier: at the end of a sliced string it reads on in the string that was sliced.
 */
function codeAt(text: string, at: number): number {
  const high = text.charCodeAt(at);
  if (high < 0xd800 || high > 0xdbff || at + 1 === text.length) return high;
  const low = text.charCodeAt(at + 1);
  return low < 0xdc00 || low > 0xdfff ? high : 0x10000 + (high - 0xd800) * 0x400 + low - 0xdc00;
}

function unitsOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}

interface Points {
  /** Code points; the first `count` are valid. */
  codes: Uint32Array<ArrayBuffer>;
  /** Number of code points. */
  count: number;
}

/** Decomposes a text; the result is not in canonical order yet. */
function decompose(text: string, form: "NFD" | "NFKD", source: FormSource, work: NormalFormWork): Points {
  const { entryOf, starts, codePoints } = decompositionTables(form, source);
  const points: Points = { codes: new Uint32Array(text.length + 32), count: 0 };
  const push = (code: number) => {
    if (points.count === points.codes.length) {
      const wider = new Uint32Array(points.count * 2);
      wider.set(points.codes);
      points.codes = wider;
    }
    points.codes[points.count++] = code;
    work.steps++;
  };
  for (let at = 0; at < text.length;) {
    const code = codeAt(text, at);
    at += unitsOf(code);
    if (code >= 0xac00 && code < 0xd7a4) {
      const syllable = code - 0xac00;
      push(0x1100 + Math.floor(syllable / 588));
      push(0x1161 + Math.floor((syllable % 588) / 28));
      if (syllable % 28 !== 0) push(0x11a7 + syllable % 28);
      continue;
    }
    const entry = romAt(entryOf, code);
    if (entry === 0) push(code);
    else for (let i = starts[entry - 1]!; i < starts[entry]!; i++) push(codePoints[i]!);
  }
  return points;
}

/** Sorts the marks from `from` to `to` by rank, stably, with a counting sort. */
function orderMarks(
  codes: Uint32Array,
  ranks: Uint8Array,
  from: number,
  to: number,
  work: NormalFormWork,
): void {
  const marks = codes.slice(from, to), ranksOf = ranks.slice(from, to);
  const places = new Uint32Array(257);
  for (const rank of ranksOf) places[rank + 1]!++;
  for (let rank = 1; rank < 257; rank++) places[rank]! += places[rank - 1]!;
  for (let i = 0; i < marks.length; i++) {
    const place = from + places[ranksOf[i]!]!++;
    codes[place] = marks[i]!;
    ranks[place] = ranksOf[i]!;
  }
  work.steps += 257 + 2 * marks.length;
}

/** Sorts every run of marks that is not in canonical order. */
function orderAll({ codes, count }: Points, ranks: Uint8Array, work: NormalFormWork): void {
  for (let at = 0; at < count;) {
    let end = at + 1, descents = 0;
    if (ranks[at] !== 0) {
      for (; end < count && ranks[end] !== 0; end++) {
        if (ranks[end]! < ranks[end - 1]!) descents++;
      }
    }
    work.steps += end - at;
    if (descents > 0) orderMarks(codes, ranks, at, end, work);
    at = end;
  }
}

/** Composes code points in canonical order, in place. */
function composeAll(points: Points, ranks: Uint8Array, source: FormSource, work: NormalFormWork): void {
  const tables = compositionTables(source);
  const { codes, count } = points;
  let starter = -1, kept = 0, lastRank = 0;
  for (let at = 0; at < count; at++) {
    const code = codes[at]!, rank = ranks[at]!;
    work.steps++;
    // Marks kept between the starter and a mark block it if their rank is the same or higher.
    if (starter >= 0 && (kept === starter + 1 || lastRank < rank)) {
      const composite = compose(tables, codes[starter]!, code);
      if (composite >= 0) {
        codes[starter] = composite;
        continue;
      }
    }
    if (rank === 0) starter = kept;
    lastRank = rank;
    codes[kept++] = code;
  }
  points.count = kept;
}

function textOf({ codes, count }: Points): string {
  let text = "";
  for (let at = 0; at < count; at += 4096) {
    text += String.fromCodePoint(...codes.subarray(at, Math.min(count, at + 4096)));
  }
  return text;
}

/**
 * Converts a text to a normal form.
 *
 * @param text Well-formed text.
 * @param form Normal form of the result.
 * @param source Unicode tables to use; default `unicode`.
 * @param work Counter to which the steps are added.
 * @returns The text in that form.
 */
export function normalForm(
  text: string,
  form: NormalForm,
  source: FormSource = "unicode",
  work: NormalFormWork = { steps: 0 },
): string {
  const changes = changing(form);
  let made = "", copied = 0, before = 0;
  for (let at = 0; at < text.length;) {
    const end = runEnd(text, at, changes);
    if (end === at) {
      before = at;
      at += unitsOf(codeAt(text, at));
      continue;
    }
    // The run that may change, with the code point before it, which a mark may compose with.
    made += text.slice(copied, before) + partForm(text.slice(before, end), form, source, work);
    copied = before = at = end;
  }
  return copied === 0 ? text : made + text.slice(copied);
}

/** End of the run of code points from `at` on that may change; `at` if the first stays. */
function runEnd(text: string, at: number, changes: Uint8Array): number {
  while (at < text.length) {
    const code = codeAt(text, at);
    if (changes[code] === 0) break;
    at += unitsOf(code);
  }
  return at;
}

const changingByForm = new Map<NormalForm, Uint8Array>();

/**
 * By code point: 1 if a form may change it. These are marks, code points that decompose and do not compose again, and
 * code points that compose with the preceding one. All others stay the same in every context.
 */
function changing(form: NormalForm): Uint8Array {
  let changes = changingByForm.get(form);
  if (changes === undefined) {
    const composites = compositionPairs();
    const canonical = [...mappingOf(CANONICAL).keys()];
    const compatible = form === "nfkc" || form === "nfkd" ? [...mappingOf(COMPATIBLE).keys()] : [];
    const composes = form === "nfc" || form === "nfkc";
    const codes = [
      ...mappingOf(RANKS).keys(),
      ...compatible,
      ...(composes ? canonical.filter((code) => !composites.has(code)) : canonical),
      ...(composes ? Array.from(composites.values(), ([, second]) => second) : []),
    ];
    // Hangul vowels and finals compose; Hangul syllables decompose.
    const hangul = composes ? [0x1161, 0x11c2] : [0xac00, 0xd7a3];
    changes = new Uint8Array(0x110000);
    for (const code of codes) changes[code] = 1;
    changes.fill(1, hangul[0], hangul[1]! + 1);
    changingByForm.set(form, changes);
  }
  return changes;
}

function partForm(text: string, form: NormalForm, source: FormSource, work: NormalFormWork): string {
  const points = decompose(text, form === "nfc" || form === "nfd" ? "NFD" : "NFKD", source, work);
  const { rankOf } = compositionTables(source);
  const ranks = new Uint8Array(points.count);
  for (let i = 0; i < points.count; i++) ranks[i] = romAt(rankOf, points.codes[i]!);
  orderAll(points, ranks, work);
  if (form === "nfc" || form === "nfkc") composeAll(points, ranks, source, work);
  return textOf(points);
}
