/**
 * Both halves of an image's flow. It sends the whole image, then resends what is missing.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { type FlowCounts, newFlow, type PacketFlow, type Progress } from "../../../serialize/flow.ts";
import type { ImageWriter } from "../../../serialize/image_writer.ts";
import type { PacketSlots } from "../../../serialize/packets.ts";
import type { Outcome } from "../../../serialize/reassembler.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import type { PageLoad } from "../../program.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { ImageIncoming } from "./incoming.ts";
import { ImageOutgoing } from "./outgoing.ts";
import type { Sender } from "./send.ts";

/** Flow of one image, or of a batch. */
export class ImageFlow implements PacketFlow {
  readonly counts: FlowCounts = { sent: 0, resent: 0 };
  idle = 0;
  readonly #flow = newFlow();
  readonly #total: number;
  readonly #requests: number;
  readonly #incoming: ImageIncoming;
  readonly #outgoing: ImageOutgoing;

  /**
   * Starts an image.
   *
   * @param plan Compiled image plan.
   * @param writer Writer of the plan's packets.
   * @param sender Window order, shared by the session's flows.
   * @param input Image, already checked against the plan.
   */
  constructor(plan: ImagePlan, writer: ImageWriter, sender: Sender, input: Tensor) {
    const { cut, answers } = plan.body.layout;
    this.#total = answers.packets;
    this.#requests = cut.packets;
    this.#incoming = new ImageIncoming(plan, this.#flow);
    this.#outgoing = new ImageOutgoing(plan, writer, sender, this.#flow, input);
  }

  get done(): boolean {
    return this.#incoming.done && !this.#outgoing.isDue;
  }

  get progress(): Progress {
    return { done: this.#total - this.#incoming.lacking, total: this.#total };
  }

  /** Page loads of the packets written last. */
  get pages(): readonly PageLoad[] {
    return this.#outgoing.pages;
  }

  /** Whether the program must be reloaded before the packets written last. */
  get reloads(): boolean {
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

  /** Returns the output. Valid once `done` is true. */
  result(): Tensor {
    return this.#incoming.result();
  }

  gap(tries: number, outcomes: Readonly<Record<string, number>>): OnpathError {
    const gaps = this.#incoming.missing()?.ranges ?? [];
    const missing = this.#incoming.lacking;
    const { accepted: _, duplicate: __, ...refused } = outcomes;
    const reasons = Object.entries(refused).map(([name, count]) => `${name} ${count}`).join(", ");
    return new OnpathError(
      "gap",
      `Cannot complete flow ${this.#flow}: ${missing} of ${this.#total} packets did not come back after ` +
        `${tries} tries` + (reasons === "" ? "" : ` (refused answers: ${reasons})`),
      { flow: this.#flow, missing, packets: this.#total, gaps: gaps.slice(0, 8), refused },
    );
  }
}
