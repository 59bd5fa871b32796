/**
 * Reads sets and maps of code points from the text of generated files: numbers as digits of 5 bits, lowest first. A
 * small number is one letter, so the files compress well. `scripts/text/unicode/pack.ts` writes them.
 *
 * @module
 */

/** Digits of packed numbers, by value: 5 bits, and a sixth for all but the last digit of a number. */
export const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function numbersOf(text: string): number[] {
  const numbers: number[] = [];
  let value = 0, shift = 0;
  for (const digit of text) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits < 32) {
      numbers.push(value);
      value = shift = 0;
    }
  }
  return numbers;
}

/**
 * Reads a set.
 *
 * @param text For each range, the gap after the preceding range, and the length.
 * @returns Inclusive ranges `[from, to, …]`, ascending and not adjacent.
 */
export function rangesOf(text: string): number[] {
  const ranges = numbersOf(text);
  let after = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    ranges[i]! += after;
    after = ranges[i]! + ranges[i + 1]!;
    ranges[i + 1] = after - 1;
  }
  return ranges;
}

/**
 * Reads a map from code points to sequences of numbers.
 *
 * @param text For each entry, the difference to the preceding code point, the length of the sequence, and the
 * sequence. Each number of it is a difference to the preceding number, the first to the code point; the sign is the
 * lowest bit.
 * @returns Sequences by code point, ascending.
 */
export function mappingOf(text: string): Map<number, readonly number[]> {
  const numbers = numbersOf(text);
  const map = new Map<number, readonly number[]>();
  let code = 0;
  for (let at = 0; at < numbers.length;) {
    code += numbers[at++]!;
    const end = at + 1 + numbers[at]!;
    const targets: number[] = [];
    let last = code;
    for (at++; at < end; at++) {
      last += (numbers[at]! >>> 1) ^ -(numbers[at]! & 1);
      targets.push(last);
    }
    map.set(code, targets);
  }
  return map;
}

/**
 * Formats a set as the contents of a bracketed class of a regular expression.
 *
 * @param ranges Inclusive ranges `[from, to, …]`.
 * @returns The text, such as `\u{41}-\u{5a}`.
 */
export function classText(ranges: readonly number[]): string {
  let text = "";
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i]!, ranges[i + 1]!];
    text += `\\u{${from.toString(16)}}` + (to > from ? `-\\u{${to.toString(16)}}` : "");
  }
  return text;
}
