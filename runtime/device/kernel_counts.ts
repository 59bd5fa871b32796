/**
 * Counts of an opened kernel, from its registers.
 *
 * @module
 */

import { COUNTER, DROP_REASONS } from "../../kernels/rtl/registers.ts";

/** Counts of a kernel since it was opened. */
export interface KernelCounts {
  /** Cycles with a packet inside, and those of loading tables. */
  readonly cycles: number;
  /** Cycles in which a packet waited for a table. */
  readonly stalls: number;
  /** Pages that were taken into use. */
  readonly swaps: number;
  /** Lookups that counters of its own hold. */
  readonly lookups: number;
  /** Packets dropped, by the number of the check. */
  readonly drops: readonly number[];
}

/** Reads the counters of a kernel. */
export interface KernelCounter {
  /** Reads the counts; those of drops only where some may have changed. */
  readonly counts: (withDrops: boolean) => KernelCounts;
  /** Packets that have left since the kernel was opened, modulo 2^32. */
  readonly left: () => number;
  /** Packets that are inside now. */
  readonly present: () => number;
}

/** The common counters that are read each time. */
const READ = ["cycles", "cyclesUpper", "words", "stalls", "swaps"] as const;

/**
 * Starts counting.
 *
 * @param read Reads a counter of 32 bits by its place. A card counts from its reset on, whoever had it before.
 * @param lookups Counters that hold lookups.
 */
export function createKernelCounter(
  read: (place: number) => number,
  lookups: readonly number[],
): KernelCounter {
  const places = [...READ.map((name) => COUNTER[name]), ...lookups];
  const readAll = () => places.map(read);
  const readDrops = () => DROP_REASONS.map((_, reason) => read(COUNTER.drops + reason));
  /** Gain of a counter that has wrapped once at most. */
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
