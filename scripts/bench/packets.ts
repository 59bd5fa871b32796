/**
 * Candidates for packets: implementations of their CRC, and reassembly.
 *
 * @module
 */

import { type Checksum, type PacketSlots, reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { crc32c, crc32cPlain } from "../../serialize/crc32c.ts";
import { createEngine, type Engine } from "../../serialize/engine.ts";
import { cutRows } from "../../serialize/partition.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader, writeHeader } from "../../serialize/header.ts";
import { type Placement, Reassembler } from "../../serialize/reassembler.ts";
import { noise } from "./images.ts";
import type { Candidate } from "./measure.ts";

/** CRC-32C of the 672 packets of 1280x720 to 224x224, by each implementation. */
export function crcCandidates(): Candidate[] {
  const packets = 672;
  const bytes = 1280;
  const engine = createEngine(packets * 1408);
  const first = engine.reserve(packets * 1408);
  engine.bytes.set((noise(720, 1280).data as Uint8Array).subarray(0, packets * 1408), first);
  const views = Array.from(
    { length: packets },
    (_, i) => engine.bytes.subarray(first + 1408 * i, first + 1408 * i + bytes),
  );
  return [
    { name: "CRC-32C, sparse reduction in WebAssembly", run: () => seal(engine, first, packets, bytes) },
    { name: "CRC-32C, sliced by 8 in JavaScript", run: () => views.forEach((view) => crc32c(view)) },
    {
      name: "CRC-32C, a byte at a time in JavaScript",
      run: () => views.forEach((view) => crc32cPlain(view)),
    },
  ];
}

function seal(engine: Engine, first: number, packets: number, bytes: number): void {
  for (let i = 0; i < packets; i++) engine.functions.packetCrc(first + 1408 * i, bytes);
}

/** Payload of the reassembly's packets in bytes, the maximum of a standard frame. */
export const PAYLOAD = 1344;
/** Packets of one f32 image of 224x224, and of a batch of 16 that exceeds the caches of a core. */
export const PACKETS = { image: 448, batch: 16 * 448 } as const;

/** Reassembly of packets of `PAYLOAD` bytes, and a copy of the same bytes. */
export function reassemblyCandidates(packets: number): Candidate[] {
  const source = new Uint8Array(packets * PAYLOAD).fill(1);
  const copy = new Uint8Array(packets * PAYLOAD);
  return [
    { name: "memcpy of the payloads", run: () => copy.set(source) },
    { name: "reassemble, check left to the link", run: reassembly("link", packets) },
    { name: "reassemble, CRC-32C", run: reassembly("crc32c", packets) },
  ];
}

/** Slots with one flow's packets, and the flow's placement. */
function filledSlots(checksum: Checksum, packets: number): { slots: PacketSlots; placement: Placement } {
  const engine = createEngine(packets * 1408);
  const slots = reserveSlots(engine, packets, PAYLOAD);
  // An item is a byte, a packet is a row.
  const placement = {
    plan: 1,
    cut: cutRows(PAYLOAD, packets, 1, PAYLOAD),
    planes: 1,
    itemBytes: 1,
    checksum,
  };
  const checked = checksum === "crc32c" ? FLAG.checked : 0;
  for (let i = 0; i < packets; i++) {
    const at = slotAddress(slots, i);
    writeHeader(engine.view, at, {
      ...newHeader(),
      kind: KIND.samples,
      flags: checked | (i === 0 ? FLAG.first : 0) | (i === packets - 1 ? FLAG.last : 0),
      sequence: i,
      packets,
      length: PAYLOAD,
      plan: 1,
      position: i * PAYLOAD,
    });
    if (checked) engine.functions.seal(at, HEADER_BYTES + PAYLOAD);
  }
  return { slots, placement };
}

function reassembly(checksum: Checksum, packets: number): () => void {
  const { slots, placement } = filledSlots(checksum, packets);
  const reassembler = new Reassembler();
  const output = new Uint8Array(packets * PAYLOAD);
  return () => {
    reassembler.open(0, placement, output);
    for (let i = 0; i < packets; i++) reassembler.accept(slots, i);
    reassembler.take(0);
  };
}
