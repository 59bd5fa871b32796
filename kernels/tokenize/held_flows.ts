/**
 * The flows that a device holds: few, each at its turn; where one more begins, the one served longest ago is
 * forgotten.
 *
 * @module
 */

import { FLAG, type Header } from "../../serialize/header.ts";

/** Flows that a device holds at once in `stateful` mode. */
export const TEXT_FLOWS = 8;

/** What every flow that is held has. */
export interface HeldFlow {
  /** Sequence number of the packet that comes next. */
  next: number;
}

/** Flows by number. What they are made of is used again. */
export class HeldFlows<T extends HeldFlow> {
  readonly #make: () => T;
  readonly #restart: (flow: T) => void;
  // The one served last comes last.
  readonly #flows = new Map<number, T>();
  readonly #free: T[] = [];

  /**
   * Makes a store without flows.
   *
   * @param make Makes a flow.
   * @param restart Makes a flow as new.
   */
  constructor(make: () => T, restart: (flow: T) => void) {
    this.#make = make;
    this.#restart = restart;
  }

  /** A flow at its beginning, that is not held. */
  fresh(): T {
    const flow = this.#free.pop() ?? this.#make();
    flow.next = 0;
    this.#restart(flow);
    return flow;
  }

  /** A flow that is not held is used no more. */
  release(flow: T): void {
    this.#free.push(flow);
  }

  /**
   * The flow of a packet, at its turn. After the flow's last packet it is forgotten; what is returned is good until
   * the next call.
   *
   * @param header The packet's header.
   * @returns The flow, or why the packet is dropped.
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
