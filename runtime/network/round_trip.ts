/**
 * Retransmission timeout from measured round trips, as RFC 6298 computes it.
 *
 * @module
 */

/** Timeout before the first measurement, in milliseconds. */
const FIRST_MS = 200;
/**
 * Minimum timeout in milliseconds. RFC 6298 has 1,000 for the internet; a NIC on the path is nearer, and a spurious
 * repetition costs a packet.
 */
export const MIN_TIMEOUT_MS = 10;
/** Maximum timeout in milliseconds, with all back-off. */
export const MAX_TIMEOUT_MS = 4000;
/** Acknowledgements of repeated packets alone after which the path is taken for one that has become slower. */
const MAX_AMBIGUOUS = 8;
/** Resolution of the clock in milliseconds. */
const CLOCK_MS = 1;

/** Measured round trip of one path. */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  #backOff = 1;
  #ambiguous = 0;

  /** Smoothed round trip in milliseconds; 0 before the first measurement. */
  get smoothedMs(): number {
    return this.#smoothed ?? 0;
  }

  /** Timeout in milliseconds. */
  get timeoutMs(): number {
    const base = this.#smoothed === undefined
      ? FIRST_MS
      : this.#smoothed + Math.max(CLOCK_MS, 4 * this.#variation);
    return Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, base) * this.#backOff);
  }

  /**
   * Time after which a packet is lost if one that was sent later has arrived, in milliseconds. It covers the variation
   * of the path, so that reordered packets are not repeated.
   */
  get reorderMs(): number {
    return Math.max(2 * CLOCK_MS, Math.min(this.smoothedMs, 4 * this.#variation), this.smoothedMs / 4);
  }

  /** Takes the round trip of a packet that was sent once, in milliseconds. */
  measure(ms: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = ms;
      this.#variation = ms / 2;
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - ms);
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * ms;
    }
    this.#backOff = 1;
    this.#ambiguous = 0;
  }

  /**
   * Ends the back-off, after an acknowledgement of repeated packets. Their round trips are ambiguous. Where no others
   * come, the timeout is too short for the path, and it grows towards the time since the first copies.
   *
   * @param atMost Milliseconds since the first copy of one of them.
   */
  progress(atMost: number): void {
    this.#backOff = 1;
    if (++this.#ambiguous >= MAX_AMBIGUOUS) this.measure(Math.min(atMost, 2 * this.timeoutMs));
  }

  /** Doubles the timeout, after it has passed without an acknowledgement. */
  backOff(): void {
    this.#backOff = Math.min(64, 2 * this.#backOff);
  }
}
