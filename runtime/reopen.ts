/**
 * Sessions that are opened again after their device was lost, so that one fault ends no other request.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../serialize/errors.ts";

/** What is kept open, and how. */
export interface ReopenOptions<T> {
  /** Opens a device and a session on it. Called again after a loss, once what was lost is closed. */
  readonly open: () => Promise<T>;
  /** Closes what was lost, or is not needed any more. */
  readonly close: (opened: T) => Promise<void>;
  /** Maximum number of times that a request is tried, 1 to 100. Default 2. */
  readonly attempts?: number | undefined;
}

/** Something that is kept open. */
export interface Reopener<T> extends AsyncDisposable {
  /**
   * Makes a request. When it fails because the device was lost, it is made again on what is opened next.
   *
   * @param request The request. It must be safe to repeat.
   * @returns Its result.
   * @throws {OnpathError} `device` or `timeout` when all attempts lost their device, or this is closed; and
   * whatever else the request, `open` or `close` throws.
   */
  readonly run: <R>(request: (opened: T) => Promise<R>) => Promise<R>;
  /** Closes it. May be called again. */
  readonly close: () => Promise<void>;
}

/**
 * Keeps a session open. Requests share it; the first one that loses the device has it closed, and all that
 * were waiting on it go to the next one.
 *
 * @param options How it is opened and closed.
 * @returns The keeper. It opens at the first request.
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
export function keepOpen<T>({ open, close, attempts = 2 }: ReopenOptions<T>): Reopener<T> {
  checkInteger("attempt count", attempts, 1, 100);
  let current: Promise<T> | undefined;
  // The end of what was open before: a card can be opened again only then.
  let before: Promise<void> = Promise.resolve();
  let closed = false;

  const end = (opened: Promise<T>, value: T) => {
    if (current !== opened) return;
    current = undefined;
    before = close(value);
    // A failure to close is reported to the request that opens next.
    before.catch(() => {});
  };

  const run: Reopener<T>["run"] = async (request) => {
    for (let attempt = 1;; attempt++) {
      if (closed) throw new OnpathError("device", "Cannot run: what was kept open is closed");
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
    closed = true;
    const opened = current;
    if (opened !== undefined) end(opened, await opened);
    await before;
  };
  return { run, close: finish, [Symbol.asyncDispose]: finish };
}

/** Whether a failure leaves a session unusable. */
function isLoss(error: unknown): boolean {
  return error instanceof OnpathError && (error.code === "device" || error.code === "timeout");
}
