/**
 * Work in overlapping stages: batch n+1 is written while n runs and n-1 is read back.
 *
 * @module
 */

import { checkWhole } from "../../../../serialize/errors.ts";

/** What is done with every item, in this order. A stage is a place in a ring, from 0 on. */
export interface OverlapSteps<T> {
  /** Writes the item into the stage's memory. One item at a time, while earlier ones are under way. */
  readonly fill: (stage: number, item: T) => void | Promise<void>;
  /** Sends it off, and returns when that is done; one stage at a time, while the next item is written. */
  readonly launch: (stage: number) => Promise<void>;
  /** Waits until its answer stands in the stage's memory. */
  readonly collect: (stage: number) => Promise<void>;
  /** Takes the answer; in the order of the items. The stage is free afterwards. */
  readonly drain: (stage: number, item: T) => void | Promise<void>;
}

/**
 * Takes items through the steps, as many at once as there are stages.
 *
 * @param items The items; the next one is asked for when a stage is free for it.
 * @param depth Number of stages: 2 lets writing and running overlap, 3 reading too.
 * @param steps What is done.
 * @returns Number of items.
 * @throws Whatever the first step that fails throws, when all that was under way has ended.
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
  checkWhole("a number of stages of", depth, 1, 64);
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
      // It is awaited when its stage comes round again, or at the end; until then nobody listens.
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
    // An answer is taken when those before it are; after a failure none is.
    await before;
  }
  await drain(stage, item);
}
