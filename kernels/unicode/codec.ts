/**
 * Reads sets and maps of code points that stand in generated files as text: numbers of 7 bits a byte, the least
 * first, in base64. `scripts/text/unicode/pack.ts` writes them.
 *
 * @module
 */

function numbersOf(text: string): number[] {
  const bytes = atob(text);
  const numbers: number[] = [];
  let value = 0, shift = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    value |= (byte & 127) << shift;
    shift += 7;
    if (byte < 128) {
      numbers.push(value);
      value = shift = 0;
    }
  }
  return numbers;
}

/**
 * Reads a set.
 *
 * @param text Of each range the gap from the end of the one before, and the length.
 * @returns Ranges `[from, to, …]`, both ends in the set, ascending and apart.
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
 * @param text Of each entry the gap from the code point before, the length of its sequence, and the sequence: each
 * number as its difference from the one before, the first from the code point, with the sign in the lowest bit.
 * @returns The map, by ascending code point.
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
 * Writes a set as the inside of a bracketed class of a regular expression.
 *
 * @param ranges Ranges `[from, to, …]`.
 * @returns Such as `\u{41}-\u{5a}`.
 */
export function classText(ranges: readonly number[]): string {
  let text = "";
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i]!, ranges[i + 1]!];
    text += `\\u{${from.toString(16)}}` + (to > from ? `-\\u{${to.toString(16)}}` : "");
  }
  return text;
}
