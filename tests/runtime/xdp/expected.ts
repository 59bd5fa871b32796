/**
 * Verdicts that the XDP program must reach, from the header's checks and the models of the plans.
 *
 * @module
 */

import type { DropReason, PacketModel, Program } from "../../../kernels/program.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { type FrameAddresses, readFrame } from "../../../scripts/xdp/frames.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { FLAG, HEADER_BYTES, newHeader, OFFSET, readHeader } from "../../../serialize/header.ts";
import { packetBytes, reserveSlots, slotAddress } from "../../../serialize/packets.ts";

/** Longest packet that the program reads. */
const MAX_BYTES = 2048;

/** What happens to a datagram: an answer, or the reason of its drop. */
export type Expected = Uint8Array | DropReason;

/** Makes a judge of datagrams to loaded programs. */
export function createJudge(programs: readonly Program[]): (datagram: Uint8Array) => Expected {
  const engine = createEngine(2 ** 16);
  const [input, output] = [reserveSlots(engine, 1, 8192), reserveSlots(engine, 1, 8192)];
  const models = new Map<number, PacketModel>(
    programs.map((program) => [program.plan.id, program.model(MODEL_PROFILE)]),
  );
  const header = newHeader();
  return (datagram) => {
    const at = slotAddress(input, 0);
    engine.bytes.fill(0, at, at + input.slotBytes);
    engine.bytes.set(datagram.subarray(0, input.slotBytes), at);
    const refusal = readHeader(engine.view, at, datagram.length, header);
    if (refusal !== null) return refusal;
    const { length, plan } = header;
    if (HEADER_BYTES + length > MAX_BYTES) return "items";
    const model = models.get(plan);
    if (model === undefined) {
      const [anyModel] = models.values();
      // Of another plan: the checksum counts first.
      return anyModel!.take(input, 0, output, 0) as DropReason;
    }
    const found = model.take(input, 0, output, 0);
    const { request, answer } = programs.find((each) => each.plan.id === plan)!.plan.packets;
    const hasRoom = HEADER_BYTES + length / request * answer <= datagram.length;
    if (typeof found !== "number") return found === "weight" && !hasRoom ? "items" : found;
    return hasRoom ? packetBytes(output, 0).slice() : "items";
  };
}

/** Whether a frame is a request, by an independent reader of frames. */
export function findRequest(frame: Uint8Array, addresses: FrameAddresses): Uint8Array | null {
  const read = readFrame(frame);
  if (typeof read === "string" || (frame[0]! & 1) !== 0) return null;
  const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, n) => byte === b[n]);
  const isOurs = same(read.addresses.to, addresses.to) && read.addresses.toPort === addresses.toPort;
  return isOurs ? read.payload : null;
}

/** Writes the CRC of a packet if its flags say that it has one. */
export function reseal(packet: Uint8Array, crc: (packet: Uint8Array) => number): void {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  if (packet.length < HEADER_BYTES || (view.getUint16(OFFSET.flags, true) & FLAG.checked) === 0) return;
  const length = Math.min(packet.length - HEADER_BYTES, view.getUint16(OFFSET.length, true));
  view.setUint32(OFFSET.crc, crc(packet.subarray(0, HEADER_BYTES + length)), true);
}
