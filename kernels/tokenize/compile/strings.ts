/**
 * Many byte strings as two flat arrays: a few large allocations in place of hundreds of thousands of small ones.
 *
 * @module
 */

/** Byte strings one after another. Plain data. */
export interface ByteStrings {
  /** All bytes. */
  readonly bytes: Uint8Array;
  /** Where each begins; one more entry than there are strings, the last one the number of bytes. */
  readonly offsets: Uint32Array;
}

/**
 * Lays byte strings one after another.
 *
 * @param strings The strings.
 * @returns Them as flat arrays.
 */
export function byteStrings(strings: readonly Uint8Array[]): ByteStrings {
  const offsets = new Uint32Array(strings.length + 1);
  for (let i = 0; i < strings.length; i++) offsets[i + 1] = offsets[i]! + strings[i]!.length;
  const bytes = new Uint8Array(offsets[strings.length]!);
  for (let i = 0; i < strings.length; i++) bytes.set(strings[i]!, offsets[i]!);
  return { bytes, offsets };
}

/**
 * Some of the strings, in another order.
 *
 * @param strings The strings.
 * @param which Indexes of those wanted.
 * @returns Them as flat arrays.
 */
export function selectStrings({ bytes, offsets }: ByteStrings, which: ArrayLike<number>): ByteStrings {
  const starts = new Uint32Array(which.length + 1);
  for (let i = 0; i < which.length; i++) {
    starts[i + 1] = starts[i]! + offsets[which[i]! + 1]! - offsets[which[i]!]!;
  }
  const chosen = new Uint8Array(starts[which.length]!);
  for (let i = 0; i < which.length; i++) {
    chosen.set(bytes.subarray(offsets[which[i]!]!, offsets[which[i]! + 1]!), starts[i]!);
  }
  return { bytes: chosen, offsets: starts };
}
