/**
 * Unicode properties and simple case folding, by their names in patterns. The tables are part of this code
 * (`kernels/unicode`), so compiled tables are the same on every JavaScript engine.
 *
 * @module
 */

import { CASE_ORBITS } from "../../unicode/cases_data.ts";
import { mappingOf } from "../../unicode/codec.ts";
import { unicodeSet } from "../../unicode/properties.ts";
import { type CodeSet, codeSet, complement, union } from "./set.ts";

// Names of fancy-regex, regex and Oniguruma that ECMAScript lacks.
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["letter", "L"],
  ["mark", "M"],
  ["number", "N"],
  ["punctuation", "P"],
  ["symbol", "S"],
  ["separator", "Z"],
  ["other", "C"],
  ["alpha", "Alphabetic"],
  ["digit", "Nd"],
  ["space", "White_Space"],
  ["upper", "Uppercase"],
  ["lower", "Lowercase"],
  ["cntrl", "Cc"],
]);

/**
 * Looks up the set of a property by its name in a pattern: `L`, `Lu`, `Han`, `sc=Han`, `White_Space`, `^L`.
 *
 * @param name Text inside `\p{…}`.
 * @returns The set, or null for an unknown property.
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
  const other = OTHER_NAMES.get(spelled.toLowerCase());
  for (const form of [other, spelled, `Script=${spelled}`, title, `Script=${title}`]) {
    if (form === undefined) continue;
    const set = unicodeSet(form);
    if (set !== null) return set;
  }
  return null;
}

/** Returns the set of `\d`: decimal digits of every script. */
export function decimalDigits(): CodeSet {
  return unicodeSet("Nd")!;
}

/**
 * Returns the set of `\w`: the word characters of UTS #18. Oniguruma omits the two joiners, and adds the
 * superscripts and fractions of Latin-1 (U+00B2, U+00B3, U+00B9, U+00BC to U+00BE).
 *
 * @param isOniguruma True for Oniguruma's set.
 * @returns The set.
 */
export function wordCharacters(isOniguruma: boolean): CodeSet {
  return union(
    ...["Alphabetic", "M", "Nd", "Pc"].map((name) => unicodeSet(name)!),
    isOniguruma ? LATIN_1_NUMBERS : unicodeSet("Join_Control")!,
  );
}

const LATIN_1_NUMBERS: CodeSet = [0xb2, 0xb3, 0xb9, 0xb9, 0xbc, 0xbe];

let orbits: ReadonlyMap<number, readonly number[]> | undefined;

// Code points that simple case folding maps together: U+017F belongs to s; U+0130, which only full folding
// changes, stands alone.
function caseOrbits(): ReadonlyMap<number, readonly number[]> {
  if (orbits === undefined) {
    const groups = new Map<number, readonly number[]>();
    for (const [least, others] of mappingOf(CASE_ORBITS)) {
      const group = [least, ...others];
      for (const code of group) groups.set(code, group);
    }
    orbits = groups;
  }
  return orbits;
}

/**
 * Adds the code points that differ from the set's only by case (Unicode's simple case folding).
 *
 * @param set Set to extend.
 * @returns The set with its other cases: for `s` also `S` and U+017F.
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
