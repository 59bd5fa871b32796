/**
 * Clock of a server: the time, and timers. Tests pass one whose time they set.
 *
 * @module
 */

/** Clock in milliseconds. */
export interface Clock {
  /** Returns the time, from any origin. */
  readonly now: () => number;
  /**
   * Calls a function later.
   *
   * @returns Function that cancels the call.
   */
  readonly after: (ms: number, call: () => void) => () => void;
}

/** Clock of the process. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
