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
/** Times that a timeout doubles. */
const MAX_DOUBLINGS = 6;
/** Silences after which the path is taken for one that has become slower. */
const MAX_SILENCES = 2;
/** Resolution of the clock in milliseconds. */
const CLOCK_MS = 1;

/** Measured round trip of one path. */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  #silences = 0;
  #isReordering = false;

  /** Whether the path has changed the order of requests or answers. */
  get isReordering(): boolean {
    return this.#isReordering;
  }

  /** Takes note of a request that seemed to be lost, because later ones had arrived, and arrived then. */
  noteReordering(): void {
    this.#isReordering = true;
  }

  /** Smoothed round trip in milliseconds; 0 before the first measurement. */
  get smoothedMs(): number {
    return this.#smoothed ?? 0;
  }

  /**
   * Timeout of a flow in milliseconds.
   *
   * @param timeouts Its timeouts in a row. Each doubles the next. The back-off is a flow's own: many small flows that lose
   * their last packets do not slow each other.
   */
  timeoutMs(timeouts: number): number {
    const base = this.#smoothed === undefined
      ? FIRST_MS
      : this.#smoothed + Math.max(CLOCK_MS, 4 * this.#variation);
    const backOff = 2 ** Math.min(MAX_DOUBLINGS, timeouts);
    return Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, base) * backOff);
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
    this.#silences = 0;
  }

  /**
   * Takes note that many requests had no report for two timeouts or more, until one came. Once this repeats, and no round
   * trip is measured meanwhile, the path has become slower than the timeout, which grows.
   *
   * @param atMost Milliseconds since the first copy of a request that has arrived.
   */
  noteSilence(atMost: number): void {
    if (++this.#silences >= MAX_SILENCES) this.measure(atMost);
  }
}
