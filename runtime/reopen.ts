/**
 * Sessions that are opened again after the loss of their device, so that other requests survive one fault.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../serialize/errors.ts";
import { checkOptions } from "./option_checks.ts";

/** Options of {@linkcode keepOpen}. */
export interface ReopenOptions<T> {
  /** Opens a device and a session on it. Called again after a loss, once `close` has ended. */
  readonly open: () => Promise<T>;
  /** Closes a lost session, or the current one at the end. */
  readonly close: (opened: T) => Promise<void>;
  /** Maximum attempts of a request, 1 to 100. Default 2. */
  readonly attempts?: number | undefined;
}

/** Keeper of one open session. */
export interface Reopener<T> extends AsyncDisposable {
  /**
   * Runs a request. If the device is lost, the request runs again on the next session.
   *
   * @param request Function to run. It must be safe to repeat.
   * @returns Result of the request.
   * @throws {OnpathError} `device` or `timeout` when all attempts lost their device; `device` after
   * {@linkcode Reopener.close}. Other errors of the request, `open` and `close` are passed on.
   */
  readonly run: <R>(request: (opened: T) => Promise<R>) => Promise<R>;
  /** Closes the current session. Further calls have no effect. */
  readonly close: () => Promise<void>;
}

/**
 * Keeps a session open for requests that share it. The first request that loses the device closes it; all affected
 * requests continue on the next session.
 *
 * @param options Functions that open and close, and the attempts of a request.
 * @returns The keeper. The first request opens the session.
 * @throws {OnpathError} `size` when the number of attempts is outside its limits.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, keepOpen, MODEL_PROFILE, Session } from "onpath";
 * import { tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array(48), { dtype: "u8", shape: [4, 4, 3], layout: "HWC" });
 * await using card = keepOpen({
 *   open: async () => {
 *     const device = createModelDevice();
 *     const plan = compile({ steps: [{ op: "resize", size: [2, 2] }] }, { input: image, device });
 *     return { device, session: await Session.open(plan, device) };
 *   },
 *   close: ({ device }) => device.close(),
 * });
 * const { output } = await card.run(({ session }) => session.run(image));
 * assert.deepEqual(output.shape, [2, 2, 3]);
 * ```
 */
export function keepOpen<T>(options: ReopenOptions<T>): Reopener<T> {
  checkOptions("keep a session open", options, {
    open: { kind: "function", isRequired: true },
    close: { kind: "function", isRequired: true },
  });
  const { open, close, attempts = 2 } = options;
  checkInteger("attempt count", attempts, 1, 100);
  let current: Promise<T> | undefined;
  // Closing of the previous session. A card can be opened again only after it.
  let before: Promise<void> = Promise.resolve();
  let isClosed = false;

  const end = (opened: Promise<T>, value: T) => {
    if (current !== opened) return;
    current = undefined;
    before = close(value);
    // A failure to close is reported to the request that opens next.
    before.catch(() => {});
  };

  const run: Reopener<T>["run"] = async (request) => {
    for (let attempt = 1;; attempt++) {
      if (isClosed) throw new OnpathError("device", "Cannot run a request: the keeper is closed");
      const opened = current ??= before.then(open);
      let value: T;
      try {
        value = await opened;
      } catch (error) {
        if (current === opened) [current, before] = [undefined, Promise.resolve()];
        throw error;
      }
      try {
        return await request(value);
      } catch (error) {
        if (!isLoss(error)) throw error;
        end(opened, value);
        if (attempt === attempts) throw error;
      }
    }
  };

  const finish = async () => {
    isClosed = true;
    const opened = current;
    if (opened !== undefined) end(opened, await opened);
    await before;
  };
  return { run, close: finish, [Symbol.asyncDispose]: finish };
}

/** Returns whether an error means that the session is unusable. */
function isLoss(error: unknown): boolean {
  return error instanceof OnpathError && (error.code === "device" || error.code === "timeout");
}
