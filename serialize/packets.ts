/**
 * Slots for packets in one preallocated piece of an engine's memory.
 *
 * @module
 */

import { crc32c } from "./crc32c.ts";
import type { Engine } from "./engine.ts";
import { checkWhole, kindOf, OnpathError } from "./errors.ts";
import { FLAG, type Header, HEADER_BYTES, MAX_PAYLOAD, OFFSET, readHeader, type Refusal } from "./header.ts";

/** Whether packets carry a CRC-32C or leave the check to the link (PCIe and Ethernet have their own). */
export type Checksum = "crc32c" | "link";

/**
 * Checks an option that chooses the checksum.
 *
 * @param checksum Value from outside; undefined stands for `crc32c`.
 * @throws {OnpathError} `pipeline`
 */
export function checkChecksum(checksum: unknown): Checksum {
  if (checksum === undefined) return "crc32c";
  if (checksum === "crc32c" || checksum === "link") return checksum;
  const found = typeof checksum === "string" ? JSON.stringify(checksum.slice(0, 40)) : kindOf(checksum);
  throw new OnpathError("pipeline", `Cannot use checksum ${found}: expected crc32c or link`, { found });
}

/**
 * Slots begin at a multiple of this, a page: so a card's driver takes them for DMA where they are, and
 * nothing is copied on the host. It costs at most a page.
 */
export const SLOTS_ALIGNMENT = 4096;

/** Slots of equal size, each for one packet. A packet's length stands in its own header. */
export interface PacketSlots {
  /** The engine whose memory holds the slots. */
  readonly engine: Engine;
  /** Address of the first slot, a multiple of {@linkcode SLOTS_ALIGNMENT} where they were reserved. */
  readonly address: number;
  /** Bytes of a slot, a multiple of 64. */
  readonly slotBytes: number;
  /** Number of slots. */
  readonly slots: number;
}

/**
 * Reserves slots.
 *
 * @param engine The engine that is to hold them.
 * @param slots Number of slots.
 * @param payload Longest payload of a packet, in bytes.
 * @returns The slots, all zero.
 * @throws {OnpathError} `size` when a number is outside its limit or the engine has no room.
 */
export function reserveSlots(engine: Engine, slots: number, payload: number): PacketSlots {
  checkWhole("a number of slots of", slots, 1, 2 ** 20);
  const slotBytes = slotBytesFor(payload);
  return { engine, address: engine.reserve(slots * slotBytes, SLOTS_ALIGNMENT), slotBytes, slots };
}

/**
 * Bytes of a slot for payloads up to a length: header and payload, filled up to whole 64-byte beats.
 *
 * @throws {OnpathError} `size` when the payload is longer than {@linkcode MAX_PAYLOAD}.
 */
export function slotBytesFor(payload: number): number {
  checkWhole("a payload in bytes of", payload, 1, MAX_PAYLOAD);
  return Math.ceil((HEADER_BYTES + payload) / 64) * 64;
}

/** Address of a slot's first byte in the engine's memory. */
export function slotAddress(packets: PacketSlots, slot: number): number {
  return packets.address + slot * packets.slotBytes;
}

/**
 * Reads and checks the packet in a slot, its CRC too where it carries one. Makes no object.
 *
 * @param packets The slots.
 * @param slot Which one.
 * @param header Filled in; undefined after a refusal.
 * @returns The name of the check that failed, or null.
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
 * Reads and checks a packet that lies anywhere.
 *
 * @param bytes The packet, from its first byte; more bytes may follow it.
 * @param header Filled in; undefined after a refusal.
 * @returns The name of the check that failed, or null.
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
 * CRC-32C of a packet that lies anywhere, its CRC field taken as zero.
 *
 * @param packet Header and payload.
 * @returns The CRC as an unsigned 32-bit number.
 */
export function packetCrcPlain(packet: Uint8Array): number {
  const head = crc32c(packet.subarray(0, OFFSET.crc));
  return crc32c(packet.subarray(OFFSET.crc + 4), crc32c(ZERO, head));
}

const ZERO = new Uint8Array(4);

/**
 * The packet in a slot as bytes, without a copy.
 *
 * @param packets The slots.
 * @param slot Which one; its header must have been read without refusal.
 * @returns A view of header and payload; it changes when the slot is written again.
 */
export function packetBytes(packets: PacketSlots, slot: number): Uint8Array<ArrayBuffer> {
  const at = slotAddress(packets, slot);
  const length = packets.engine.view.getUint16(at + OFFSET.length, true);
  return packets.engine.bytes.subarray(at, at + HEADER_BYTES + length);
}
