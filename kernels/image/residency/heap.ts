/**
 * A binary heap of slots that knows where each of them stands, so that one whose order has changed is moved.
 *
 * @module
 */

/** Slots in the order in which they give way. */
export interface SlotHeap {
  /** The first slot. */
  top(): number;
  /** The one after the first; the first where there is no other. */
  second(): number;
  /** Puts a slot in that is not there. */
  add(slot: number): void;
  /** Moves a slot whose order has changed to its place. */
  move(slot: number): void;
}

/**
 * Makes an empty heap.
 *
 * @param slots Number of slots; they are numbered from 0.
 * @param compare Negative where the first slot gives way before the second; it never gives 0.
 * @returns The heap; adding and moving take O(log slots).
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
