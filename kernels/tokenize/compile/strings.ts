/**
 * Byte strings as two flat arrays: a few large allocations in place of hundreds of thousands of small ones.
 *
 * @module
 */

/** Concatenated byte strings. Plain data. */
export interface ByteStrings {
  /** Bytes of all strings. */
  readonly bytes: Uint8Array;
  /** Byte offset of each string; the extra last entry is the total length. */
  readonly offsets: Uint32Array;
}

/**
 * Concatenates byte strings.
 *
 * @param strings Strings to copy.
 * @returns Copies as flat arrays.
 */
export function byteStrings(strings: readonly Uint8Array[]): ByteStrings {
  const offsets = new Uint32Array(strings.length + 1);
  for (let i = 0; i < strings.length; i++) offsets[i + 1] = offsets[i]! + strings[i]!.length;
  const bytes = new Uint8Array(offsets[strings.length]!);
  for (let i = 0; i < strings.length; i++) bytes.set(strings[i]!, offsets[i]!);
  return { bytes, offsets };
}

/**
 * Selects strings by index.
 *
 * @param strings Strings to select from.
 * @param which Indexes of the strings, in the order of the result.
 * @returns Copies as flat arrays.
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
