/**
 * When pages are loaded and when work waits for them: cycles, stalls and swaps of a schedule, event by
 * event.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../../serialize/errors.ts";
import { MAX_PAGE, MAX_SLOTS, type PageLoad, type Residency } from "./replacement.ts";

/** There are at most this many accesses (2^20), so that every sum of cycles stays exact. */
export const MAX_ACCESSES: number = 2 ** 20;

/** A length of work, a latency or a transfer has at most this many cycles: 2^31 − 1. */
export const MAX_CYCLES: number = 2 ** 31 - 1;

/** A stretch of work that one page serves. */
export interface Access {
  /** The page that must stand in a slot meanwhile. */
  readonly page: number;
  /** Length of the work when nothing is waited for, in cycles. */
  readonly cycles: number;
}

/** What it costs to bring a page onto the chip. */
export interface PageCost {
  /** Size of a page, in bytes. */
  readonly bytes: (page: number) => number;
  /** What the channel brings in one cycle, in bytes. */
  readonly bytesPerCycle: number;
  /**
   * From a request to its first byte, in cycles. It overlaps with the transfers of earlier requests, not
   * with its own.
   */
  readonly latency: number;
}

/** A stretch of work in time, in cycles from the start. */
export interface TimedWork {
  /** The page that serves it. */
  readonly page: number;
  /** The cycle in which it begins. */
  readonly start: number;
  /** The first cycle after it. */
  readonly end: number;
}

/** A load in time, in cycles from the start. */
export interface TimedLoad {
  /** The page that is loaded. */
  readonly page: number;
  /** The slot that it goes to. */
  readonly slot: number;
  /** The cycle of the request. */
  readonly start: number;
  /** The cycle of the first byte. */
  readonly transfer: number;
  /** The first cycle in which the page can be used. */
  readonly end: number;
}

/** A schedule in time. Plain data. */
export interface Timeline {
  /** The work, in order. */
  readonly work: readonly TimedWork[];
  /** The loads, in order. */
  readonly loads: readonly TimedLoad[];
  /** Until the end of the last work, in cycles. */
  readonly cycles: number;
  /** Cycles in which work waited for a page: `cycles − ideal`. */
  readonly stalls: number;
  /** The sum of the work, in cycles. */
  readonly ideal: number;
  /** Number of loads. */
  readonly swaps: number;
  /** What the loads bring, in bytes. */
  readonly bytes: number;
  /** A lower bound on the cycles of every schedule with these loads; proven at {@linkcode simulate}. */
  readonly leastCycles: number;
}

/**
 * Computes when each load and each stretch of work begins and ends.
 *
 * Work begins when the work before it has ended and every load that it needs has. Loads share one channel
 * and go in their order: load `k` is requested when the last work on its victim ends, its first byte
 * comes `latency` later and not before the end of load `k − 1`, and its bytes take
 * `⌈bytes / bytesPerCycle⌉` cycles. So a page comes into the shadow slot while earlier work runs.
 *
 * `leastCycles` is the greatest of `ideal` and, over all loads `k`, of `latency + t₀ + … + tₖ + Wₖ`, with `t`
 * the cycles of a transfer and `Wₖ` the work from the access that needs load `k` to the end. **No schedule
 * with these loads is faster**, whenever it requests them: access `before(k)` cannot begin until loads 0
 * to `k` are done, for each is needed by it or by work before it; one channel needs `t₀ + … + tₖ` cycles for
 * them, its first byte comes at `latency` at the earliest; and from that access on `Wₖ` is still to be done.
 * With MIN's loads and pages of one size **no schedule of any policy is faster**, because none has fewer
 * loads up to any access.
 *
 * @param accesses The work in order, at most {@linkcode MAX_ACCESSES} stretches.
 * @param residency The loads, as `replace` makes them for the pages of the same accesses.
 * @param cost What a load costs.
 * @returns The timeline; in time O(accesses + loads), whatever the number of cycles.
 * @throws {OnpathError} `size` for a number outside its limits; `table` when an access does not find its
 * page, or a load overwrites a page that is still in use.
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
  checkWhole("number of accesses", accesses.length, 0, MAX_ACCESSES);
  checkWhole("latency", cost.latency, 0, MAX_CYCLES);
  if (!(cost.bytesPerCycle > 0 && cost.bytesPerCycle < Infinity)) {
    const message = `Cannot use ${cost.bytesPerCycle} bytes a cycle: expected a number above 0`;
    throw new OnpathError("size", message, { bytesPerCycle: cost.bytesPerCycle });
  }
  checkReplay(accesses, residency);

  const work: TimedWork[] = [];
  const timed: TimedLoad[] = [];
  let bytes = 0, ideal = 0, now = 0, channel = 0, transferred = 0;
  // The greatest part of the bound that does not count work from the end: latency + transfers − work before.
  let behind = 0;
  for (const [index, { page, cycles }] of accesses.entries()) {
    let start = now;
    for (let load = loads[timed.length]; load?.before === index; load = loads[timed.length]) {
      const size = checkWhole(`size of page ${load.page}`, cost.bytes(load.page), 0, Number.MAX_SAFE_INTEGER);
      const length = Math.ceil(size / cost.bytesPerCycle);
      checkWhole(`transfer of page ${load.page} with cycles`, length, 0, MAX_CYCLES);
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
    leastCycles: ideal + behind,
  };
}

/** Refuses loads that do not serve the accesses: the RTL would read another page's bytes. */
function checkReplay(accesses: readonly Access[], { loads, resident }: Residency): void {
  checkWhole("number of slots", resident.length, 1, MAX_SLOTS);
  const refuse = (what: string, details: Record<string, unknown>): never => {
    throw new OnpathError("table", `Cannot simulate the schedule: ${what}`, details);
  };
  // What stood in the slots at the start follows from the end, the loads undone from the last to the first.
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
    checkWhole("page", page, 0, MAX_PAGE);
    checkWhole(`work of access ${index} with cycles`, cycles, 0, MAX_CYCLES);
    while (loads[at]?.before === index) place(loads[at]!);
    const slot = slotOf.get(page) ?? refuse(`access ${index} does not find page ${page}`, { index, page });
    last[slot] = index;
  }
  if (at < loads.length) {
    const { page, before } = loads[at]!;
    refuse(`load ${at} of page ${page} is for access ${before}, out of order`, { load: at, page, before });
  }
}
