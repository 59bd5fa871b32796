/**
 * Event simulation of a page schedule: times of loads and work, cycles, stalls and swaps.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { MAX_PAGE, MAX_SLOTS, type PageLoad, type Residency } from "./replacement.ts";

/** Maximum accesses of a schedule (2^20), so that every sum of cycles stays exact. */
export const MAX_ACCESSES: number = 2 ** 20;

/** Maximum cycles of one access, latency or transfer: 2^31 − 1. */
export const MAX_CYCLES: number = 2 ** 31 - 1;

/** Work that one page serves. */
export interface Access {
  /** Page that must be resident during the work. */
  readonly page: number;
  /** Duration of the work without stalls, in cycles. */
  readonly cycles: number;
}

/** Cost of loading a page. */
export interface PageCost {
  /** Size of a page in bytes. */
  readonly bytes: (page: number) => number;
  /** Bytes that the channel transfers in one cycle. */
  readonly bytesPerCycle: number;
  /**
   * Latency from a request to its first byte in cycles. It overlaps with the transfers of earlier requests,
   * but not with its own.
   */
  readonly latency: number;
}

/** Work with its times, in cycles from the start. */
export interface TimedWork {
  /** Page that serves the work. */
  readonly page: number;
  /** First cycle of the work. */
  readonly start: number;
  /** First cycle after the work. */
  readonly end: number;
}

/** Load with its times, in cycles from the start. */
export interface TimedLoad {
  /** Page that is loaded. */
  readonly page: number;
  /** Slot that receives the page. */
  readonly slot: number;
  /** Cycle of the request. */
  readonly start: number;
  /** Cycle of the first byte. */
  readonly transfer: number;
  /** First cycle in which the page is usable. */
  readonly end: number;
}

/** Simulated schedule. Plain data. */
export interface Timeline {
  /** Work in access order. */
  readonly work: readonly TimedWork[];
  /** Loads in order. */
  readonly loads: readonly TimedLoad[];
  /** Total cycles, to the end of the last work. */
  readonly cycles: number;
  /** Cycles stalled on pages: `cycles − ideal`. */
  readonly stalls: number;
  /** Cycles of all work without stalls. */
  readonly ideal: number;
  /** Number of loads. */
  readonly swaps: number;
  /** Bytes of all loads. */
  readonly bytes: number;
  /** Lower bound on the cycles of every schedule with these loads; proof at {@linkcode simulate}. */
  readonly minCycles: number;
}

/**
 * Computes the start and end of each load and of all work.
 *
 * Work starts once the previous work and all loads that it needs have ended. Loads share one channel and keep
 * their order. Load `k` is requested when the last work on its victim ends. Its first byte arrives `latency`
 * later, but not before the end of load `k − 1`. Its transfer takes `⌈bytes / bytesPerCycle⌉` cycles. So a
 * page arrives in the shadow slot while earlier work runs.
 *
 * `minCycles` is the maximum of `ideal` and, over all loads `k`, of `latency + t₀ + … + tₖ + Wₖ`. `t` is
 * the cycles of a transfer. `Wₖ` is the work from the access that needs load `k` to the end.
 * **No schedule with these loads is faster**, whenever it requests them. Access `before(k)` cannot start
 * until loads 0 to `k` are done, because it or earlier work needs each of them. One channel needs `t₀ + … +
 * tₖ` cycles for them, and its first byte arrives at `latency` at the earliest. From that access on, `Wₖ`
 * remains to be done.
 * With MIN's loads and pages of one size, **no schedule of any policy is faster**, because none has fewer
 * loads up to any access.
 *
 * @param accesses Work in order, at most {@linkcode MAX_ACCESSES} elements.
 * @param residency Loads that `replace` computed for the pages of the same accesses.
 * @param cost Cost of a load.
 * @returns Timeline, in time O(accesses + loads), for any number of cycles.
 * @throws {OnpathError} `size` when a number is out of range; `table` when an access does not find its page,
 * or a load overwrites a page in use.
 *
 * @example A row table of 16 weights: 32 KiB, 32 bytes a cycle, for rows of 224 pixels, two a cycle.
 * ```ts
 * import { replace } from "./replacement.ts";
 * import { simulate } from "./simulate.ts";
 * import assert from "node:assert/strict";
 *
 * const cost = { bytes: () => 32_768, bytesPerCycle: 32, latency: 64 };
 * const slowdown = (batch: number) => {
 *   const accesses = Array.from({ length: 224 }, (_, page) => ({ page, cycles: 112 * batch }));
 *   const pages = accesses.map(({ page }) => page);
 *   const { cycles, ideal } = simulate(accesses, replace(pages, 2, "belady"), cost);
 *   return (cycles / ideal).toFixed(3);
 * };
 * assert.deepEqual([1, 8, 10, 64].map(slowdown), ["9.150", "1.148", "1.004", "1.001"]);
 * ```
 */
export function simulate(accesses: readonly Access[], residency: Residency, cost: PageCost): Timeline {
  const { loads } = residency;
  checkInteger("number of accesses", accesses.length, 0, MAX_ACCESSES);
  checkInteger("latency", cost.latency, 0, MAX_CYCLES);
  if (!(cost.bytesPerCycle > 0 && cost.bytesPerCycle < Infinity)) {
    const message = `Cannot use ${cost.bytesPerCycle} bytes a cycle: expected a number above 0`;
    throw new OnpathError("size", message, { bytesPerCycle: cost.bytesPerCycle });
  }
  checkReplay(accesses, residency);

  const work: TimedWork[] = [];
  const timed: TimedLoad[] = [];
  let bytes = 0, ideal = 0, now = 0, channel = 0, transferred = 0;
  // Maximum of the bound's second term without the total work: latency + transfers − preceding work.
  let behind = 0;
  for (const [index, { page, cycles }] of accesses.entries()) {
    let start = now;
    for (let load = loads[timed.length]; load?.before === index; load = loads[timed.length]) {
      const size = checkInteger(
        `page ${load.page} with byte count`,
        cost.bytes(load.page),
        0,
        Number.MAX_SAFE_INTEGER,
      );
      const length = Math.ceil(size / cost.bytesPerCycle);
      checkInteger(`page ${load.page} with transfer cycles`, length, 0, MAX_CYCLES);
      const request = load.after === -1 ? 0 : work[load.after]!.end;
      const transfer = Math.max(request + cost.latency, channel);
      channel = transfer + length;
      transferred += length;
      bytes += size;
      behind = Math.max(behind, cost.latency + transferred - ideal);
      timed.push({ page: load.page, slot: load.slot, start: request, transfer, end: channel });
      start = Math.max(start, channel);
    }
    now = start + cycles;
    ideal += cycles;
    work.push({ page, start, end: now });
  }
  return {
    work,
    loads: timed,
    cycles: now,
    stalls: now - ideal,
    ideal,
    swaps: timed.length,
    bytes,
    minCycles: ideal + behind,
  };
}

/** Refuses loads that do not match the accesses. The RTL would read the bytes of another page. */
function checkReplay(accesses: readonly Access[], { loads, resident }: Residency): void {
  checkInteger("number of slots", resident.length, 1, MAX_SLOTS);
  const refuse = (what: string, details: Record<string, unknown>): never => {
    throw new OnpathError("table", `Cannot simulate the schedule: ${what}`, details);
  };
  // Initial slot contents follow from the final ones by undoing the loads from last to first.
  const held = [...resident];
  for (const { page, slot, victim } of loads.toReversed()) {
    if (held[slot] !== page) {
      refuse(`page ${page} is not what slot ${slot} holds after its load`, { page, slot });
    }
    held[slot] = victim;
  }
  const slotOf = new Map<number, number>();
  for (const [slot, page] of held.entries()) {
    if (page !== -1) slotOf.set(page, slot);
  }
  const last = new Int32Array(held.length).fill(-1);
  let at = 0;
  const place = ({ page, slot, victim, after, before }: PageLoad) => {
    if (!Number.isInteger(after) || after < last[slot]! || after >= before) {
      refuse(
        `load ${at} of page ${page} begins after access ${after}, expected ${last[slot]} to ${before - 1}`,
        { load: at, page, slot, after, least: last[slot], most: before - 1 },
      );
    }
    if (slotOf.get(victim) === slot) slotOf.delete(victim);
    slotOf.set(page, slot);
    at++;
  };
  for (const [index, { page, cycles }] of accesses.entries()) {
    checkInteger("page", page, 0, MAX_PAGE);
    checkInteger(`access ${index} with cycles`, cycles, 0, MAX_CYCLES);
    while (loads[at]?.before === index) place(loads[at]!);
    const slot = slotOf.get(page) ?? refuse(`access ${index} does not find page ${page}`, { index, page });
    last[slot] = index;
  }
  if (at < loads.length) {
    const { page, before } = loads[at]!;
    refuse(`load ${at} of page ${page} is for access ${before}, out of order`, { load: at, page, before });
  }
}
