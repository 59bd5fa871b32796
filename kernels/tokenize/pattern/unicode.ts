/**
 * Unicode's properties and simple case folding as sets, taken from the JavaScript engine that compiles. Which
 * version of Unicode that is, the engine decides; compiled tables are data and hold it fast.
 *
 * @module
 */

import { type CodeSet, codeSet, complement, END, union } from "./set.ts";

// All code points but the surrogates as three strings, so that one search of the engine gives a property.
let planes: readonly { readonly text: string; readonly first: number; readonly units: number }[] | undefined;

function everything(): NonNullable<typeof planes> {
  if (planes === undefined) {
    const text = (from: number, to: number) => {
      const parts: string[] = [];
      for (let at = from; at <= to; at += 0x1000) {
        parts.push(
          String.fromCodePoint(...Array.from({ length: Math.min(0x1000, to - at + 1) }, (_, i) => at + i)),
        );
      }
      return parts.join("");
    };
    planes = [
      { text: text(0, 0xd7ff), first: 0, units: 1 },
      { text: text(0xe000, 0xffff), first: 0xe000, units: 1 },
      { text: text(0x10000, 0x10ffff), first: 0x10000, units: 2 },
    ];
  }
  return planes;
}

const known = new Map<string, CodeSet>();

/**
 * The code points that a class of the engine's own regular expressions holds; surrogates are in none.
 *
 * @param source What stands between brackets with flag `u`, such as `\p{Lu}`.
 * @returns The set.
 * @throws {SyntaxError} When the engine does not know it.
 */
export function engineSet(source: string): CodeSet {
  let set = known.get(source);
  if (set === undefined) {
    const search = new RegExp(`[${source}]+`, "gu");
    const ranges: number[] = [];
    for (const { text, first, units } of everything()) {
      search.lastIndex = 0;
      for (let found = search.exec(text); found !== null; found = search.exec(text)) {
        const from = first + found.index / units;
        ranges.push(from, from + found[0].length / units - 1);
      }
    }
    set = codeSet(ranges);
    known.set(source, set);
  }
  return set;
}

// What fancy-regex, regex and Oniguruma call by a name that the engine does not know.
const OTHER_NAMES: Readonly<Record<string, string>> = {
  letter: "L",
  mark: "M",
  number: "N",
  punctuation: "P",
  symbol: "S",
  separator: "Z",
  other: "C",
  alpha: "Alphabetic",
  digit: "Nd",
  space: "White_Space",
  upper: "Uppercase",
  lower: "Lowercase",
  punct: "P",
  cntrl: "Cc",
};

/**
 * The set of a property by its name in a pattern: `L`, `Lu`, `Han`, `sc=Han`, `White_Space`, `^L`.
 *
 * @param name What stands in `\p{…}`.
 * @returns The set, or null when no such property is known.
 */
export function propertySet(name: string): CodeSet | null {
  if (name.startsWith("^")) {
    const inner = propertySet(name.slice(1));
    return inner && complement(inner);
  }
  if (!/^[A-Za-z0-9_ =:-]+$/.test(name)) return null;
  const spelled = name.replace(":", "=").replaceAll(" ", "_");
  if (/^any$/i.test(name)) return [0, 0x10ffff];
  const title = spelled.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join("_");
  const other = OTHER_NAMES[spelled.toLowerCase()];
  for (const form of [other, spelled, `Script=${spelled}`, title, `Script=${title}`]) {
    if (form === undefined) continue;
    const source = `\\p{${form}}`;
    try {
      new RegExp(source, "u");
    } catch (error) {
      if (error instanceof SyntaxError) continue; // the engine does not know this spelling; the next may do
      throw error;
    }
    return engineSet(source);
  }
  return null;
}

/** Unicode's White_Space: U+0085 is in it, U+FEFF is not. */
export function whiteSpace(): CodeSet {
  return engineSet("\\p{White_Space}");
}

/** What `\d` holds: decimal digits of every script. */
export function decimalDigits(): CodeSet {
  return engineSet("\\p{Nd}");
}

/**
 * What `\w` holds: UTS #18's word characters; Oniguruma leaves out the two joiners that the regex crate takes.
 *
 * @param joiners Whether U+200C and U+200D are in it.
 * @returns The set.
 */
export function wordCharacters(joiners: boolean): CodeSet {
  return engineSet(`\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}${joiners ? "\\p{Join_Control}" : ""}`);
}

let orbits: ReadonlyMap<number, readonly number[]> | undefined;

// Code points that simple case folding makes one. Upper and lower case of a code point propose, the engine's
// own folding decides: so U+017F stands with s, and U+0130, which only full folding changes, stands alone.
function caseOrbits(): ReadonlyMap<number, readonly number[]> {
  if (orbits !== undefined) return orbits;
  const groups = new Map<number, Set<number>>();
  const changing = engineSet("\\p{Changes_When_Casemapped}\\p{Changes_When_Casefolded}");
  for (let i = 0; i < changing.length; i += 2) {
    for (let code = changing[i]!; code <= changing[i + 1]!; code++) {
      const one = String.fromCodePoint(code);
      const upper = one.toUpperCase(), lower = one.toLowerCase();
      const same = new RegExp(`^\\u{${code.toString(16)}}$`, "iu");
      for (const other of [upper, lower, upper.toLowerCase(), lower.toUpperCase()]) {
        if (other === one || !same.test(other)) continue;
        const a = groups.get(code) ?? new Set([code]);
        const b = groups.get(other.codePointAt(0)!) ?? new Set([other.codePointAt(0)!]);
        const both = new Set([...a, ...b]);
        for (const member of both) groups.set(member, both);
      }
    }
  }
  orbits = new Map([...groups].map(([code, group]) => [code, [...group]]));
  return orbits;
}

/**
 * Adds what differs from the set's code points by case alone (Unicode's simple case folding).
 *
 * @param set The set.
 * @returns The set and its other cases: of `s` also `S` and U+017F.
 */
export function foldCase(set: CodeSet): CodeSet {
  const more: number[] = [];
  for (const [code, group] of caseOrbits()) {
    for (let i = 0; i < set.length; i += 2) {
      if (code >= set[i]! && code <= set[i + 1]!) {
        for (const other of group) more.push(other, other);
        break;
      }
    }
  }
  return more.length === 0 ? set : union(set, codeSet(more));
}

/** The set as text for messages: `U+0041..U+005A`, at most four ranges. */
export function describeSet(set: CodeSet): string {
  const hex = (code: number) =>
    code === END ? "the end" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const parts: string[] = [];
  for (let i = 0; i < set.length && i < 8; i += 2) {
    parts.push(set[i] === set[i + 1] ? hex(set[i]!) : `${hex(set[i]!)}..${hex(set[i + 1]!)}`);
  }
  return parts.join(", ") + (set.length > 8 ? ", …" : "");
}
