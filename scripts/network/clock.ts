/**
 * Counting of a program's time, and events at an interval.
 *
 * @module
 */

import process from "node:process";
import type { Emit, PartyCounts } from "./events.ts";

/** Counts without the times, which {@linkcode startClock} adds. */
export type BareCounts = Omit<PartyCounts, "seconds" | "cpuMs">;

/** Running clock of a program. */
export interface Clock {
  /** Counts until now. */
  now(): PartyCounts;
  /** Ends the events, and emits the last counts. */
  stop(): PartyCounts;
}

/**
 * Starts a clock. Processor time is counted from here on.
 *
 * @param counts Returns the counts of the program.
 * @param intervalMs Milliseconds between two events.
 * @param emit Takes the events.
 */
export function startClock(counts: () => BareCounts, intervalMs: number, emit: Emit): Clock {
  const begun = performance.now(), before = process.cpuUsage();
  const now = (): PartyCounts => {
    const { user, system } = process.cpuUsage(before);
    const seconds = Math.round(performance.now() - begun) / 1000;
    return { seconds, cpuMs: Math.round((user + system) / 1000), ...counts() };
  };
  const timer = setInterval(() => emit({ counts: now() }), intervalMs);
  return {
    now,
    stop: () => {
      clearInterval(timer);
      const end = now();
      emit({ end });
      return end;
    },
  };
}
