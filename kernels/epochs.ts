/**
 * Epochs: the numbers that packets and page loads carry, 32 bits in the header. They are compared as plain
 * numbers and never wrap. A session loads its plan again before its numbers end, and begins at 0.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import { OFFSET } from "../serialize/header.ts";
import { slotAddress } from "../serialize/packets.ts";
import type { Exchange } from "./program.ts";

/**
 * Last epoch of a plan that is loaded. The RTL's gate counts one more than the running epoch and announces one
 * more than the last, in 32 bits each.
 */
export const MAX_EPOCH: number = 2 ** 32 - 2;

/**
 * Last epoch of an exchange's packets, as their headers have it. A number beyond {@linkcode MAX_EPOCH} is no
 * epoch: devices drop its packet.
 *
 * @param exchange The exchange.
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
 * Refuses the epochs of a load that no packet can have.
 *
 * @param load Its page, the epoch that frees the slot (−1 for none), and the epoch that needs the page.
 * @throws {OnpathError} `table`, naming the page.
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

/** Numbers of epochs for the runs of a session. */
export interface EpochCounter {
  /**
   * Reserves the numbers of a run.
   *
   * @param count Epochs of the run.
   * @returns The first number; null when they do not fit behind those of earlier runs.
   */
  readonly reserve: (count: number) => number | null;
  /** Begins again at 0, for a plan that is loaded again. */
  readonly restart: () => void;
}

/**
 * Makes a counter that begins at 0.
 *
 * @param limit Epochs that the device counts between two loads of a plan.
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

/** The times at which the latest epochs ended. */
export interface EpochEnds {
  /** Records an end. Epochs come in their order. */
  readonly set: (epoch: number, at: number) => void;
  /** Time at which an epoch ended; undefined where it had no packets, or is long over. */
  readonly get: (epoch: number) => number | undefined;
  /** Number of ends that are held. */
  readonly size: () => number;
}

/**
 * Records ends of epochs, the latest ones alone.
 *
 * @param slots Slots for pages. A load names the epoch of its slot's last use. Since that use each epoch had a
 * page of its own: a page that stayed in a slot, or one that a load brought. Of the former there are at most
 * `slots`. Of the latter only those count whose slot was free earlier, at most `slots` too, because the loads
 * share one channel and a later request hides an earlier one. The list is four times as long.
 */
export function createEpochEnds(slots: number): EpochEnds {
  const kept = 4 * slots + 16;
  const ends = new Map<number, number>();
  return {
    set: (epoch, at) => {
      ends.set(epoch, at);
      // A map gives its keys in the order in which they came.
      if (ends.size > kept) ends.delete(ends.keys().next().value!);
    },
    get: (epoch) => ends.get(epoch),
    size: () => ends.size,
  };
}
