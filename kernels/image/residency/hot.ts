/**
 * Hot entries: which entries of a table are kept on the chip when the order of lookups cannot be known in
 * advance, as for pixel values and tokens. A sample of the user's data says which.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../../serialize/errors.ts";
import { type Tensor, toDense } from "../../../serialize/tensor.ts";
import { countMisses, MAX_PAGE, MAX_SLOTS } from "./replacement.ts";

/** The entries to keep, and what the sample promises of them. */
export interface HotEntries {
  /** The entries, most frequent first; among equals the lowest first. */
  readonly hot: Uint32Array<ArrayBuffer>;
  /** The share of the sample's lookups that they serve, 0 to 1. */
  readonly expected: number;
}

/** Shares of lookups that are served on the chip, 0 to 1. */
export interface HitRates {
  /** Number of lookups. */
  readonly lookups: number;
  /** The hot entries, which stay. */
  readonly hot: number;
  /** A cache that gives up what was used longest ago. */
  readonly lru: number;
  /** A cache that gives up what was used least often since it was loaded. */
  readonly lfu: number;
  /** What no choice of entries passes, even with all later lookups known (Belady's rule with bypass). */
  readonly optimum: number;
}

/**
 * Counts how often each level stands in images.
 *
 * @param images u8 tensors; views count only what they show, so that a channel or every second row can be
 * counted alone.
 * @returns The number of samples of each of 256 levels.
 * @throws {OnpathError} `dtype` when a tensor is not u8.
 *
 * @example
 * ```ts
 * import { tensor } from "onpath";
 * import { countLevels } from "./hot.ts";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array([7, 7, 255, 0]), { dtype: "u8", shape: [2, 2, 1], layout: "HWC" });
 * const counts = countLevels([image, image]);
 * assert.deepEqual([counts.length, counts[0], counts[7], counts[255]], [256, 2, 4, 2]);
 * ```
 */
export function countLevels(images: readonly Tensor[]): Float64Array<ArrayBuffer> {
  const counts = new Float64Array(256);
  for (const image of images) {
    if (image.dtype !== "u8") {
      throw new OnpathError("dtype", `Cannot count the levels of ${image.dtype}: expected u8`, {
        expected: "u8",
        found: image.dtype,
      });
    }
    for (const level of toDense(image).data) counts[level]!++;
  }
  return counts;
}

/**
 * Chooses the entries that stay on the chip: the most frequent ones, which serve the greatest share of the
 * sample that any set of this size can.
 *
 * @param counts How often each entry was looked up in a sample.
 * @param capacity Number of entries that fit, from 1 to {@linkcode MAX_SLOTS}; beyond the number of
 * entries, all stay.
 * @returns The entries and the share of the sample that they serve.
 * @throws {OnpathError} `size` for a number outside its limits or a sample of no lookup at all.
 *
 * @example
 * ```ts
 * import { hotEntries } from "./hot.ts";
 * import assert from "node:assert/strict";
 *
 * const { hot, expected } = hotEntries([1, 5, 0, 5, 9], 3);
 * assert.deepEqual([...hot], [4, 1, 3]);
 * assert.equal(expected, 19 / 20);
 * ```
 */
export function hotEntries(counts: ArrayLike<number>, capacity: number): HotEntries {
  checkWhole("capacity in entries", capacity, 1, MAX_SLOTS);
  let total = 0;
  const order = Uint32Array.from(counts, (count, entry) => {
    total += checkWhole(`count of entry ${entry} with`, count, 0, Number.MAX_SAFE_INTEGER);
    return entry;
  });
  if (total === 0) {
    const message = "Cannot choose hot entries: the sample has no lookup, expected at least one";
    throw new OnpathError("size", message, { entries: counts.length });
  }
  order.sort((a, b) => counts[b]! - counts[a]! || a - b);
  const hot = order.slice(0, capacity);
  return { hot, expected: hot.reduce((sum, entry) => sum + counts[entry]!, 0) / total };
}

/**
 * The share of lookups that go to the most frequent entries.
 *
 * @param counts How often each entry was looked up.
 * @param n How many entries are taken, from 1 to {@linkcode MAX_SLOTS}.
 * @returns Their share, 0 to 1; entries that were all looked up equally often give `n / counts.length`.
 * @throws {OnpathError} As {@linkcode hotEntries}.
 */
export function topShare(counts: ArrayLike<number>, n: number): number {
  return hotEntries(counts, n).expected;
}

/**
 * Measures how many lookups of a sequence hot entries serve, against caches of the same capacity.
 *
 * All four begin with the hot entries in place, so that no difference comes from filling. Then `optimum`
 * is at least each of the others: like the hot entries, it may serve a miss from afar and keep what it has.
 *
 * @param sequence The entries in the order in which they are looked up.
 * @param hot The entries that stay, at most `capacity`.
 * @param capacity Number of entries that fit, from 1 to {@linkcode MAX_SLOTS}.
 * @returns Shares of the lookups that are served on the chip.
 * @throws {OnpathError} `size` for a number outside its limits, an entry that is hot twice, or an empty
 * sequence.
 *
 * @example
 * ```ts
 * import { hitRates } from "./hot.ts";
 * import assert from "node:assert/strict";
 *
 * const rates = hitRates([1, 2, 1, 3, 1, 4], [1], 1);
 * assert.deepEqual(rates, { lookups: 6, hot: 1 / 2, lru: 1 / 6, lfu: 1 / 6, optimum: 1 / 2 });
 * ```
 */
export function hitRates(
  sequence: ArrayLike<number>,
  hot: ArrayLike<number>,
  capacity: number,
): HitRates {
  checkWhole("capacity in entries", capacity, 1, MAX_SLOTS);
  checkWhole("number of hot entries", hot.length, 0, capacity);
  checkWhole("number of lookups", sequence.length, 1, MAX_PAGE);
  const resident = Array.from({ length: capacity }, (_, slot) => hot[slot] ?? -1);
  const lookups = sequence.length;
  const share = (policy: "lru" | "lfu" | "bypass") =>
    (lookups - countMisses(sequence, capacity, policy, resident)) / lookups;
  const rates = { lru: share("lru"), lfu: share("lfu"), optimum: share("bypass") };
  const kept = new Set(Array.from(hot));
  let hits = 0;
  for (let i = 0; i < lookups; i++) if (kept.has(sequence[i]!)) hits++;
  return { lookups, hot: hits / lookups, ...rates };
}

/**
 * The expected cycles of one lookup: `h + (1 − h) · L`, with 1 cycle for a hit on the chip. It is the time
 * until the answer; where requests to far memory overlap, the throughput is better than its inverse.
 *
 * @param hitRate The share `h` that is served on the chip, 0 to 1.
 * @param latency What a miss takes, `L`, in cycles; at least 1.
 * @returns Cycles.
 * @throws {OnpathError} `size` for a share or a latency outside its limits.
 *
 * @example
 * ```ts
 * import { lookupCycles } from "./hot.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(lookupCycles(0.75, 65), 17);
 * ```
 */
export function lookupCycles(hitRate: number, latency: number): number {
  checkWhole("latency", latency, 1, MAX_PAGE);
  if (!(hitRate >= 0 && hitRate <= 1)) {
    throw new OnpathError("size", `Cannot use hit rate ${hitRate}: expected 0 to 1`, { hitRate });
  }
  return hitRate + (1 - hitRate) * latency;
}
