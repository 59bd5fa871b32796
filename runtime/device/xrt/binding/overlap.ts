/**
 * Overlapping stages: batch n+1 is written while n runs and n-1 is read back.
 *
 * @module
 */

import { checkWhole } from "../../../../serialize/errors.ts";

/** Steps of each item, in order. A stage is a slot of a ring, numbered from 0. */
export interface OverlapSteps<T> {
  /**
   * Writes an item into the stage's memory. Runs for one item at a time, while earlier ones are in flight.
   */
  readonly fill: (stage: number, item: T) => void | Promise<void>;
  /**
   * Starts the stage and resolves once it has started. Runs for one stage at a time, while the next item is
   * written.
   */
  readonly launch: (stage: number) => Promise<void>;
  /** Resolves when the result is in the stage's memory. */
  readonly collect: (stage: number) => Promise<void>;
  /** Reads the result, in the order of the items. The stage is free afterwards. */
  readonly drain: (stage: number, item: T) => void | Promise<void>;
}

/**
 * Runs each item through the steps, with up to `depth` items in flight.
 *
 * @param items Items; the next one is requested when its stage is free.
 * @param depth Number of stages, 1 to 64: 2 overlap writing with running, 3 also with reading.
 * @param steps Steps of each item.
 * @returns Number of items.
 * @throws Error of the first failing step, once all items in flight have ended.
 *
 * @example
 * ```ts
 * import { overlap } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * const memory = [0, 0, 0];
 * const squares: number[] = [];
 * await overlap([1, 2, 3, 4], 3, {
 *   fill: (stage, item) => void (memory[stage] = item),
 *   launch: () => Promise.resolve(),
 *   collect: (stage) => Promise.resolve(void (memory[stage]! **= 2)),
 *   drain: (stage) => void squares.push(memory[stage]!),
 * });
 * assert.deepEqual(squares, [1, 4, 9, 16]);
 * ```
 */
export async function overlap<T>(
  items: Iterable<T> | AsyncIterable<T>,
  depth: number,
  steps: OverlapSteps<T>,
): Promise<number> {
  checkWhole("stage count", depth, 1, 64);
  const busy: Promise<void>[] = Array.from({ length: depth }, () => Promise.resolve());
  let launched = Promise.resolve();
  let drained = Promise.resolve();
  let count = 0;
  try {
    for await (const item of items) {
      const stage = count % depth;
      await busy[stage];
      await steps.fill(stage, item);
      launched = launched.then(() => steps.launch(stage));
      drained = finish(steps, stage, item, launched, drained);
      busy[stage] = drained;
      // `drained` is awaited when its stage is reused, or at the end. The handler avoids an unhandled
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
  { collect, drain }: OverlapSteps<T>,
  stage: number,
  item: T,
  launched: Promise<void>,
  before: Promise<void>,
): Promise<void> {
  try {
    await launched;
    await collect(stage);
  } finally {
    // Results are drained in order; after a failure no later result is drained.
    await before;
  }
  await drain(stage, item);
}
