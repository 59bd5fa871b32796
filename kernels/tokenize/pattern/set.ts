/**
 * Sets of code points as sorted ranges. One additional symbol, {@linkcode END}, is the end of the text, so
 * that the possible next symbols are a set too.
 *
 * @module
 */

/** Greatest code point. */
export const LAST_CODE_POINT = 0x10ffff;

/** Symbol of the end of the text, after the last code point. */
export const END = 0x110000;

/** Ranges `[from, to, from, to, …]`: inclusive, ascending, and not adjacent. */
export type CodeSet = readonly number[];

/** Empty set. */
export const NONE: CodeSet = [];

/** Every code point, without the end of the text. */
export const ANY: CodeSet = [0, LAST_CODE_POINT];

/** Every code point and the end of the text. */
export const ANY_OR_END: CodeSet = [0, END];

/**
 * Sorts ranges and joins adjacent ones.
 *
 * @param ranges Ranges `[from, to, …]` in any order.
 * @returns The same code points as a set.
 */
export function codeSet(ranges: readonly number[]): CodeSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [from, to] of pairs) {
    const last = out.length - 1;
    if (last > 0 && from <= out[last]! + 1) out[last] = Math.max(out[last]!, to);
    else out.push(from, to);
  }
  return out;
}

/** Returns the union of sets. */
export function union(...sets: readonly CodeSet[]): CodeSet {
  return codeSet(sets.flat());
}

/** Returns the symbols of `all` that are not in the set; `all` is one range. */
export function complement(set: CodeSet, all: CodeSet = ANY): CodeSet {
  const out: number[] = [];
  let next = all[0]!;
  const last = all[1]!;
  for (let i = 0; i < set.length && next <= last; i += 2) {
    if (set[i]! > next) out.push(next, Math.min(set[i]! - 1, last));
    next = set[i + 1]! + 1;
  }
  if (next <= last) out.push(next, last);
  return out;
}

/** Returns the intersection of two sets. */
export function intersection(a: CodeSet, b: CodeSet): CodeSet {
  const out: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const from = Math.max(a[i]!, b[j]!), to = Math.min(a[i + 1]!, b[j + 1]!);
    if (from <= to) out.push(from, to);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return out;
}

/** Returns the symbols of the first set that are not in the second. */
export function difference(a: CodeSet, b: CodeSet): CodeSet {
  return intersection(a, complement(b, ANY_OR_END));
}

/** Tests whether a set contains a code point. */
export function has(set: CodeSet, codePoint: number): boolean {
  let low = 0, high = set.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (codePoint < set[middle * 2]!) high = middle - 1;
    else if (codePoint > set[middle * 2 + 1]!) low = middle + 1;
    else return true;
  }
  return false;
}
