/**
 * Truncation of token lists to a length, with overlapping windows of the rest, as in tokenizers.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** End of a text at which tokens are cut off or padding is added. */
export type Side = "left" | "right";

/** Range of tokens: the first, and the exclusive end. */
export type TokenRange = readonly [from: number, to: number];

/**
 * Cuts a list into windows.
 *
 * @param length Tokens of the list.
 * @param most Tokens of a window.
 * @param stride Tokens that neighbouring windows share.
 * @param side Side that the first window leaves out.
 * @returns The windows: the first one is kept, the others overflow.
 * @throws {OnpathError} `size` if the stride is not smaller than a window.
 */
export function windowsOf(length: number, most: number, stride: number, side: Side): TokenRange[] {
  if (length <= most) return [[0, length]];
  if (most === 0) return [[0, 0], [0, length]];
  if (stride >= most) {
    throw new OnpathError(
      "size",
      `Cannot truncate to ${most} tokens of a text with a stride of ${stride}: expected a smaller stride`,
      { most, stride },
    );
  }
  const windows: TokenRange[] = [];
  for (let at = 0;; at += most - stride) {
    const end = Math.min(at + most, length);
    windows.push(side === "right" ? [at, end] : [length - end, length - at]);
    if (end === length) return windows;
  }
}

/**
 * Splits a length between two texts: the longer one is cut first, then both alike.
 *
 * @param first Tokens of the first text.
 * @param second Tokens of the second text.
 * @param most Tokens of both together.
 * @returns Tokens kept of each.
 */
export function shareLength(first: number, second: number, most: number): [first: number, second: number] {
  if (first + second <= most) return [first, second];
  const [shorter, longer] = [Math.min(first, second), Math.max(first, second)];
  // The longer one keeps what the shorter one leaves, or they share: the odd token goes to the longer one.
  let kept: [number, number] = [shorter, Math.min(longer, Math.max(shorter, most - shorter))];
  if (kept[0] + kept[1] > most) kept = [most >> 1, most - (most >> 1)];
  return first > second ? [kept[1], kept[0]] : kept;
}
