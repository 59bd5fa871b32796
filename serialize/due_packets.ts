/**
 * Sequence numbers that a placed flow has to send: all of them, then those that are missing.
 *
 * @module
 */

import type { Range } from "./flow.ts";

/** Sequence numbers due, in order. */
export class DuePackets {
  #ranges: Range[];

  /**
   * Makes all packets due.
   *
   * @param packets Number of packets of the flow.
   */
  constructor(packets: number) {
    this.#ranges = [[0, packets - 1]];
  }

  /** Whether packets are due. */
  get isDue(): boolean {
    return this.#ranges.length > 0;
  }

  /** Takes the next sequence number; −1 if none is due. */
  take(): number {
    const range = this.#ranges[0];
    if (range === undefined) return -1;
    const [first, last] = range;
    if (first === last) this.#ranges.shift();
    else this.#ranges[0] = [first + 1, last];
    return first;
  }

  /** Makes the packets of ranges due in place of the rest. */
  reset(ranges: readonly Range[]): void {
    this.#ranges = [...ranges];
  }
}
