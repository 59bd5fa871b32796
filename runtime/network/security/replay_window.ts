/**
 * Replay window: which counters of authenticated datagrams have been taken.
 *
 * Every datagram has a counter of its own, also one that repeats a request. So a counter that comes twice is a copy.
 *
 * @module
 */

/** Counters behind the newest one that are remembered. Older ones are refused. */
export const REPLAY_WINDOW = 8192;

/** Limit of counters, exclusive. */
export const MAX_COUNTER: number = 2 ** 48;

/** Counters that have been taken. */
export class ReplayWindow {
  // Bit c % REPLAY_WINDOW belongs to counter c, for the counters from #end - REPLAY_WINDOW to #end.
  readonly #bits = new Uint32Array(REPLAY_WINDOW / 32);
  #end = 0;

  /** Whether a counter is neither taken nor older than the window. */
  isFresh(counter: number): boolean {
    if (counter >= this.#end) return counter < MAX_COUNTER;
    if (counter < this.#end - REPLAY_WINDOW) return false;
    const bit = counter % REPLAY_WINDOW;
    return ((this.#bits[bit >>> 5]! >>> (bit & 31)) & 1) === 0;
  }

  /**
   * Marks a counter as taken. Only a verified datagram may do so: a forged one would move the window.
   *
   * @param counter Fresh counter.
   */
  take(counter: number): void {
    if (counter - this.#end >= REPLAY_WINDOW) this.#bits.fill(0);
    else for (let each = this.#end; each < counter; each++) this.#clear(each);
    this.#end = Math.max(this.#end, counter + 1);
    const bit = counter % REPLAY_WINDOW;
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  #clear(counter: number): void {
    const bit = counter % REPLAY_WINDOW;
    this.#bits[bit >>> 5]! &= ~(1 << (bit & 31));
  }
}
