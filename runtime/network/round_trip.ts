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
/** Resolution of the clock in milliseconds. */
const CLOCK_MS = 1;

/** Measured round trip of one path. */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  #backOff = 1;

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

  /** Takes the round trip of a packet that was sent once, in milliseconds. It ends the back-off. */
  measure(ms: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = ms;
      this.#variation = ms / 2;
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - ms);
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * ms;
    }
    this.#backOff = 1;
  }

  /** Doubles the timeout, after it has passed without an acknowledgement. */
  backOff(): void {
    this.#backOff = Math.min(64, 2 * this.#backOff);
  }
}
