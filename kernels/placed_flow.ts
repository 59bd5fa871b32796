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
  /** Packets sent. */
  readonly counts: FlowCounts = { sent: 0, resent: 0 };
  /** Tries in a row without progress. */
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

  /** Whether the result is complete and nothing is due. */
  get done(): boolean {
    return this.#incoming.done && !this.#outgoing.isDue;
  }

  /** Answers that came, of all. */
  get progress(): Progress {
    return { done: this.#answers - this.#incoming.missingCount, total: this.#answers };
  }

  /** Page loads that belong to the packets written last. */
  get pages(): readonly PageLoad[] | undefined {
    return this.#outgoing.pages;
  }

  /** Whether the program must be loaded again before them. */
  get reloads(): boolean | undefined {
    return this.#outgoing.reloads;
  }

  /** Writes the packets that are due next. */
  write(slots: PacketSlots, slot: number, capacity: number): number {
    const count = this.#outgoing.write(slots, slot, capacity);
    this.counts.sent += count;
    this.counts.resent = Math.max(0, this.counts.sent - this.#requests);
    return count;
  }

  /** Whether a flow number is its own. */
  owns(flow: number): boolean {
    return flow === this.#flow;
  }

  /** Takes the answer in a slot. */
  accept(slots: PacketSlots, slot: number): Outcome {
    return this.#incoming.accept(slots, slot);
  }

  /** Makes missing packets due again, once all others are answered or lost. */
  settle(): void {
    if (this.#outgoing.isDue) return;
    const missing = this.#incoming.missing();
    if (missing === null) return;
    this.idle++;
    this.#outgoing.resend(missing);
  }

  /** Makes everything unanswered due again, because the device lost its state. */
  restart(): void {
    const missing = this.#incoming.missing();
    if (missing !== null) this.#outgoing.resend(missing);
  }

  /** Returns the result. Valid once `done` is true. */
  result(): Out {
    return this.#incoming.result();
  }

  /** Names the packets that are missing. */
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
