/**
 * Which page of a table gives way to which: the optimum, because the order of pages is known before the
 * first packet, and two rules that do not look ahead, to compare with.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../../serialize/errors.ts";
import { createHeap } from "./heap.ts";

/** The greatest number of a page: 2^31 − 1. */
export const MAX_PAGE: number = 2 ** 31 - 1;

/** There are at most this many slots: 2^24. */
export const MAX_SLOTS: number = 2 ** 24;

/** A load of a page into a slot. Plain data. */
export interface PageLoad {
  /** The page that is loaded. */
  readonly page: number;
  /** The slot that it goes to. */
  readonly slot: number;
  /** The page that it overwrites; −1 where the slot was empty. */
  readonly victim: number;
  /** Index of the access that needs the page: the load has ended when that begins. */
  readonly before: number;
  /** Index of the last access to the victim in this slot, −1 if none: the load may begin when that has ended. */
  readonly after: number;
}

/** What is loaded, and what stands in the slots at the end. */
export interface Residency {
  /** The loads in the order of the accesses that need them. */
  readonly loads: readonly PageLoad[];
  /** The page that every slot holds after the last access; −1 where it is empty. */
  readonly resident: readonly number[];
}

/**
 * How a victim is chosen: `belady` takes the page whose next use is farthest; `shadow` does the same but
 * spares the page of the access just before, so that the load runs in the shadow of that work; `lru` takes
 * the page whose last use is longest ago, `lfu` the one used least often since it was loaded.
 */
export type Policy = "belady" | "shadow" | "lru" | "lfu";

/**
 * Places pages in slots. A page that is not there is loaded, into an empty slot while there is one, else
 * over a victim.
 *
 * `belady` is MIN (L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
 * Systems Journal 5(2), 1966): no sequence of loads is shorter, and none is shorter up to any access on
 * the way, because the farthest page of the whole sequence is also a farthest one of every beginning of it.
 *
 * The fewest loads are not always the fastest: MIN often gives up the page that has just been used, and
 * such a load cannot begin before that work ends. `shadow` never does, from two slots on. It is MIN for
 * accesses that each need the page before them too, so no schedule whose every load may overlap with the
 * work before it has fewer loads, and none of MIN's with one slot less has. Simulate both and compare.
 *
 * Among equals, such as pages that are never used again, the one used longest ago goes, then the lowest
 * slot. Which of them goes changes no count but matters for time: its load may begin earliest.
 *
 * @param pages The page of every access in order, whole numbers from 0 to {@linkcode MAX_PAGE}.
 * @param slots Number of pages that fit on the chip, from 1 to {@linkcode MAX_SLOTS}.
 * @param policy How a victim is chosen.
 * @param resident What stands in the slots at the start, one number a slot, −1 where it is empty; by
 * default all are empty. Hand over the end of one stretch of work to keep its pages for the next.
 * @returns The loads and what stands in the slots at the end; in time O(n log slots).
 * @throws {OnpathError} `size` for a number outside its limits or a page that stands in two slots;
 * `shape` when `resident` has not one number a slot.
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
 * Counts the accesses that do not find their page, without a list of loads.
 *
 * @param pages As for {@linkcode replace}.
 * @param slots As for {@linkcode replace}.
 * @param policy As for {@linkcode replace}; `bypass` is Belady's rule where a missing page may also be
 * read from far away and left there. No choice of what to keep has fewer misses.
 * @param resident As for {@linkcode replace}.
 * @returns The number of misses.
 * @throws {OnpathError} As {@linkcode replace}.
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

/** Goes through the accesses once, with the occupied slots in a heap whose top is the next victim. */
function walk(
  pages: ArrayLike<number>,
  slots: number,
  policy: Policy | "bypass",
  resident: readonly number[] | undefined,
  emit: Emit,
): { misses: number; resident: number[] } {
  checkWhole("number of slots", slots, 1, MAX_SLOTS);
  const held = resident === undefined ? new Int32Array(slots).fill(-1) : checkResident(resident, slots);
  const looksAhead = policy !== "lru" && policy !== "lfu";
  const count = pages.length;
  // Pages may be any numbers, so they are numbered again in the order of their first use.
  const numbers = new Map<number, number>();
  const ids = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const page = checkWhole("page", pages[i]!, 0, MAX_PAGE);
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
  // What decides first, least goes first: minus the next use, or the number of uses.
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

/** Slots at the start: one number a slot, no page twice. */
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
    checkWhole("resident page", page, -1, MAX_PAGE);
    if (page !== -1 && seen.has(page)) {
      throw new OnpathError("size", `Cannot start with page ${page} in two slots: expected one`, { page });
    }
    seen.add(page);
  }
  return Int32Array.from(resident);
}
