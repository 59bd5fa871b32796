/**
 * Requests that are lost unless they arrive soon, because later ones have arrived.
 *
 * @module
 */

/** Times by slot at which requests are lost. */
export class Suspects {
  readonly #at: Float64Array;
  /** Earliest of the times in milliseconds; Infinity if there is none. */
  nextAt = Infinity;

  /**
   * Makes an empty set.
   *
   * @param capacity Number of slots.
   */
  constructor(capacity: number) {
    this.#at = new Float64Array(capacity).fill(Infinity);
  }

  /** Removes a request, which is sent again. */
  clear(slot: number): void {
    this.#at[slot] = Infinity;
  }

  /** Adds a request. An earlier time of it stays. */
  add(slot: number, at: number): void {
    this.#at[slot] = Math.min(this.#at[slot]!, at);
    this.nextAt = Math.min(this.nextAt, this.#at[slot]!);
  }

  /** Whether a request is lost now. If not, its time counts for {@linkcode Suspects.nextAt}. */
  isLost(slot: number, now: number): boolean {
    if (this.#at[slot]! <= now) return true;
    this.nextAt = Math.min(this.nextAt, this.#at[slot]!);
    return false;
  }
}
