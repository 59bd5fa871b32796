/**
 * Epochs: 32-bit numbers of packets and page loads. They are compared as plain numbers and never wrap. Before
 * they run out, a session reloads its plan and restarts at 0.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import { OFFSET } from "../serialize/header.ts";
import { slotAddress } from "../serialize/packets.ts";
import type { Exchange } from "./program.ts";

/**
 * Last epoch of a loaded plan. The RTL's epoch gate holds the running epoch plus 1 and the last epoch plus 1,
 * in 32 bits each.
 */
export const MAX_EPOCH: number = 2 ** 32 - 2;

/**
 * Returns the last epoch in the headers of an exchange's packets.
 * Numbers above {@linkcode MAX_EPOCH} are ignored: devices drop their packets.
 *
 * @param exchange Exchange to inspect.
 */
export function lastEpoch({ input, count }: Exchange): number {
  let last = 0;
  for (let slot = 0; slot < count; slot++) {
    const epoch = input.engine.view.getUint32(slotAddress(input, slot) + OFFSET.epoch, true);
    if (epoch <= MAX_EPOCH) last = Math.max(last, epoch);
  }
  return last;
}

/**
 * Checks the epochs of a page load.
 *
 * @param load Page, the epoch that frees its slot (−1 if the slot is free), and the first epoch that needs
 * the page.
 * @throws {OnpathError} `table`, with the page, when an epoch is out of range.
 */
export function checkLoadEpochs(
  { page, after, before }: { readonly page: number; readonly after: number; readonly before: number },
): void {
  const isEpoch = (epoch: number) => Number.isInteger(epoch) && epoch >= 0 && epoch <= MAX_EPOCH;
  if ((after === -1 || isEpoch(after)) && isEpoch(before)) return;
  throw new OnpathError(
    "table",
    `Cannot stage page ${page} after epoch ${after}, before epoch ${before}: epochs go from 0 to ${MAX_EPOCH}`,
    { page, after, before, most: MAX_EPOCH },
  );
}

/** Allocates epoch numbers for the runs of a session. */
export interface EpochCounter {
  /**
   * Reserves the epochs of one run.
   *
   * @param count Number of epochs.
   * @returns First number, or null if too few numbers are left.
   */
  readonly reserve: (count: number) => number | null;
  /** Restarts at 0, after the plan was reloaded. */
  readonly restart: () => void;
}

/**
 * Creates a counter that starts at 0.
 *
 * @param limit Number of epochs between two loads of a plan. Default {@linkcode MAX_EPOCH} + 1.
 *
 * @example
 * ```ts
 * import { createEpochCounter } from "./epochs.ts";
 * import assert from "node:assert/strict";
 *
 * const epochs = createEpochCounter(10);
 * assert.equal(epochs.reserve(6), 0);
 * assert.equal(epochs.reserve(4), 6);
 * assert.equal(epochs.reserve(1), null);
 * epochs.restart();
 * assert.equal(epochs.reserve(1), 0);
 * ```
 */
export function createEpochCounter(limit: number = MAX_EPOCH + 1): EpochCounter {
  let next = 0;
  return {
    reserve: (count) => {
      if (next + count > limit) return null;
      next += count;
      return next - count;
    },
    restart: () => {
      next = 0;
    },
  };
}

/** End times of the latest epochs. */
export interface EpochEnds {
  /** Records the end of an epoch. Epochs must be recorded in ascending order. */
  readonly set: (epoch: number, at: number) => void;
  /** Returns when an epoch ended; undefined if it had no packets or was evicted from the list. */
  readonly get: (epoch: number) => number | undefined;
  /** Number of recorded ends. */
  readonly size: () => number;
}

/**
 * Creates a list of the latest epoch ends, at most 4 · `slots` + 16.
 *
 * Proof of the bound: a load names the epoch of its slot's last use. Every epoch since then used a page that
 * stayed in a slot, or one that a load brought. At most `slots` pages stayed. The loads share one channel, and
 * a later request hides an earlier one. So at most `slots` loads matter whose slot was free earlier.
 *
 * @param slots Number of page slots.
 */
export function createEpochEnds(slots: number): EpochEnds {
  const kept = 4 * slots + 16;
  const ends = new Map<number, number>();
  return {
    set: (epoch, at) => {
      ends.set(epoch, at);
      // A Map lists its keys in insertion order, so the first key is the oldest.
      if (ends.size > kept) ends.delete(ends.keys().next().value!);
    },
    get: (epoch) => ends.get(epoch),
    size: () => ends.size,
  };
}
