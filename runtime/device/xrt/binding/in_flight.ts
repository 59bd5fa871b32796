/**
 * Overlapping slots: batch n+1 is written while n runs and n-1 is read back.
 *
 * @module
 */

import { checkInteger } from "../../../../serialize/errors.ts";

/** Steps of each item, in order. Slots are ring slots, numbered from 0. */
export interface InFlightSteps<T> {
  /**
   * Writes an item into the slot's memory. Runs for one item at a time, while earlier ones are in flight.
   */
  readonly fill: (slot: number, item: T) => void | Promise<void>;
  /**
   * Starts the slot and resolves once it has started. Runs for one slot at a time, while the next item is
   * written.
   */
  readonly launch: (slot: number) => Promise<void>;
  /** Resolves when the result is in the slot's memory. */
  readonly collect: (slot: number) => Promise<void>;
  /** Reads the result, in the order of the items. The slot is free afterwards. */
  readonly drain: (slot: number, item: T) => void | Promise<void>;
}

/**
 * Runs each item through the steps, with up to `depth` items in flight.
 *
 * @param items Items; the next one is requested when its slot is free.
 * @param depth Number of slots, 1 to 64: 2 overlap writing with running, 3 also with reading.
 * @param steps Steps of each item.
 * @returns Number of items.
 * @throws Error of the first failing step, once all items in flight have ended.
 *
 * @example
 * ```ts
 * import { keepInFlight } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * const memory = [0, 0, 0];
 * const squares: number[] = [];
 * await keepInFlight([1, 2, 3, 4], 3, {
 *   fill: (slot, item) => void (memory[slot] = item),
 *   launch: () => Promise.resolve(),
 *   collect: (slot) => Promise.resolve(void (memory[slot]! **= 2)),
 *   drain: (slot) => void squares.push(memory[slot]!),
 * });
 * assert.deepEqual(squares, [1, 4, 9, 16]);
 * ```
 */
export async function keepInFlight<T>(
  items: Iterable<T> | AsyncIterable<T>,
  depth: number,
  steps: InFlightSteps<T>,
): Promise<number> {
  checkInteger("slot count", depth, 1, 64);
  const busy: Promise<void>[] = Array.from({ length: depth }, () => Promise.resolve());
  let launched = Promise.resolve();
  let drained = Promise.resolve();
  let count = 0;
  try {
    for await (const item of items) {
      const slot = count % depth;
      await busy[slot];
      await steps.fill(slot, item);
      launched = launched.then(() => steps.launch(slot));
      drained = finish(steps, slot, item, launched, drained);
      busy[slot] = drained;
      // `drained` is awaited when its slot is reused, or at the end. The handler avoids an unhandled
      // rejection.
      drained.catch(() => {});
      count++;
    }
    await drained;
    return count;
  } finally {
    await Promise.allSettled(busy);
  }
}

async function finish<T>(
  { collect, drain }: InFlightSteps<T>,
  slot: number,
  item: T,
  launched: Promise<void>,
  before: Promise<void>,
): Promise<void> {
  try {
    await launched;
    await collect(slot);
  } finally {
    // Results are drained in order; after a failure no later result is drained.
    await before;
  }
  await drain(slot, item);
}
