/**
 * Plans on the RTL of the image pipeline.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import { OFFSET } from "../../serialize/header.ts";
import { packetBytes } from "../../serialize/packets.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { openRtl, type Rtl } from "./rtl.ts";

const builds = {
  terms: await openRtl("packet_image"),
  products: await openRtl("packet_image_products"),
  rows: await openRtl("packet_rows"),
};

/** A plan on the RTL, on its own build where no instance is given: registers started, tables loaded. */
export function load(plan: ImagePlan, on?: Rtl): Rtl {
  const { build, values, tables } = rtlProgram(plan);
  const rtl = on ?? builds[build];
  rtl.card.start(values);
  for (const { table, entries } of tables) rtl.card.loadTable(table, entries);
  return rtl;
}

/** The packets of an input as they are sent. */
export function packetsOf(plan: ImagePlan, input: Tensor): Uint8Array[] {
  const { requests, writer } = reservePackets(plan);
  const { packets } = plan.body.layout.cut;
  const sent: Uint8Array[] = [];
  while (sent.length < packets) {
    const count = Math.min(requests.slots, packets - sent.length);
    writer.write(input, 5, sent.length, count, requests);
    for (let at = 0; at < count; at++) sent.push(packetBytes(requests, at).slice());
  }
  return sent;
}

/** A packet with its CRC made again. */
export function sealed(packet: Uint8Array): Uint8Array {
  const view = new DataView(packet.buffer);
  view.setUint32(OFFSET.crc, 0, true);
  view.setUint32(OFFSET.crc, crc32c(packet), true);
  return packet;
}
