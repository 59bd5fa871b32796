/**
 * Both halves of a placed flow in one process. It sends all packets, then resends the missing ones.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import { type FlowCounts, newFlow, type Outgoing, type Progress } from "../serialize/flow.ts";
import type { PacketSlots } from "../serialize/packets.ts";
import type { PlacedIncoming } from "../serialize/placed_incoming.ts";
import type { Outcome } from "../serialize/reassembler.ts";
import type { PageLoad } from "./program.ts";
import type { PagedFlow } from "./workload.ts";

/** Sending half of a flow, with the page loads of its packets. */
export interface PagedOutgoing extends Outgoing, Pick<PagedFlow, "pages" | "reloads"> {
  /** Whether packets are due. */
  readonly isDue: boolean;
}

/** Factories of both halves of a placed flow. */
export interface PlacedParts<Out> {
  /** Requests of one input without losses. Default the number of answers. */
  readonly requests?: number | undefined;
  /** Creates the sending half for a flow number. */
  readonly send: (flow: number) => PagedOutgoing;
  /** Creates the receiving half for the same number. */
  readonly receive: (flow: number) => PlacedIncoming<Out>;
}

/** Flow of one input, for workloads with independent packets. */
export class PlacedFlow<Out> implements PagedFlow {
  readonly counts: FlowCounts = { sent: 0, resent: 0 };
  idle = 0;
  readonly #flow = newFlow();
  readonly #requests: number;
  readonly #answers: number;
  readonly #incoming: PlacedIncoming<Out>;
  readonly #outgoing: PagedOutgoing;

  /**
   * Starts an input. Sends nothing.
   *
   * @param parts Factories of both halves.
   */
  constructor({ requests, send, receive }: PlacedParts<Out>) {
    this.#outgoing = send(this.#flow);
    this.#incoming = receive(this.#flow);
    this.#answers = this.#incoming.packets;
    this.#requests = requests ?? this.#answers;
  }

  get done(): boolean {
    return this.#incoming.done && !this.#outgoing.isDue;
  }

  get progress(): Progress {
    return { done: this.#answers - this.#incoming.missingCount, total: this.#answers };
  }

  get pages(): readonly PageLoad[] | undefined {
    return this.#outgoing.pages;
  }

  get reloads(): boolean | undefined {
    return this.#outgoing.reloads;
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    const count = this.#outgoing.write(slots, slot, capacity);
    this.counts.sent += count;
    this.counts.resent = Math.max(0, this.counts.sent - this.#requests);
    return count;
  }

  owns(flow: number): boolean {
    return flow === this.#flow;
  }

  accept(slots: PacketSlots, slot: number): Outcome {
    return this.#incoming.accept(slots, slot);
  }

  settle(): void {
    if (this.#outgoing.isDue) return;
    const missing = this.#incoming.missing();
    if (missing === null) return;
    this.idle++;
    this.#outgoing.resend(missing);
  }

  restart(): void {
    const missing = this.#incoming.missing();
    if (missing !== null) this.#outgoing.resend(missing);
  }

  /** Returns the result. Valid once `done` is true. */
  result(): Out {
    return this.#incoming.result();
  }

  gap(tries: number, outcomes: Readonly<Record<string, number>>): OnpathError {
    const gaps = this.#incoming.missing()?.ranges ?? [];
    const missing = this.#incoming.missingCount;
    const { accepted: _, duplicate: __, ...refused } = outcomes;
    const reasons = Object.entries(refused).map(([name, count]) => `${name} ${count}`).join(", ");
    return new OnpathError(
      "gap",
      `Cannot complete flow ${this.#flow}: ${missing} of ${this.#answers} packets did not come back after ` +
        `${tries} tries` + (reasons === "" ? "" : ` (refused answers: ${reasons})`),
      { flow: this.#flow, missing, packets: this.#answers, gaps: gaps.slice(0, 8), refused },
    );
  }
}
