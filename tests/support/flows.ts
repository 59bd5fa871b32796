/**
 * Flows of answers for tests of the way back: packets that carry known outputs.
 *
 * @module
 */

import { type Checksum, packetCrcPlain } from "../../serialize/packets.ts";
import {
  FLAG,
  type Header,
  HEADER_BYTES,
  KIND,
  newHeader,
  OFFSET,
  writeHeader,
} from "../../serialize/header.ts";
import { cutRows, firstItem, itemCount } from "../../serialize/partition.ts";
import { outputBytes, type Placement } from "../../serialize/reassembler.ts";
import { randomBytes } from "./random.ts";

/** A placement of small images. */
export function placementOf(options: {
  width?: number;
  height?: number;
  images?: number;
  most?: number;
  planes?: number;
  itemBytes?: number;
  checksum?: Checksum;
  plan?: number;
} = {}): Placement {
  const { width = 10, height = 4, images = 2, most = 4, planes = 1, itemBytes = 3 } = options;
  return {
    plan: options.plan ?? 0xfeed_beef,
    cut: cutRows(width, height, images, most),
    planes,
    itemBytes,
    checksum: options.checksum ?? "crc32c",
  };
}

/** Makes a packet of any header and payload, with its CRC where the flag asks for one. */
export function packetOf(header: Partial<Header>, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(HEADER_BYTES + payload.length);
  packet.set(payload, HEADER_BYTES);
  const view = new DataView(packet.buffer);
  const full = { ...newHeader(), length: payload.length, ...header };
  writeHeader(view, 0, full);
  if (full.flags & FLAG.checked) reseal(packet);
  return packet;
}

/** Writes the CRC that a packet's bytes have now. */
export function reseal(packet: Uint8Array<ArrayBuffer>): void {
  new DataView(packet.buffer, packet.byteOffset).setUint32(OFFSET.crc, packetCrcPlain(packet), true);
}

/** The header of one answer of a flow. */
export function answerHeader(flow: number, placement: Placement, sequence: number): Header {
  const { cut, plan, planes, itemBytes, checksum } = placement;
  return {
    ...newHeader(),
    kind: KIND.samples,
    flow,
    sequence,
    plan,
    packets: cut.packets,
    position: firstItem(cut, sequence),
    length: itemCount(cut, sequence) * planes * itemBytes,
    flags: (checksum === "crc32c" ? FLAG.checked : 0) | (sequence === 0 ? FLAG.first : 0) |
      (sequence === cut.packets - 1 ? FLAG.last : 0),
  };
}

/** A flow's output and, in order, the packets that carry it. */
export function answersOf(flow: number, placement: Placement, seed: number): {
  output: Uint8Array<ArrayBuffer>;
  packets: Uint8Array<ArrayBuffer>[];
} {
  const { cut, planes, itemBytes } = placement;
  const output = randomBytes(outputBytes(placement), seed);
  const perImage = cut.width * cut.height;
  const packets = Array.from({ length: cut.packets }, (_, sequence) => {
    const header = answerHeader(flow, placement, sequence);
    const payload: number[] = [];
    for (let plane = 0; plane < planes; plane++) {
      for (let item = header.position; item < header.position + itemCount(cut, sequence); item++) {
        const image = Math.floor(item / perImage);
        const at = ((image * planes + plane) * perImage + item - image * perImage) * itemBytes;
        payload.push(...output.subarray(at, at + itemBytes));
      }
    }
    return packetOf(header, Uint8Array.from(payload));
  });
  return { output, packets };
}
