/**
 * When pages come into the RTL's banks and epochs begin, computed: the loader takes a word a cycle from the
 * stream of tables while packets are inside.
 *
 * A load takes two words that say what it is, then an entry a word; the entries begin when the epoch that
 * reads the bank has ended, which is when the next one's first packet passes the gate. An epoch's first
 * packet passes when the load before the one that it need not wait for is done:
 *
 * ```text
 * entries of load j   Gⱼ = max(Gⱼ₋₁ + nⱼ₋₁ + 2, S(after) + 1)
 * epoch e begins      S(e) = max(its packet is at the gate, G + n of the last load that it needs)
 * ```
 *
 * `tests/rtl/cycles_test.ts` holds this to the counters, cycle by cycle.
 *
 * @module
 */

import { pageLimits } from "../../rtl/page_commands.ts";

/** A load, as far as the clock knows it. */
export interface ClockedLoad {
  /** The epoch whose end frees the bank, −1 where the load may begin at once. */
  readonly after: number;
  /** The epoch that needs the page. */
  readonly before: number;
}

/** The clock of a plan's pages. Cycles count from the first packet of the plan on. */
export interface RtlPageClock {
  /** Queues the commands of an exchange: its loads, with the last epoch of its packets. */
  readonly queue: (loads: readonly ClockedLoad[], lastEpoch: number, now: number) => void;
  /**
   * A packet is at the gate.
   *
   * @returns The cycle in which it passes.
   */
  readonly pass: (epoch: number, at: number) => number;
  /** Cycles in which a packet waited. */
  readonly stalls: () => number;
  /** Loads that are done, as far as packets have asked. */
  readonly swaps: () => number;
}

/** Begun epochs that are held: {@linkcode createEpochEnds} says why so few are enough for two banks. */
const KEPT = 64;

/** Queued at `from`; `after` is null where nothing is loaded. */
type Command = { readonly from: number; readonly after: number | null; readonly limit: number };

/**
 * Makes a clock at rest.
 *
 * @param entries Entries of a page.
 */
export function createRtlPageClock(entries: number): RtlPageClock {
  let commands: Command[] = [];
  const begun: { readonly epoch: number; readonly at: number }[] = [];
  let [free, limit, stalls, swaps] = [0, 0, 0, 0];
  let limitAt = 0;
  /** The cycle in which the first epoch behind another one began. */
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
        // Words come while packets are inside, as these cycles count.
        free = Math.max(free, from);
        if (after === null) free += 1;
        else {
          const first = Math.max(free + 2, after < 0 ? 0 : endOf(after) + 1);
          if (first === Infinity) break;
          free = first + entries;
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
