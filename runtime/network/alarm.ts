/**
 * Alarm: one timer for a deadline that often moves.
 *
 * @module
 */

/** Maximum milliseconds of a timer. */
const MAX_MS = 1000;

/** Wakes at a deadline, or before it. A deadline that moves later starts no timer, because timers cost more than a wake. */
export class Alarm {
  readonly #wake: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  /**
   * Makes an alarm that is not set.
   *
   * @param wake Called when it fires: at the last deadline, at an earlier one that was moved, or after a second.
   */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /**
   * Sets the deadline.
   *
   * @param deadline Time in milliseconds; Infinity for none.
   * @param now Present time in milliseconds.
   */
  set(deadline: number, now: number): void {
    const at = now + Math.min(MAX_MS, Math.max(1, deadline - now));
    if (this.#at <= at) return;
    this.stop();
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.stop();
      this.#wake();
    }, at - now);
  }

  /** Ends the timer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = Infinity;
  }
}
