/**
 * Cycle model of the RTL's page banks and epochs. The loader reads one word a cycle from the table stream
 * while packets are inside.
 *
 * A load has two command words, then nⱼ words with eight entries each. The entries start once the epoch that reads the
 * bank has ended. That is when the first packet of the next epoch passes the gate.
 * The first packet of an epoch passes once the last load that it needs is done:
 *
 * ```text
 * entries of load j   Gⱼ = max(Gⱼ₋₁ + nⱼ₋₁ + 2, S(after) + 1)
 * epoch e starts      S(e) = max(its packet is at the gate, G + n of the last load that it needs)
 * ```
 *
 * `tests/rtl/cycles_test.ts` compares this model with the counters, cycle by cycle.
 *
 * @module
 */

import { pageLimits, pageWords } from "../../rtl/page_commands.ts";

/** Command words in front of a page's entries. */
const COMMAND_WORDS = 2;

/**
 * Registers of `onpath_pages` between a list's start and its first entries, less those between the packets' start and
 * cycle 0. The host writes the arguments of the packets' mover between both starts.
 */
const FETCH_CYCLES = -6;

/**
 * Returns the cycles from one page's load to the next, if no epoch delays them.
 *
 * @param bytes Bytes of a page.
 */
export function rtlPageCycles(bytes: number): number {
  return COMMAND_WORDS + pageWords(bytes);
}

/** Load, as far as the clock depends on it. */
export interface ClockedLoad {
  /** Epoch whose end frees the bank; −1 if the load can start at once. */
  readonly after: number;
  /** First epoch that needs the page. */
  readonly before: number;
}

/** Clock of a plan's pages. Cycle 0 is the first packet of the plan. */
export interface RtlPageClock {
  /** Queues the commands of an exchange: its loads, and the last epoch of its packets. */
  readonly queue: (loads: readonly ClockedLoad[], lastEpoch: number, now: number) => void;
  /**
   * Advances to a packet at the gate.
   *
   * @returns Cycle in which the packet passes.
   */
  readonly pass: (epoch: number, at: number) => number;
  /** Cycles in which packets stalled at the gate. */
  readonly stalls: () => number;
  /** Loads completed before the last packet passed. */
  readonly swaps: () => number;
}

/**
 * Number of started epochs that are held. {@linkcode createEpochEnds} proves that this is enough for two
 * banks.
 */
const KEPT = 64;

/** Command queued in cycle `from`; `after` is null for a command without a load. */
type Command = { readonly from: number; readonly after: number | null; readonly limit: number };

/**
 * Creates a clock at cycle 0.
 *
 * @param pageWords Words of the table stream that the entries of a page take.
 * @param latency Cycles from a burst's request to its first beat, if `onpath_pages` reads lists and pages from the
 * card's memory. It starts with the packets, so a list's first entries come two latencies later, and packets one.
 * The model is exact from 32 cycles on; with less, entries wait for the list's descriptors.
 */
export function createRtlPageClock(pageWords: number, latency?: number): RtlPageClock {
  let commands: Command[] = [];
  const begun: { readonly epoch: number; readonly at: number }[] = [];
  let [free, limit, stalls, swaps] = [0, 0, 0, 0];
  let limitAt = 0;
  /** Returns the cycle in which the first epoch after `epoch` started. */
  const endOf = (epoch: number): number => {
    let at = begun.length;
    while (at > 0 && begun[at - 1]!.epoch > epoch) at--;
    return begun[at]?.at ?? Infinity;
  };
  return {
    queue: (loads, lastEpoch, now) => {
      const limits = pageLimits(loads, lastEpoch);
      commands.push({ from: now, after: null, limit: limits[0]! });
      loads.forEach(({ after }, at) => commands.push({ from: now, after, limit: limits[at + 1]! }));
    },
    pass: (epoch, at) => {
      const current = begun.at(-1)?.epoch ?? -1;
      if (epoch <= current) return at;
      let done = 0;
      for (; limit <= epoch && done < commands.length; done++) {
        const { from, after, limit: next } = commands[done]!;
        // Words arrive only while packets are inside; this clock counts only those cycles.
        free = Math.max(free, from);
        if (after === null) free += 1;
        else {
          const read = latency === undefined ? 0 : from + latency + FETCH_CYCLES;
          const first = Math.max(free + COMMAND_WORDS, read, after < 0 ? 0 : endOf(after) + 1);
          if (first === Infinity) break;
          free = first + pageWords;
          swaps++;
        }
        [limit, limitAt] = [next, free];
      }
      commands = commands.slice(done);
      const passed = Math.max(at, limitAt);
      stalls += passed - at;
      begun.push({ epoch, at: passed });
      if (begun.length > 2 * KEPT) begun.splice(0, KEPT);
      return passed;
    },
    stalls: () => stalls,
    swaps: () => swaps,
  };
}
