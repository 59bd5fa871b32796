/**
 * A workload in one file: every byte is looked up in a table of 256. docs/architecture.md walks through it.
 *
 * @module
 */

import { z } from "zod";
import { PlacedFlow } from "../../kernels/placed_flow.ts";
import { identifyPlan, type Plan } from "../../kernels/plan/plan.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { type PacketModel, plainCounts } from "../../kernels/program.ts";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import type { Workload } from "../../kernels/workload.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { HEADER_BYTES, newHeader } from "../../serialize/header.ts";
import { packetBytes, readPacket, writePacket } from "../../serialize/packets.ts";
import { cutRows } from "../../serialize/partition.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import type { Placement } from "../../serialize/reassembler.ts";

interface Body {
  readonly length: number;
  readonly table: readonly number[];
}

/** A plan for inputs of one length. */
export type ByteTablePlan = Plan<"byte_table", Body>;

const bodySpec: Schema<Body> = z.strictObject({
  length: z.number().int().min(1).max(2 ** 20),
  table: z.array(z.number().int().min(0).max(255)).length(256),
});

/** Input and output are one row of bytes, cut into packets alike. */
function placementOf({ id, packets, body }: ByteTablePlan): Placement {
  const cut = cutRows(body.length, 1, 1, packets.request);
  return { plan: id, cut, planes: 1, itemBytes: 1, checksum: "crc32c" };
}

function planFor(value: unknown, target: DeviceProfile, code: "pipeline" | "plan"): ByteTablePlan {
  const body = parseWith(bodySpec, value, code, "body");
  const packets = { request: 64, answer: 64, answersPerRequest: 1, inFlight: 16 };
  return identifyPlan({ workload: "byte_table", target, packets, body });
}

/** The kernel, packet by packet. */
function model({ id, body: { table } }: ByteTablePlan): PacketModel {
  const header = newHeader();
  let lookups = 0;
  return {
    resident: { bytes: table.length, cycles: 0 },
    take: (input, slot, output, answer) => {
      const refusal = readPacket(input, slot, header) ?? (header.plan === id ? null : "plan");
      if (refusal !== null) return refusal;
      const payload = packetBytes(input, slot).subarray(HEADER_BYTES);
      writePacket(output, answer, header, payload.map((level) => table[level]!));
      lookups += header.length;
      // One answer to each request.
      return 1;
    },
    counts: () => plainCounts(lookups),
  };
}

/** The workload `byte_table`. Its pipeline is `{ length, table }`. */
export const byteTable: Workload<ByteTablePlan, Uint8Array, Uint8Array, void> = {
  name: "byte_table",
  summary: "bytes to bytes, by a table",
  steps: ["byte_table"],
  data: ["bytes", "bytes"],
  compile: (pipeline, options) =>
    planFor(pipeline, (options as { device: { profile: DeviceProfile } }).device.profile, "pipeline"),
  check: (plan) => planFor(plan.body, plan.target, "plan"),
  open: (plan) => ({
    program: {
      plan,
      restarts: false,
      model: () => model(plan),
      image: () => {
        throw new OnpathError("device", `Cannot run plan ${plan.id}: the RTL has no kernel for it`);
      },
    },
    connect: () => ({
      ...reservePlanSlots(plan.packets),
      maxFlows: 8,
      begin: (input) => {
        if (input.length !== plan.body.length) throw new OnpathError("shape", "Cannot run: another length");
        const placement = placementOf(plan);
        const flow = new PlacedFlow<Uint8Array>({
          send: (number) => new PlacedOutgoing(number, placement, input),
          receive: (number) => new PlacedIncoming(number, placement, (bytes) => bytes),
        });
        return { flows: [flow], result: () => flow.result() };
      },
    }),
  }),
};
