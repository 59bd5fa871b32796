/**
 * Sets of code points that stand in the code as text.
 *
 * @module
 */

/**
 * Reads a set.
 *
 * @param text Of each range the gap from the end of the one before and its length, in base 36.
 * @returns Ranges `[from, to, …]`, both ends in the set.
 */
export function rangesOf(text: string): number[] {
  const words = text.split(" ");
  const ranges: number[] = [];
  let after = 0;
  for (let i = 0; i < words.length; i += 2) {
    const from = after + Number.parseInt(words[i]!, 36);
    after = from + Number.parseInt(words[i + 1]!, 36);
    ranges.push(from, after - 1);
  }
  return ranges;
}

/**
 * Writes a set as what stands between the brackets of a regular expression's class.
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
