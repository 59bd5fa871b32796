/**
 * Hot entries: the table entries kept on chip when the order of lookups is unknown in advance, as for pixels
 * and tokens. A sample of the user's data selects them.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { type Tensor, toDense } from "../../../serialize/tensor.ts";
import { countMisses, MAX_PAGE, MAX_SLOTS } from "./replacement.ts";

/** Selected entries, and their hit rate in the sample. */
export interface HotEntries {
  /** Entry numbers, most frequent first; equal ones in ascending order. */
  readonly hot: Uint32Array<ArrayBuffer>;
  /** Share of the sample's lookups that the entries serve, 0 to 1. */
  readonly expected: number;
}

/** Hit rates on chip, 0 to 1. */
export interface HitRates {
  /** Number of lookups. */
  readonly lookups: number;
  /** Hit rate of the hot entries, which are never evicted. */
  readonly hot: number;
  /** Hit rate of a cache that evicts the least recently used entry. */
  readonly lru: number;
  /** Hit rate of a cache that evicts the entry used least often since its load. */
  readonly lfu: number;
  /** Maximum hit rate of any choice of entries with all later lookups known (Belady's rule with bypass). */
  readonly optimum: number;
}

/**
 * Counts the samples of each level in images.
 *
 * @param images u8 tensors. A view counts only its own elements, such as one channel or every second row.
 * @returns Number of samples of each of the 256 levels.
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
 * Selects the entries to keep on chip: the most frequent ones. No other set of this size serves more of the
 * sample.
 *
 * @param counts Number of lookups of each entry in a sample.
 * @param capacity Number of entries that fit, 1 to {@linkcode MAX_SLOTS}. If it exceeds the number of
 * entries, all are kept.
 * @returns Entries, and the share of the sample that they serve.
 * @throws {OnpathError} `size` when a number is out of range, or the sample has no lookups.
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
  checkInteger("capacity in entries", capacity, 1, MAX_SLOTS);
  let total = 0;
  const order = Uint32Array.from(counts, (count, entry) => {
    total += checkInteger(`entry ${entry} with count`, count, 0, Number.MAX_SAFE_INTEGER);
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
 * Returns the share of lookups that the most frequent entries receive.
 *
 * @param counts Number of lookups of each entry.
 * @param n Number of entries, 1 to {@linkcode MAX_SLOTS}.
 * @returns Share, 0 to 1. Entries with equal counts give `n / counts.length`.
 * @throws {OnpathError} Under the conditions of {@linkcode hotEntries}.
 */
export function topShare(counts: ArrayLike<number>, n: number): number {
  return hotEntries(counts, n).expected;
}

/**
 * Measures the hit rate of hot entries on a sequence, compared with caches of the same capacity.
 *
 * All four start with the hot entries resident, so that filling makes no difference. `optimum` is therefore
 * at least each of the others. Like the hot entries, it may serve a miss from far memory without a load.
 *
 * @param sequence Entry numbers in lookup order.
 * @param hot Entries that stay resident, at most `capacity`.
 * @param capacity Number of entries that fit, 1 to {@linkcode MAX_SLOTS}.
 * @returns Hit rates on chip.
 * @throws {OnpathError} `size` when a number is out of range, an entry is hot twice, or the sequence is
 * empty.
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
  checkInteger("capacity in entries", capacity, 1, MAX_SLOTS);
  checkInteger("number of hot entries", hot.length, 0, capacity);
  checkInteger("number of lookups", sequence.length, 1, MAX_PAGE);
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
 * Returns the expected cycles of one lookup: `h + (1 − h) · L`, with 1 cycle for a hit on chip.
 * This is latency. If requests to far memory overlap, throughput exceeds its inverse.
 *
 * @param hitRate Hit rate on chip `h`, 0 to 1.
 * @param latency Latency of a miss `L` in cycles, at least 1.
 * @returns Expected latency in cycles.
 * @throws {OnpathError} `size` when a number is out of range.
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
  checkInteger("latency", latency, 1, MAX_PAGE);
  if (!(hitRate >= 0 && hitRate <= 1)) {
    throw new OnpathError("size", `Cannot use hit rate ${hitRate}: expected 0 to 1`, { hitRate });
  }
  return hitRate + (1 - hitRate) * latency;
}
