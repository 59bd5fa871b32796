/**
 * Sending half of an image's flow: writes its packets, window by window.
 *
 * @module
 */

import type { Missing, Range } from "../../../serialize/flow.ts";
import type { ImageWriter } from "../../../serialize/image_writer.ts";
import type { PacketSlots } from "../../../serialize/packets.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import type { PagedOutgoing } from "../../placed_flow.ts";
import type { PageLoad } from "../../program.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { requestsFor } from "../plan/rows.ts";
import type { Sender, Window } from "./send.ts";

/** Sends one image, or a batch. */
export class ImageOutgoing implements PagedOutgoing {
  /** Page loads of the packets written last. */
  pages: readonly PageLoad[] = [];
  /** Whether the program must be reloaded before them, because epoch numbers ran out. */
  reloads = false;
  readonly #plan: ImagePlan;
  readonly #writer: ImageWriter;
  readonly #sender: Pick<Sender, "windows">;
  readonly #input: Tensor;
  #flow: number;
  #windows: Generator<Window>;
  #next: Window | undefined;

  /**
   * Starts an image.
   *
   * @param plan Compiled image plan.
   * @param writer Writer of the plan's packets.
   * @param sender Window order, shared by the session's flows.
   * @param flow Number of the flow.
   * @param input Image, already checked against the plan.
   */
  constructor(
    plan: ImagePlan,
    writer: ImageWriter,
    sender: Pick<Sender, "windows">,
    flow: number,
    input: Tensor,
  ) {
    this.#plan = plan;
    this.#writer = writer;
    this.#sender = sender;
    this.#flow = flow;
    this.#input = input;
    this.#windows = sender.windows([[0, plan.body.layout.cut.packets - 1]]);
  }

  /** Whether packets are due. */
  get isDue(): boolean {
    return this.#peek() !== undefined;
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    const window = this.#peek();
    if (window === undefined) return 0;
    const total = window.ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    // A window's page loads belong to one exchange, so a window is written as a whole.
    if (total > capacity) return 0;
    this.#next = undefined;
    this.pages = window.pages;
    this.reloads = window.restarts;
    let count = 0;
    for (const { first, last, epoch } of window.ranges) {
      this.#writer.write(this.#input, this.#flow, first, last - first + 1, slots, slot + count, epoch);
      count += last - first + 1;
    }
    return total;
  }

  resend({ flow, ranges }: Missing): void {
    this.#flow = flow;
    this.#next = undefined;
    const requests: readonly Range[] = requestsFor(this.#plan, ranges);
    this.#windows = this.#sender.windows(requests);
  }

  #peek(): Window | undefined {
    if (this.#next === undefined) {
      const { done, value } = this.#windows.next();
      if (done !== true) this.#next = value;
    }
    return this.#next;
  }
}
