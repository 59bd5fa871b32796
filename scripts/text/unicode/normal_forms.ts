/**
 * Generates the tables of normal forms and of lower case. The forms come from the JavaScript engine, whose
 * Unicode version is checked; deviations of tokenizers come from tokenizers.
 *
 * @module
 */

import { ALL_TEXTS, tokenizersProbe } from "./peers.ts";

type Mapping = Map<number, number[]>;

const codesOf = (text: string) => Array.from(text, (one) => one.codePointAt(0)!);

const HANGUL = { first: 0xac00, end: 0xd7a4 };

function* allCodes(): Generator<number> {
  for (const text of ALL_TEXTS) for (const one of text) yield one.codePointAt(0)!;
}

/** By code point: its image under `change`, if it differs. Hangul syllables are omitted. */
function changes(change: (text: string) => string): Mapping {
  const map: Mapping = new Map();
  for (const text of ALL_TEXTS) {
    if (change(text) === text) continue;
    for (const one of text) {
      const code = one.codePointAt(0)!, made = change(one);
      if (made !== one && !(code >= HANGUL.first && code < HANGUL.end)) map.set(code, codesOf(made));
    }
  }
  return map;
}

/** Complete canonical decompositions. */
export const canonical = (): Mapping => changes((text) => text.normalize("NFD"));

/** Complete compatibility decompositions that differ from the canonical ones. */
export function compatible(): Mapping {
  const all = changes((text) => text.normalize("NFKD"));
  for (const code of all.keys()) {
    const one = String.fromCodePoint(code);
    if (one.normalize("NFD") === one.normalize("NFKD")) all.delete(code);
  }
  return all;
}

/** Code points that decompose into several and never compose again: NFC decomposes them. */
export function exclusions(): number[] {
  return [...canonical()].filter(([code, parts]) => {
    const one = String.fromCodePoint(code);
    return parts.length > 1 && one.normalize("NFC") !== one;
  }).map(([code]) => code);
}

/** Marks of the lowest and of the highest combining class, 1 and 240. */
const LOWEST = 0x334, HIGHEST = 0x345;

/**
 * Ranks of combining classes, from 1. Canonical order swaps two marks if the first one's class is higher, so
 * swaps sort marks into classes. A mark is a code point that is swapped with a mark of the lowest or the
 * highest class.
 */
export function ranks(): Mapping {
  const isAbove = (a: number, b: number) => {
    const [x, y] = [String.fromCodePoint(a), String.fromCodePoint(b)];
    return (x + y).normalize("NFD") === y + x && a !== b;
  };
  const classes: number[][] = [];
  for (const code of allCodes()) {
    const one = String.fromCodePoint(code);
    if (one.normalize("NFD") !== one || !(isAbove(code, LOWEST) || isAbove(HIGHEST, code))) continue;
    let low = 0, high = classes.length, found = -1;
    while (low < high && found < 0) {
      const middle = (low + high) >> 1, other = classes[middle]![0]!;
      if (isAbove(code, other)) low = middle + 1;
      else if (isAbove(other, code)) high = middle;
      else found = middle;
    }
    if (found >= 0) classes[found]!.push(code);
    else classes.splice(low, 0, [code]);
  }
  const byCode = classes.flatMap((codes, i) => codes.map((code) => [code, [i + 1]] as [number, number[]]));
  return new Map(byCode.sort(([a], [b]) => a - b));
}

/** Lists code points with a decomposition or a combining class, but neither in tokenizers. */
export function unknownToTokenizers(): number[] {
  const peers = (["NFD", "NFKD"] as const).map((form) => {
    const normalizer = tokenizersProbe({ type: form }).getNormalizer();
    return [form, (text: string) => normalizer.normalizeString(text)] as const;
  });
  const lowest = String.fromCodePoint(LOWEST), highest = String.fromCodePoint(HIGHEST);
  const found: number[] = [];
  for (const code of new Set([...canonical().keys(), ...compatible().keys(), ...ranks().keys()])) {
    const one = String.fromCodePoint(code), text = `a${highest}${one}${lowest}`;
    const wrong = peers.filter(([form, peer]) => peer(text) !== text.normalize(form));
    if (wrong.length > 0) found.push(code);
  }
  return found.sort((a, b) => a - b);
}

/** Lower case by code point in tokenizers: Rust's `char::to_lowercase`. */
export function lowerCase(): Mapping {
  const normalizer = tokenizersProbe({ type: "Lowercase" }).getNormalizer();
  return changes((text) => normalizer.normalizeString(text));
}
