/**
 * Binary heap of slots. It tracks the position of each slot, so that a slot with a changed order can be
 * moved.
 *
 * @module
 */

/** Slots in eviction order. */
export interface SlotHeap {
  /** Returns the first slot to evict. */
  top(): number;
  /** Returns the second slot to evict; the first if there is no other. */
  second(): number;
  /** Inserts a slot that is not in the heap. */
  add(slot: number): void;
  /** Restores the order after a slot's key has changed. */
  move(slot: number): void;
}

/**
 * Creates an empty heap.
 *
 * @param slots Number of slots; slot numbers start at 0.
 * @param compare Negative if the first slot is evicted before the second. Must never return 0.
 * @returns Heap; `add` and `move` take O(log slots).
 */
export function createHeap(slots: number, compare: (a: number, b: number) => number): SlotHeap {
  const heap = new Int32Array(slots);
  const place = new Int32Array(slots);
  let size = 0;
  const put = (at: number, slot: number) => {
    heap[at] = slot;
    place[slot] = at;
  };
  const move = (slot: number) => {
    let at = place[slot]!;
    for (let up = (at - 1) >> 1; at > 0 && compare(slot, heap[up]!) < 0; up = (at - 1) >> 1) {
      put(at, heap[up]!);
      at = up;
    }
    for (let down = 2 * at + 1; down < size; down = 2 * at + 1) {
      if (down + 1 < size && compare(heap[down + 1]!, heap[down]!) < 0) down++;
      if (compare(slot, heap[down]!) < 0) break;
      put(at, heap[down]!);
      at = down;
    }
    put(at, slot);
  };
  const add = (slot: number) => {
    place[slot] = size;
    heap[size++] = slot;
    move(slot);
  };
  const second = () => {
    if (size < 3) return heap[size - 1]!;
    return compare(heap[1]!, heap[2]!) < 0 ? heap[1]! : heap[2]!;
  };
  return { top: () => heap[0]!, second, add, move };
}
