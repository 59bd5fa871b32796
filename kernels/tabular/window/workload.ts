/**
 * Workload `record_window`: a step on rows nearby. Packets overlap by the rows of a window, so that each stands alone.
 *
 * The registry does not list it, because users plan records as a whole; sessions get it as an option.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { DuePackets } from "../../../serialize/due_packets.ts";
import type { Missing } from "../../../serialize/flow.ts";
import { FLAG, type Header, KIND, newHeader } from "../../../serialize/header.ts";
import { type PacketSlots, writePacket } from "../../../serialize/packets.ts";
import { PlacedIncoming } from "../../../serialize/placed_incoming.ts";
import type { Placement } from "../../../serialize/reassembler.ts";
import { type PagedOutgoing, PlacedFlow } from "../../placed_flow.ts";
import { reservePlanSlots } from "../../plan/slots.ts";
import type { Work, Workload } from "../../workload.ts";
import { createWindowModel } from "./model.ts";
import { CELL_BYTES, spanAt, type WindowPlan } from "./plan.ts";

/** Cells of the columns that a step reads, as f64 by column and row; NaN is missing. */
export type WindowInput = readonly Float64Array[];

/** Sends rows with those around them. */
class WindowOutgoing implements PagedOutgoing {
  readonly #plan: WindowPlan;
  readonly #rows: Uint8Array;
  readonly #header: Header;
  readonly #due: DuePackets;

  constructor(flow: number, plan: WindowPlan, rows: Uint8Array) {
    const { packets } = plan.body.cut;
    this.#plan = plan;
    this.#rows = rows;
    this.#header = { ...newHeader(), kind: KIND.samples, flow, plan: plan.id, packets };
    this.#due = new DuePackets(packets);
  }

  get isDue(): boolean {
    return this.#due.isDue;
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    let count = 0;
    while (count < capacity && this.#due.isDue) this.#writeOne(this.#due.take(), slots, slot + count++);
    return count;
  }

  resend({ flow, ranges }: Missing): void {
    this.#header.flow = flow;
    this.#due.reset(ranges);
  }

  #writeOne(sequence: number, slots: PacketSlots, slot: number): void {
    const { body } = this.#plan;
    const header = this.#header;
    const first = sequence * body.cut.itemsPerPacket;
    const { count, before, after } = spanAt(body, first)!;
    const rowBytes = body.columns * CELL_BYTES;
    header.sequence = sequence;
    header.position = first;
    header.length = (before + count + after) * rowBytes;
    header.overlap = before * rowBytes;
    header.flags = FLAG.checked | (sequence === 0 ? FLAG.first : 0) |
      (sequence === body.cut.packets - 1 ? FLAG.last : 0);
    writePacket(
      slots,
      slot,
      header,
      this.#rows.subarray((first - before) * rowBytes, (first + count + after) * rowBytes),
    );
  }
}

function begin(plan: WindowPlan, input: WindowInput): Work<Float64Array> {
  const { id, body: { columns, rows, cut } } = plan;
  if (input.length !== columns || input.some((cells) => cells.length !== rows)) {
    throw new OnpathError("shape", `Cannot run a window: expected ${columns} columns of ${rows} rows`, {
      columns,
      rows,
    });
  }
  const cells = new Float64Array(rows * columns);
  for (const [at, column] of input.entries()) {
    for (let row = 0; row < rows; row++) cells[row * columns + at] = column[row]!;
  }
  const answers: Placement = { plan: id, cut, planes: 1, itemBytes: CELL_BYTES, checksum: "crc32c" };
  const flow = new PlacedFlow<Float64Array>({
    send: (number) => new WindowOutgoing(number, plan, new Uint8Array(cells.buffer)),
    receive: (number) =>
      new PlacedIncoming(number, answers, (bytes) => new Float64Array(bytes.buffer, 0, rows)),
  });
  return { flows: [flow], result: () => flow.result() };
}

/** Error about a device without windows. */
function lacks({ id, body: { step } }: WindowPlan): OnpathError {
  return new OnpathError(
    "device",
    `Cannot load plan ${id} into the RTL: ${step.op} reads a window of ${step.window} rows, and the RTL has no ` +
      "kernel that keeps rows",
    { plan: id, op: step.op },
  );
}

function notStored(): never {
  throw new OnpathError(
    "plan",
    "Cannot read a plan of workload record_window: it is part of a plan of records",
  );
}

/** Workload `record_window`. */
export const windowWorkload: Workload<WindowPlan, WindowInput, Float64Array, void> = {
  name: "record_window",
  summary: "rows of records through a step that reads the rows nearby",
  steps: [],
  data: ["rows", "rows"],
  compile: notStored,
  check: notStored,
  open: (plan) => ({
    program: {
      plan,
      restarts: false,
      model: () => createWindowModel(plan),
      image: () => {
        throw lacks(plan);
      },
    },
    connect: () => ({ ...reservePlanSlots(plan.packets), maxFlows: 1, begin: (input) => begin(plan, input) }),
  }),
};
