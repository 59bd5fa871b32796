/**
 * Registration of flows at a NIC, which may be full, restarting, or without its receiver for a while.
 *
 * @module
 */

import { parseWith } from "../../kernels/schema.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Channel } from "./channel.ts";
import { windowSpec } from "./messages.ts";
import { sleep } from "./reconnecting.ts";

/** Milliseconds between attempts to register flows, while the NIC has no room or the receiver is not back. */
const REGISTER_PAUSE_MS = 5;
/** Maximum milliseconds between attempts. */
const MAX_REGISTER_PAUSE_MS = 200;

/** Flows to register. */
export interface Registration {
  /** Numbers of the flows. */
  readonly flows: readonly number[];
  /** Id of their plan. */
  readonly plan: number;
  /** Token of the receiver's connection. */
  readonly token: string;
  /** Port of the sender to which reports go. */
  readonly port: number;
}

/**
 * Registers flows. Waits while the NIC has no room or the receiver is not connected to it.
 *
 * @param announce Announces the plan on the NIC's current connection.
 * @param registration Flows to register.
 * @param wait Timeout of each call, and signal that ends the attempts.
 * @returns Packets in flight that the NIC takes.
 * @throws {OnpathError} A refusal that stays; `timeout`; the signal's reason.
 */
export async function registerFlows(
  announce: () => Promise<Channel>,
  registration: Registration,
  wait: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<number> {
  for (let pause = REGISTER_PAUSE_MS;; pause = Math.min(MAX_REGISTER_PAUSE_MS, 2 * pause)) {
    try {
      const channel = await announce();
      const answer = await channel.call("flows", registration, wait);
      return parseWith(windowSpec, answer, "packet", "flows").window;
    } catch (error) {
      wait.signal.throwIfAborted();
      if (!(error instanceof OnpathError)) throw error;
      // Room is freed, receivers and the NIC come back. Other refusals stay.
      const isPassing = error.details["remote"] === true
        ? error.code === "size" || error.code === "gap"
        : error.code === "device";
      if (!isPassing) throw error;
      await sleep(pause, wait.signal);
      wait.signal.throwIfAborted();
    }
  }
}
