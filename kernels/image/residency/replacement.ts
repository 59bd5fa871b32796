/**
 * Page replacement. The page order is known before the first packet, so the optimum can be computed. Two
 * policies without look-ahead serve as comparison.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { createHeap } from "./heap.ts";

/** Maximum page number: 2^31 − 1. */
export const MAX_PAGE: number = 2 ** 31 - 1;

/** Maximum number of slots: 2^24. */
export const MAX_SLOTS: number = 2 ** 24;

/** Load of a page into a slot. Plain data. */
export interface PageLoad {
  /** Page to load. */
  readonly page: number;
  /** Slot that receives the page. */
  readonly slot: number;
  /** Page that is evicted; −1 if the slot was empty. */
  readonly victim: number;
  /** Index of the access that needs the page. The load ends before it starts. */
  readonly before: number;
  /** Index of the victim's last access in this slot, or −1. The load can start after it. */
  readonly after: number;
}

/** Result of a page replacement: its loads, and the final slot contents. */
export interface Residency {
  /** Loads in the order of the accesses that need them. */
  readonly loads: readonly PageLoad[];
  /** Page in every slot after the last access; −1 for an empty slot. */
  readonly resident: readonly number[];
}

/**
 * Replacement policy.
 * `belady`: evict the page whose next use is farthest. `shadow`: as `belady`, but never evict the page of the
 * previous access, so that the load overlaps with that work. `lru`: evict the least recently used page.
 * `lfu`: evict the page used least often since its load.
 */
export type Policy = "belady" | "shadow" | "lru" | "lfu";

/**
 * Assigns pages to slots. A page that is not resident is loaded, into an empty slot if possible, otherwise
 * over a victim.
 *
 * `belady` is MIN (L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
 * Systems Journal 5(2), 1966). No sequence of loads is shorter. None is shorter up to any intermediate access
 * either, because the farthest page of the whole sequence is also a farthest one of every prefix.
 *
 * The fewest loads are not always the fastest. MIN often evicts the page that was just used, and such a load
 * cannot start before that work ends. `shadow` never does, from two slots on. It is MIN for accesses that
 * each also need the previous page. So no schedule whose every load may overlap with the previous work has
 * fewer loads, and MIN with one slot less does not either. Simulate both and compare.
 *
 * Among equals, such as pages that are never used again, the least recently used page is evicted, then the
 * lowest slot. This choice changes no count, but it affects time: the load can start earliest.
 *
 * @param pages Page of every access in order, integers from 0 to {@linkcode MAX_PAGE}.
 * @param slots Number of pages that fit on chip, 1 to {@linkcode MAX_SLOTS}.
 * @param policy Replacement policy.
 * @param resident Initial page of each slot; −1 for an empty slot. By default all are empty. Pass the final
 * contents of earlier work to keep its pages.
 * @returns Loads and final slot contents, in time O(n log slots).
 * @throws {OnpathError} `size` when a number is out of range or a page is in two slots; `shape` when
 * `resident` does not have one number for each slot.
 *
 * @example
 * ```ts
 * import { replace } from "./replacement.ts";
 * import assert from "node:assert/strict";
 *
 * const pages = [0, 1, 2, 0, 1, 2, 0];
 * const { loads, resident } = replace(pages, 2, "belady");
 * assert.deepEqual(loads.map(({ page }) => page), [0, 1, 2, 1, 0]);
 * assert.deepEqual(loads[2], { page: 2, slot: 1, victim: 1, before: 2, after: 1 });
 * assert.equal(replace(pages, 2, "lru").loads.length, 7);
 * assert.equal(replace([0], 2, "belady", resident).loads.length, 0);
 * ```
 */
export function replace(
  pages: ArrayLike<number>,
  slots: number,
  policy: Policy,
  resident?: readonly number[],
): Residency {
  const loads: PageLoad[] = [];
  const end = walk(pages, slots, policy, resident, (page, slot, victim, before, after) => {
    loads.push({ page, slot, victim, before, after });
  });
  return { loads, resident: end.resident };
}

/**
 * Counts the accesses whose page is not resident, without a list of loads.
 *
 * @param pages As for {@linkcode replace}.
 * @param slots As for {@linkcode replace}.
 * @param policy As for {@linkcode replace}. `bypass` is Belady's rule where a missing page may also be read
 * from far memory without a load. No choice of resident pages has fewer misses.
 * @param resident As for {@linkcode replace}.
 * @returns Number of misses.
 * @throws {OnpathError} Under the conditions of {@linkcode replace}.
 *
 * @example
 * ```ts
 * import { countMisses } from "./replacement.ts";
 * import assert from "node:assert/strict";
 *
 * const pages = [7, 1, 7, 2, 7, 3, 7];
 * assert.equal(countMisses(pages, 1, "belady"), 7);
 * assert.equal(countMisses(pages, 1, "bypass"), 4);
 * ```
 */
export function countMisses(
  pages: ArrayLike<number>,
  slots: number,
  policy: Policy | "bypass",
  resident?: readonly number[],
): number {
  return walk(pages, slots, policy, resident, () => {}).misses;
}

type Emit = (page: number, slot: number, victim: number, before: number, after: number) => void;

/** Processes the accesses once. The occupied slots are in a heap whose top is the next victim. */
function walk(
  pages: ArrayLike<number>,
  slots: number,
  policy: Policy | "bypass",
  resident: readonly number[] | undefined,
  emit: Emit,
): { misses: number; resident: number[] } {
  checkInteger("number of slots", slots, 1, MAX_SLOTS);
  const held = resident === undefined ? new Int32Array(slots).fill(-1) : checkResident(resident, slots);
  const looksAhead = policy !== "lru" && policy !== "lfu";
  const count = pages.length;
  // Page numbers can be large, so pages are renumbered in the order of first use.
  const numbers = new Map<number, number>();
  const ids = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const page = checkInteger("page", pages[i]!, 0, MAX_PAGE);
    let id = numbers.get(page);
    if (id === undefined) numbers.set(page, id = numbers.size);
    ids[i] = id;
  }
  const first = new Int32Array(numbers.size).fill(count);
  const next = new Int32Array(looksAhead ? count : 0);
  for (let i = count - 1; i >= 0; i--) {
    if (looksAhead) next[i] = first[ids[i]!]!;
    first[ids[i]!] = i;
  }

  const slotOf = new Int32Array(numbers.size).fill(-1);
  const last = new Int32Array(slots).fill(-1);
  // Primary eviction key, lowest first: the negated next use, or the number of uses.
  const worth = new Int32Array(slots);
  const heap = createHeap(slots, (a, b) => worth[a]! - worth[b]! || last[a]! - last[b]! || a - b);
  const empty: number[] = [];
  for (let slot = slots - 1; slot >= 0; slot--) {
    if (held[slot] === -1) {
      empty.push(slot);
      continue;
    }
    const id = numbers.get(held[slot]!);
    if (id !== undefined) slotOf[id] = slot;
    if (looksAhead) worth[slot] = -(id === undefined ? count : first[id]!);
    heap.add(slot);
  }

  let misses = 0;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    let slot = slotOf[id]!;
    if (slot === -1) {
      misses++;
      if (empty.length > 0) {
        slot = empty.pop()!;
        emit(pages[i]!, slot, -1, i, -1);
        heap.add(slot);
      } else {
        slot = heap.top();
        if (policy === "shadow" && i > 0 && last[slot] === i - 1) slot = heap.second();
        if (policy === "bypass" && next[i]! >= -worth[slot]!) continue;
        const victim = held[slot]!;
        emit(pages[i]!, slot, victim, i, last[slot]!);
        const gone = numbers.get(victim);
        if (gone !== undefined) slotOf[gone] = -1;
      }
      held[slot] = pages[i]!;
      slotOf[id] = slot;
      worth[slot] = 0;
    }
    last[slot] = i;
    if (looksAhead) worth[slot] = -next[i]!;
    else if (policy === "lfu") worth[slot] = worth[slot]! + 1;
    heap.move(slot);
  }
  return { misses, resident: Array.from(held) };
}

/** Checks the initial slot contents: one number for each slot, no page twice. */
function checkResident(resident: readonly number[], slots: number): Int32Array {
  if (resident.length !== slots) {
    throw new OnpathError(
      "shape",
      `Cannot start with ${resident.length} resident pages: expected one number for each of ${slots} slots`,
      { expected: slots, found: resident.length },
    );
  }
  const seen = new Set<number>();
  for (const page of resident) {
    checkInteger("resident page", page, -1, MAX_PAGE);
    if (page !== -1 && seen.has(page)) {
      throw new OnpathError("size", `Cannot start with page ${page} in two slots: expected one`, { page });
    }
    seen.add(page);
  }
  return Int32Array.from(resident);
}
