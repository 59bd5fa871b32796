/**
 * Packs sets and maps of code points into the text format of `kernels/unicode/codec.ts`.
 *
 * @module
 */

import { DIGITS } from "../../../kernels/unicode/codec.ts";

/** Writes each number as digits of 5 bits, lowest first; the sixth bit says that more follow. */
function digits(numbers: readonly number[]): string {
  let text = "";
  for (let value of numbers) {
    for (; value > 31; value >>>= 5) text += DIGITS[value & 31 | 32]!;
    text += DIGITS[value]!;
  }
  return text;
}

/**
 * Joins adjacent code points into ranges.
 *
 * @param codes Ascending code points.
 * @returns Inclusive ranges `[from, to, …]`.
 */
export function rangesFrom(codes: Iterable<number>): number[] {
  const ranges: number[] = [];
  for (const code of codes) {
    if (ranges.at(-1) === code - 1) ranges[ranges.length - 1] = code;
    else ranges.push(code, code);
  }
  return ranges;
}

/** Packs inclusive ranges `[from, to, …]`. */
export function packRanges(ranges: readonly number[]): string {
  const numbers: number[] = [];
  let after = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    numbers.push(ranges[i]! - after, ranges[i + 1]! - ranges[i]! + 1);
    after = ranges[i + 1]! + 1;
  }
  return digits(numbers);
}

/** Packs a map from ascending code points to sequences of numbers. */
export function packMapping(map: Iterable<readonly [number, readonly number[]]>): string {
  const numbers: number[] = [];
  let before = 0;
  for (const [code, targets] of map) {
    numbers.push(code - before, targets.length);
    before = code;
    let last = code;
    for (const target of targets) {
      const difference = target - last;
      numbers.push(difference < 0 ? -difference * 2 - 1 : difference * 2);
      last = target;
    }
  }
  return digits(numbers);
}

/** Formats a packed text as lines of source code. */
export function sourceLines(packed: string): string {
  const parts = packed.match(/.{1,100}/g) ?? [""];
  return parts.map((part) => `  "${part}"`).join(" +\n");
}
