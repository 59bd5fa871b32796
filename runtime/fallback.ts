/**
 * Fallback of a session from its device to the host.
 *
 * @module
 */

import { type ErrorCode, OnpathError } from "../serialize/errors.ts";

/** Codes of a device that is lost, late, full, or does not answer. Errors of inputs have others. */
const LOSSES: readonly ErrorCode[] = ["device", "timeout", "table", "gap"];

/** Milliseconds without a try of the device, after its first loss. Every further loss doubles them. */
const MIN_PAUSE_MS = 1000;

/** Maximum milliseconds without a try of the device. */
const MAX_PAUSE_MS = 60_000;

/** Choice between a device and the host, for each run. */
export interface Fallback<Host> {
  /**
   * Runs on the device, or on the host if the device is lost. After a loss, runs stay on the host for a pause of 1 s,
   * which doubles up to 60 s with every loss that follows. Then one run tries the device, and the others stay on the
   * host until it has ended.
   *
   * @param onDevice Runs on the device.
   * @param onHost Runs on the host. It gets the message of the last loss.
   */
  readonly run: <R>(
    onDevice: () => Promise<R>,
    onHost: (host: Host, reason: string) => Promise<R>,
  ) => Promise<R>;
}

/**
 * Creates a fallback without a loss so far.
 *
 * @param openHost Opens the host, with the first loss.
 */
export function createFallback<Host>(openHost: () => Promise<Host>): Fallback<Host> {
  let host: Promise<Host> | undefined;
  let loss: OnpathError | undefined;
  let pauseMs = 0;
  let retryAt = 0;

  const run: Fallback<Host>["run"] = async (onDevice, onHost) => {
    const isRetry = loss !== undefined;
    if (!isRetry || performance.now() >= retryAt) {
      // Other runs stay on the host meanwhile.
      if (isRetry) retryAt = Infinity;
      try {
        const result = await onDevice();
        if (isRetry) [loss, pauseMs] = [undefined, 0];
        return result;
      } catch (error) {
        // Runs that were on the device together count as one loss.
        if (isRetry || loss === undefined) {
          if (isLoss(error)) {
            [loss, pauseMs] = [error, Math.min(Math.max(2 * pauseMs, MIN_PAUSE_MS), MAX_PAUSE_MS)];
          }
          retryAt = performance.now() + pauseMs;
        }
        if (!isLoss(error)) throw error;
      }
    }
    return await onHost(await (host ??= openHost()), loss!.message);
  };
  return { run };
}

/** Refuses other fallbacks than the host. */
export function checkFallback(fallback: unknown): void {
  if (fallback === undefined || fallback === "cpu") return;
  throw new OnpathError("size", `Cannot use fallback ${String(fallback)}: expected "cpu"`, {});
}

function isLoss(error: unknown): error is OnpathError {
  return error instanceof OnpathError && LOSSES.includes(error.code);
}
