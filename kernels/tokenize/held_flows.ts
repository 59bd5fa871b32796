/**
 * Flows held by a device. The capacity is bounded: a new flow evicts the least recently used.
 *
 * @module
 */

import { FLAG, type Header } from "../../serialize/header.ts";

/** Flows that a device holds at once in `stateful` mode. */
export const TEXT_FLOWS = 8;

/** State common to all held flows. */
export interface HeldFlow {
  /** Expected sequence number of the next packet. */
  next: number;
}

/** Held flows by number; released flows are reused. */
export class HeldFlows<T extends HeldFlow> {
  readonly #make: () => T;
  readonly #restart: (flow: T) => void;
  // Least recently used first.
  readonly #flows = new Map<number, T>();
  readonly #free: T[] = [];

  /**
   * Creates an empty store.
   *
   * @param make Creates a flow.
   * @param restart Resets a flow to its initial state.
   */
  constructor(make: () => T, restart: (flow: T) => void) {
    this.#make = make;
    this.#restart = restart;
  }

  /** Returns a fresh, untracked flow. */
  fresh(): T {
    const flow = this.#free.pop() ?? this.#make();
    flow.next = 0;
    this.#restart(flow);
    return flow;
  }

  /** Returns an untracked flow for reuse. */
  release(flow: T): void {
    this.#free.push(flow);
  }

  /**
   * Returns the flow of a packet, if its sequence number is the expected one. The flow's last packet releases
   * it; the returned object is valid until the next call.
   *
   * @param header Header of the packet.
   * @returns The flow, or the reason for dropping the packet.
   */
  take(header: Header): T | "overlap" | "order" {
    if (header.overlap > 0) return "overlap";
    const flows = this.#flows;
    let flow = flows.get(header.flow);
    if ((flow?.next ?? 0) !== header.sequence) return "order";
    if (flow === undefined) {
      if (flows.size === TEXT_FLOWS) {
        const [oldest, forgotten] = flows.entries().next().value!;
        flows.delete(oldest);
        this.#free.push(forgotten);
      }
      flow = this.fresh();
    } else flows.delete(header.flow);
    flow.next++;
    if ((header.flags & (FLAG.last | FLAG.endOfText)) === 0) flows.set(header.flow, flow);
    else this.#free.push(flow);
    return flow;
  }
}
