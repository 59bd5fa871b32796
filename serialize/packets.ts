/**
 * Packet slots in one preallocated range of an engine's memory.
 *
 * @module
 */

import { crc32c } from "./crc32c.ts";
import type { Engine } from "./engine.ts";
import { checkInteger, kindOf, OnpathError } from "./errors.ts";
import {
  FLAG,
  type Header,
  HEADER_BYTES,
  MAX_PAYLOAD,
  OFFSET,
  readHeader,
  type Refusal,
  writeHeader,
} from "./header.ts";

/** `crc32c`: packets carry a CRC-32C. `link`: they rely on the checksums of PCIe or Ethernet. */
export type Checksum = "crc32c" | "link";

/**
 * Checks an option that chooses the checksum.
 *
 * @param checksum Value from outside; undefined stands for `crc32c`.
 * @throws {OnpathError} `pipeline` if the value is neither `crc32c` nor `link`.
 */
export function checkChecksum(checksum: unknown): Checksum {
  if (checksum === undefined) return "crc32c";
  if (checksum === "crc32c" || checksum === "link") return checksum;
  const found = typeof checksum === "string" ? JSON.stringify(checksum.slice(0, 40)) : kindOf(checksum);
  throw new OnpathError("pipeline", `Cannot use checksum ${found}: expected crc32c or link`, { found });
}

/**
 * Alignment of slots in bytes: one page. A card's driver can then read them by DMA without a copy on the
 * host. The padding is at most one page.
 */
export const SLOTS_ALIGNMENT = 4096;

/** Slots of equal size, one packet each. A packet's length is in its header. */
export interface PacketSlots {
  /** Engine whose memory holds the slots. */
  readonly engine: Engine;
  /** Address of the first slot; reserved slots start at a multiple of {@linkcode SLOTS_ALIGNMENT}. */
  readonly address: number;
  /** Bytes of one slot, a multiple of 64. */
  readonly slotBytes: number;
  /** Number of slots. */
  readonly slots: number;
}

/**
 * Reserves slots.
 *
 * @param engine Engine whose memory will hold the slots.
 * @param slots Number of slots, 1 to 2^20.
 * @param payload Longest payload of a packet in bytes, 1 to {@linkcode MAX_PAYLOAD}.
 * @returns Slots, all zero.
 * @throws {OnpathError} `size` when a number is out of range or the engine has too little memory left.
 */
export function reserveSlots(engine: Engine, slots: number, payload: number): PacketSlots {
  checkInteger("slot count", slots, 1, 2 ** 20);
  const slotBytes = slotBytesFor(payload);
  return { engine, address: engine.reserve(slots * slotBytes, SLOTS_ALIGNMENT), slotBytes, slots };
}

/**
 * Bytes of a slot: header and longest payload, padded to whole 64-byte beats.
 *
 * @throws {OnpathError} `size` when the payload is outside 1 to {@linkcode MAX_PAYLOAD}.
 */
export function slotBytesFor(payload: number): number {
  checkInteger("payload bytes", payload, 1, MAX_PAYLOAD);
  return Math.ceil((HEADER_BYTES + payload) / 64) * 64;
}

/**
 * Returns the address of a slot's first byte in the engine's memory.
 *
 * @example
 * ```ts
 * import { createEngine, reserveSlots, slotAddress } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const slots = reserveSlots(createEngine(2 ** 14), 2, 64);
 * assert.equal(slotAddress(slots, 1) - slotAddress(slots, 0), slots.slotBytes);
 * ```
 */
export function slotAddress(packets: PacketSlots, slot: number): number {
  return packets.address + slot * packets.slotBytes;
}

/**
 * Writes a packet into a slot. Its CRC is filled in if the header's flags include `checked`.
 *
 * @param packets Slots to write to.
 * @param slot Slot number, from 0.
 * @param header Header fields. `length` must be the payload's length.
 * @param payload Payload, at most `slotBytes` less the header. The length is not checked.
 *
 * @example
 * ```ts
 * import { createEngine, FLAG, newHeader, packetBytes, reserveSlots, writePacket } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const slots = reserveSlots(createEngine(2 ** 14), 1, 64);
 * const flags = FLAG.first | FLAG.last | FLAG.checked;
 * writePacket(slots, 0, { ...newHeader(), flags, length: 3 }, Uint8Array.of(1, 2, 3));
 * assert.deepEqual([...packetBytes(slots, 0).subarray(64)], [1, 2, 3]);
 * ```
 */
export function writePacket(packets: PacketSlots, slot: number, header: Header, payload: Uint8Array): void {
  packets.engine.bytes.set(payload, slotAddress(packets, slot) + HEADER_BYTES);
  sealPacket(packets, slot, header);
}

/**
 * Writes the header of a packet whose payload is in its slot, and the CRC if the flags include `checked`.
 *
 * @param packets Slots to write to.
 * @param slot Slot number, from 0.
 * @param header Header fields. `length` must be the payload's length.
 */
export function sealPacket(packets: PacketSlots, slot: number, header: Header): void {
  const { engine } = packets;
  const at = slotAddress(packets, slot);
  writeHeader(engine.view, at, header);
  if (header.flags & FLAG.checked) engine.functions.seal(at, HEADER_BYTES + header.length);
}

/**
 * Reads and checks the packet in a slot, including its CRC if it has one. Allocates nothing.
 *
 * @param packets Slots to read from.
 * @param slot Slot number, from 0.
 * @param header Output; undefined after a refusal.
 * @returns Name of the check that failed, or null.
 *
 * @example
 * ```ts
 * import { createEngine, newHeader, readPacket, reserveSlots } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(readPacket(reserveSlots(createEngine(2 ** 14), 1, 64), 0, newHeader()), "magic");
 * ```
 */
export function readPacket(packets: PacketSlots, slot: number, header: Header): Refusal | null {
  const { engine, slotBytes } = packets;
  const at = packets.address + slot * slotBytes;
  const refusal = readHeader(engine.view, at, slotBytes, header);
  if (refusal !== null) return refusal;
  if (header.flags & FLAG.checked) {
    const crc = engine.functions.packetCrc(at, HEADER_BYTES + header.length);
    if (crc >>> 0 !== engine.view.getUint32(at + OFFSET.crc, true)) return "crc";
  }
  return null;
}

/**
 * Reads and checks a packet in any memory.
 *
 * @param bytes Packet from its first byte; more bytes may follow.
 * @param header Output; undefined after a refusal.
 * @returns Name of the check that failed, or null.
 *
 * @example
 * ```ts
 * import { newHeader, readPacketBytes } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(readPacketBytes(new Uint8Array(10), newHeader()), "truncated");
 * ```
 */
export function readPacketBytes(bytes: Uint8Array, header: Header): Refusal | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refusal = readHeader(view, 0, bytes.length, header);
  if (refusal !== null || (header.flags & FLAG.checked) === 0) return refusal;
  return packetCrcPlain(bytes.subarray(0, HEADER_BYTES + header.length)) === view.getUint32(OFFSET.crc, true)
    ? null
    : "crc";
}

/**
 * CRC-32C of a packet in any memory, with its CRC field read as zero.
 *
 * @param packet Header and payload.
 * @returns CRC as an unsigned 32-bit number.
 */
export function packetCrcPlain(packet: Uint8Array): number {
  const head = crc32c(packet.subarray(0, OFFSET.crc));
  return crc32c(packet.subarray(OFFSET.crc + 4), crc32c(ZERO, head));
}

const ZERO = new Uint8Array(4);

/**
 * Views the packet in a slot as bytes, without a copy.
 *
 * @param packets Slots to read from.
 * @param slot Slot number; its header must have been read without refusal.
 * @returns View of header and payload. It changes when the slot is written again.
 *
 * @example
 * ```ts
 * import { createEngine, newHeader, packetBytes, reserveSlots, writePacket } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const slots = reserveSlots(createEngine(2 ** 14), 1, 64);
 * writePacket(slots, 0, { ...newHeader(), length: 3 }, Uint8Array.of(1, 2, 3));
 * assert.equal(packetBytes(slots, 0).length, 67);
 * ```
 */
export function packetBytes(packets: PacketSlots, slot: number): Uint8Array<ArrayBuffer> {
  const at = slotAddress(packets, slot);
  const length = packets.engine.view.getUint16(at + OFFSET.length, true);
  return packets.engine.bytes.subarray(at, at + HEADER_BYTES + length);
}
