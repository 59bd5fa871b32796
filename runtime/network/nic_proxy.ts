/**
 * A receiver in place of a NIC: senders that know the receiver alone call it, and it calls the NIC in the route.
 *
 * @module
 */

import type { WaitOptions } from "../../serialize/wait.ts";
import type { Channel, Handler, Handlers } from "./channel.ts";
import type { DatagramSocket } from "./datagram.ts";
import {
  announceSpec,
  closeSpec,
  failureSpec,
  flowsSpec,
  nothingSpec,
  type RegisteredFlows,
} from "./messages.ts";
import type { Reconnecting } from "./reconnecting.ts";

/** Milliseconds that a call may wait for the NIC. */
const WAIT: WaitOptions = { timeoutMs: 30_000 };

/** Senders for which a receiver calls its NIC. */
export class NicProxy {
  /** Socket to which senders send their requests. */
  requests: DatagramSocket | undefined;
  readonly #link: () => Reconnecting;
  // Flows that each sender has registered.
  readonly #flows = new Map<Channel, Set<number>>();

  /**
   * Makes a proxy without senders.
   *
   * @param link Connection to the NIC.
   */
  constructor(link: () => Reconnecting) {
    this.#link = link;
  }

  /** Functions that a NIC has. */
  readonly handlers: Handlers = {
    describe: {
      schema: nothingSpec,
      run: async (_: null, sender: Channel) => {
        await this.#link().ready(WAIT);
        if (!this.#flows.has(sender)) this.#flows.set(sender, new Set());
        return { port: this.requests!.local.port };
      },
    },
    announce: {
      schema: announceSpec,
      run: async ({ plan }: { plan: Uint8Array }) => {
        const channel = await this.#link().ready(WAIT);
        await channel.call("announce", { plan }, WAIT);
      },
    },
    flows: {
      schema: flowsSpec,
      run: async (message: RegisteredFlows, sender: Channel) => {
        const channel = await this.#link().ready(WAIT);
        const { source: _, ...own } = message;
        const answer = await channel.call("flows", { ...own, source: sender.remoteHost }, WAIT);
        for (const flow of message.flows) this.#flows.get(sender)?.add(flow);
        return answer;
      },
    },
    close: {
      schema: closeSpec,
      run: ({ flows }: { flows: number[] }, sender: Channel) => {
        const own = this.#flows.get(sender);
        const known = flows.filter((flow) => own?.delete(flow) === true);
        if (known.length > 0) this.#link().current?.notify("close", { flows: known });
      },
    },
  };

  /** Tells senders that the device of a plan has failed. */
  readonly failure: Handler<{ plan: number; message: string }> = {
    schema: failureSpec,
    run: (body) => {
      for (const sender of this.#flows.keys()) sender.notify("failure", body);
    },
  };

  /** Ends the connections of all senders, because the NIC has lost their flows. They connect again. */
  reset(): void {
    for (const sender of [...this.#flows.keys()]) sender.close("the NIC has ended the connection");
    this.#flows.clear();
  }

  /** Closes the flows of a sender that is gone. */
  forget(sender: Channel): void {
    const flows = this.#flows.get(sender);
    this.#flows.delete(sender);
    if (flows !== undefined && flows.size > 0) this.#link().current?.notify("close", { flows: [...flows] });
  }
}
