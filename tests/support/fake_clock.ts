/**
 * Clock that stands still while code runs, and jumps to the next timer once nothing is left to do. So a test of timeouts
 * neither waits nor depends on the speed of the machine.
 *
 * @module
 */

/** Turns of the event loop after which the work that a timer started has ended. */
const QUIET_TURNS = 12;

/** A clock in place of `performance.now`, `setTimeout` and `clearTimeout`, until it is disposed. */
export interface FakeClock extends Disposable {
  /** Milliseconds since the clock was installed. */
  now(): number;
  /**
   * Runs timers in their order until a promise is settled.
   *
   * @param promise Promise to wait for. The code behind it must not use files or sockets.
   * @param mostMs Simulated milliseconds after which it fails.
   */
  run<T>(promise: Promise<T>, mostMs: number): Promise<T>;
}

/** Installs a clock. Timers that run already are not affected. */
export function installFakeClock(): FakeClock {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  let now = 0, nextId = 1;
  const fake = {
    setTimeout: (run: () => void, ms = 0) => {
      timers.set(nextId, { at: now + Math.max(0, ms), run });
      return nextId++;
    },
    clearTimeout: (id: number | undefined) => void timers.delete(id!),
  };
  Object.assign(globalThis, fake);
  // The instance hides the method of its prototype.
  Object.defineProperty(performance, "now", { value: () => now, configurable: true });
  const settle = async () => {
    for (let n = 0; n < QUIET_TURNS; n++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const next = () => {
    let first: number | undefined;
    for (const [id, { at }] of timers) if (first === undefined || at < timers.get(first)!.at) first = id;
    return first;
  };
  return {
    now: () => now,
    run: async (promise, mostMs) => {
      let isSettled = false;
      const settled = () => void (isSettled = true);
      promise.then(settled, settled);
      const end = now + mostMs;
      for (await settle(); !isSettled; await settle()) {
        const id = next();
        if (id === undefined) throw new Error("nothing is left to do, and the promise is pending");
        const { at, run } = timers.get(id)!;
        if (at > end) throw new Error(`the promise is pending after ${mostMs} ms`);
        timers.delete(id);
        now = Math.max(now, at);
        run();
      }
      return await promise;
    },
    [Symbol.dispose]: () => {
      Object.assign(globalThis, real);
      delete (performance as { now?: unknown }).now;
    },
  };
}
