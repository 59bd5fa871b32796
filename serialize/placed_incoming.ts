/**
 * Receiving half of a placed flow: copies answers into one output by sequence number, or gives them to a sink.
 *
 * @module
 */

import type { Incoming, Missing } from "./flow.ts";
import type { PacketSlots } from "./packets.ts";
import { type Outcome, type PayloadSink, type Placement, Reassembler } from "./reassembler.ts";

/** Receives one output. */
export class PlacedIncoming<Out> implements Incoming<Out> {
  /** Total number of answers. */
  readonly packets: number;
  readonly #flow: number;
  readonly #finish: (bytes: Uint8Array<ArrayBuffer>) => Out;
  readonly #reassembler = new Reassembler({ flows: 1 });
  // As the reassembler has it, which is asked for with each answer.
  #missing: number;

  /**
   * Reserves the output.
   *
   * @param flow Number of the flow.
   * @param placement Layout of the answers in the output.
   * @param finish Converts the output bytes to the result.
   * @param output Memory for the output, of exactly its length, or a sink. By default new memory is allocated.
   */
  constructor(
    flow: number,
    placement: Placement,
    finish: (bytes: Uint8Array<ArrayBuffer>) => Out,
    output?: Uint8Array<ArrayBuffer> | PayloadSink,
  ) {
    this.#flow = flow;
    this.#finish = finish;
    this.packets = this.#missing = placement.cut.packets;
    this.#reassembler.open(flow, placement, output);
  }

  /** Whether the output is complete. */
  get done(): boolean {
    return this.missingCount === 0;
  }

  /** Number of missing answers. */
  get missingCount(): number {
    return this.#missing;
  }

  /** Puts the answer in a slot into the output. */
  accept(slots: PacketSlots, slot: number): Outcome {
    const outcome = this.#reassembler.accept(slots, slot);
    if (outcome === "accepted") this.#missing--;
    return outcome;
  }

  /** Lists missing answers; null if there are none. */
  missing(): Missing | null {
    const ranges = this.#reassembler.gaps(this.#flow, this.missingCount);
    return ranges.length === 0 ? null : { flow: this.#flow, ranges };
  }

  /** Returns the result and closes the flow. Must be called at most once. */
  result(): Out {
    return this.#finish(this.#reassembler.take(this.#flow));
  }
}
