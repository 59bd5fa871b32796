/**
 * Receiving half of an image's flow: copies answers into the output tensor.
 *
 * @module
 */

import { viewElements } from "../../../serialize/dtype.ts";
import type { Incoming, Missing } from "../../../serialize/flow.ts";
import type { PacketSlots } from "../../../serialize/packets.ts";
import { type Outcome, Reassembler } from "../../../serialize/reassembler.ts";
import { countElements, type Tensor, tensor } from "../../../serialize/tensor.ts";
import { type ImagePlan, planPlacement } from "../plan/plan.ts";

/** Receives one image, or a batch. */
export class ImageIncoming implements Incoming<Tensor> {
  readonly #plan: ImagePlan;
  readonly #flow: number;
  readonly #reassembler = new Reassembler({ flows: 1 });

  /**
   * Reserves the output.
   *
   * @param plan Compiled image plan.
   * @param flow Number of the flow.
   */
  constructor(plan: ImagePlan, flow: number) {
    this.#plan = plan;
    this.#flow = flow;
    this.#reassembler.open(flow, planPlacement(plan));
  }

  get done(): boolean {
    return this.lacking === 0;
  }

  /** Number of missing answers. */
  get lacking(): number {
    return this.#reassembler.missing(this.#flow);
  }

  accept(slots: PacketSlots, slot: number): Outcome {
    return this.#reassembler.accept(slots, slot);
  }

  missing(): Missing | null {
    const ranges = this.#reassembler.gaps(this.#flow, this.#plan.body.layout.answers.packets);
    return ranges.length === 0 ? null : { flow: this.#flow, ranges };
  }

  result(): Tensor {
    const bytes = this.#reassembler.take(this.#flow);
    const { dtype, shape, layout } = this.#plan.body.output;
    return tensor(viewElements(dtype, bytes.buffer, 0, countElements(shape)), { dtype, shape, layout });
  }
}
