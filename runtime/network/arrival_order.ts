/**
 * Order in which requests of one flow arrive, against the order in which they were sent.
 *
 * @module
 */

/** Latest times of requests that have arrived. */
export class ArrivalOrder {
  /** Time of the request that was sent last of those that have arrived, in milliseconds. */
  newest = -Infinity;
  /** Sequence number of that request. */
  last = -1;
  /** Time of the third newest request, in milliseconds: three that were sent later have arrived. */
  third = -Infinity;
  #second = -Infinity;

  /**
   * Takes note of an arrival.
   *
   * @param sequence Sequence number.
   * @param at Time at which the request was sent, in milliseconds.
   */
  note(sequence: number, at: number): void {
    if (at >= this.newest) {
      this.last = at > this.newest ? sequence : Math.max(sequence, this.last);
      [this.third, this.#second, this.newest] = [this.#second, this.newest, at];
    } else if (at >= this.#second) [this.third, this.#second] = [this.#second, at];
    else this.third = Math.max(this.third, at);
  }

  /** Whether a request that has not arrived was sent before one that has. */
  isPassed(sequence: number, at: number): boolean {
    return at < this.newest || (at === this.newest && sequence < this.last);
  }
}
