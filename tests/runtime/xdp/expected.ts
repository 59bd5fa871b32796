/**
 * Verdicts that the XDP program must reach, from the header's checks and the models of the plans.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MAX_EPOCH } from "../../../kernels/epochs.ts";
import type { DropReason, PacketModel, Program } from "../../../kernels/program.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { XdpDropReason } from "../../../runtime/xdp/layout.ts";
import { NO_PAGES, type ResidentPages } from "../../../runtime/xdp/pages.ts";
import { type FrameAddresses, readFrame } from "../../../scripts/xdp/frames.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { FLAG, HEADER_BYTES, newHeader, OFFSET, readHeader } from "../../../serialize/header.ts";
import { packetBytes, packetCrcPlain, reserveSlots, slotAddress } from "../../../serialize/packets.ts";

/** Longest packet that the program reads. */
const MAX_BYTES = 2048;

/** Checks that come after that of the room for an answer. */
const LATER: readonly string[] = ["weight", "epoch", "page"];

/** What happens to a datagram: an answer, or the reason of its drop. */
export type Expected = Uint8Array | XdpDropReason;

/**
 * Makes a judge of datagrams to loaded programs.
 *
 * @param programs Loaded programs.
 * @param residents Resident pages by plan; a test that swaps pages sets others.
 */
export function createJudge(
  programs: readonly Program[],
  residents: ReadonlyMap<number, ResidentPages> = new Map(),
): (datagram: Uint8Array) => Expected {
  const engine = createEngine(2 ** 16);
  const [input, output] = [reserveSlots(engine, 1, 8192), reserveSlots(engine, 1, 8192)];
  const models = new Map<number, PacketModel>(
    programs.map((program) => [program.plan.id, program.model(MODEL_PROFILE)]),
  );
  const pageCounts = new Map(programs.map(({ plan, image }) => [plan.id, image().pages?.count]));
  const pagedModels = new Map<number, readonly [ResidentPages, PacketModel]>();
  /** Model whose slots hold the pages from epoch 0 on. */
  const pagedModel = (program: Program, resident: ResidentPages) => {
    const known = pagedModels.get(program.plan.id);
    if (known?.[0] === resident) return known[1];
    const model = program.model(MODEL_PROFILE);
    const pages = resident.pages.map((page, slot) => ({ ...page, slot, after: -1, before: 0 }));
    model.begin!({ input, count: 1, output, pages });
    pagedModels.set(program.plan.id, [resident, model]);
    return model;
  };
  const header = newHeader();
  const at = slotAddress(input, 0);

  /** Verdict on a packet of a plan with pages. The model runs in epoch 0, so that it computes whatever is resident. */
  const judgePaged = (program: Program, datagram: Uint8Array): number | DropReason | "page" => {
    const { first, pages } = residents.get(program.plan.id) ?? NO_PAGES;
    const model = pagedModel(program, residents.get(program.plan.id) ?? NO_PAGES);
    const { epoch, length, flags } = header;
    if ((flags & FLAG.checked) !== 0) {
      const packet = datagram.slice(0, HEADER_BYTES + length);
      const sealed = new DataView(packet.buffer).getUint32(OFFSET.crc, true);
      if (packetCrcPlain(packet) !== sealed) return "crc";
    }
    engine.view.setUint32(at + OFFSET.epoch, 0, true);
    reseal(engine.bytes.subarray(at, at + HEADER_BYTES + length), packetCrcPlain);
    const isOver = epoch < first || epoch > MAX_EPOCH;
    let found: number | DropReason | "page";
    try {
      found = model.take(input, 0, output, 0);
    } catch (error) {
      assert(
        error instanceof OnpathError && error.code === "table" &&
          pages.length < pageCounts.get(program.plan.id)!,
      );
      found = "page";
    }
    if (typeof found !== "number" && found !== "weight" && found !== "page") return found;
    if (isOver) return "epoch";
    if (found === 1) {
      const answer = slotAddress(output, 0);
      engine.view.setUint32(answer + OFFSET.epoch, epoch, true);
      reseal(engine.bytes.subarray(answer, answer + packetBytes(output, 0).length), packetCrcPlain);
    }
    return found;
  };

  return (datagram) => {
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
    const program = programs.find((each) => each.plan.id === plan)!;
    const { request, answer } = program.plan.packets;
    const hasRoom = HEADER_BYTES + length * answer / request <= datagram.length;
    const found = pageCounts.get(plan) === undefined
      ? model.take(input, 0, output, 0)
      : judgePaged(program, datagram);
    if (typeof found !== "number") return LATER.includes(found) && !hasRoom ? "items" : found;
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
