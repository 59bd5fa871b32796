/**
 * Which acknowledgements of a flow show the round trip of its path, and which show losses and timeouts instead.
 *
 * @module
 */

import type { RoundTrip } from "./round_trip.ts";

/** Requests without any report, over two timeouts, that mean a slow path: so many are not lost at once. */
const MIN_SILENT = 16;
/** Share of the round trip within which a report is too early to be one that a repeat brought. */
const EARLY = 0.75;

/** Acknowledgements of one flow. */
export class TripGauge {
  readonly #path: RoundTrip;
  #repeatedAt = -Infinity;
  // Requests sent since the last progress.
  #silent = 0;

  /**
   * Makes a gauge.
   *
   * @param path Round trip, which flows of the same path share.
   */
  constructor(path: RoundTrip) {
    this.#path = path;
  }

  /** Takes note of a request that is sent, and whether it was sent before. */
  noteSent(isRepeat: boolean, now: number): void {
    this.#silent++;
    if (isRepeat) this.#repeatedAt = now;
  }

  /** Takes note of progress. */
  noteProgress(): void {
    this.#silent = 0;
  }

  /**
   * Takes an acknowledgement.
   *
   * After a timeout, the report may be one that the repeats brought, because earlier ones were lost: then it shows the
   * timeout, and is not measured. A report that comes sooner than a repeat could bring it is measured.
   *
   * @param now Time in milliseconds.
   * @param sent Time at which the newest request was sent that was sent once; -Infinity if there is none.
   * @param copied Time of the newest first copy.
   * @param timeouts Timeouts in a row before it.
   */
  measure(now: number, sent: number, copied: number, timeouts: number): void {
    const path = this.#path, isEarly = now - this.#repeatedAt < EARLY * path.smoothedMs;
    if (sent > -Infinity && (timeouts === 0 || isEarly)) path.measure(now - sent);
    else if (timeouts > 1 && this.#silent >= MIN_SILENT) {
      path.noteSilence(Math.min(now - copied, 2 * path.timeoutMs(timeouts)));
    }
  }

  /**
   * Takes a report of the NIC. The way to the NIC and back is a part of the round trip, so it is measured only while
   * nothing else is known.
   *
   * @param now Time in milliseconds.
   * @param sent Time at which the newest request was sent that the report names; -Infinity if there is none.
   * @param timeouts Timeouts in a row before it.
   */
  measureHeld(now: number, sent: number, timeouts: number): void {
    if (timeouts === 0 && sent > -Infinity && this.#path.smoothedMs === 0) this.#path.measure(now - sent);
  }
}
