/**
 * Counts of an open kernel, read from its registers.
 *
 * @module
 */

import { COUNTER, DROP_REASONS } from "../../kernels/rtl/registers.ts";

/** Counts of a kernel since it was opened. */
export interface KernelCounts {
  /** Cycles with a packet inside, plus cycles of table loads. */
  readonly cycles: number;
  /** Cycles in which a packet waited for a table. */
  readonly stalls: number;
  /** Pages that became resident. */
  readonly swaps: number;
  /** Lookups in the kernel's own counters; 0 if it has none. */
  readonly lookups: number;
  /** Packets dropped, by the index of the failed check. */
  readonly drops: readonly number[];
}

/** Reads the counters of a kernel. */
export interface KernelCounter {
  /** Reads the counts. Drop counts are read again only if `withDrops` is true. */
  readonly counts: (withDrops: boolean) => KernelCounts;
  /** Reads the packets that left since the kernel was opened, modulo 2^32. */
  readonly left: () => number;
  /** Reads the packets inside the kernel. */
  readonly present: () => number;
}

/** Common counters, read for every count. */
const READ = ["cycles", "cyclesUpper", "words", "stalls", "swaps"] as const;

/**
 * Starts counting from the current values. A card counts from its reset, so earlier users may have raised them.
 *
 * @param read Reads a counter of 32 bits by its index in {@linkcode COUNTER}.
 * @param lookups Indexes of the kernel's own counters of lookups.
 */
export function createKernelCounter(
  read: (index: number) => number,
  lookups: readonly number[],
): KernelCounter {
  const indexes = [...READ.map((name) => COUNTER[name]), ...lookups];
  const readAll = () => indexes.map(read);
  const readDrops = () => DROP_REASONS.map((_, reason) => read(COUNTER.drops + reason));
  /** Increase of a counter that wrapped at most once. */
  const gained = (now: number, then: number) => (now - then) >>> 0;
  const [before, dropsBefore, leftBefore] = [readAll(), readDrops(), read(COUNTER.packets)];
  let drops = dropsBefore;
  return {
    counts: (withDrops) => {
      const now = readAll();
      if (withDrops) drops = readDrops();
      const [cycles, upper] = [now[0]! - before[0]!, now[1]! - before[1]!];
      const [words, stalls, swaps, ...own] = now.slice(2).map((count, n) => gained(count, before[n + 2]!));
      return {
        cycles: cycles + 2 ** 32 * upper + words!,
        stalls: stalls!,
        swaps: swaps!,
        lookups: own.reduce((sum, count) => sum + count, 0),
        drops: drops.map((count, reason) => gained(count, dropsBefore[reason]!)),
      };
    },
    left: () => gained(read(COUNTER.packets), leftBefore),
    present: () => read(COUNTER.present),
  };
}
