/**
 * Plans that a sender has announced at its NIC, by connection.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import type { Channel } from "./channel.ts";
import type { Reconnecting } from "./reconnecting.ts";

/** Connections that may end while one plan is announced. */
const MAX_TRIES = 8;

/** Announced plans. */
export class Announcements {
  readonly #announced = new WeakMap<Channel, Map<number, Promise<unknown>>>();

  /**
   * Announces a plan on the current connection, once. Tries again if the connection ends meanwhile.
   *
   * @param nic Connection to the NIC.
   * @param plan Plan id.
   * @param bytes Encoded plan.
   * @param wait Timeout and signal of one try.
   * @returns The connection on which it is announced.
   * @throws {OnpathError} The NIC's refusal; `device`; `timeout`.
   */
  async announce(nic: Reconnecting, plan: number, bytes: Uint8Array, wait: WaitOptions): Promise<Channel> {
    for (let tries = 1;; tries++) {
      const channel = await nic.ready(wait);
      try {
        await this.#announceOn(channel, plan, bytes, wait);
        return channel;
      } catch (error) {
        const isLost = error instanceof OnpathError && error.code === "device" &&
          error.details["remote"] !== true;
        if (!isLost || tries === MAX_TRIES) throw error;
        await bounded("the end of a connection to the NIC", channel.ended, wait);
      }
    }
  }

  async #announceOn(channel: Channel, plan: number, bytes: Uint8Array, wait: WaitOptions): Promise<void> {
    let announced = this.#announced.get(channel);
    if (announced === undefined) this.#announced.set(channel, announced = new Map());
    let call = announced.get(plan);
    if (call === undefined) {
      announced.set(plan, call = channel.call("announce", { plan: bytes }, wait));
      const made = call;
      call.catch(() => announced.get(plan) === made && announced.delete(plan));
    }
    await bounded("the NIC to load a plan", call, wait);
  }
}
