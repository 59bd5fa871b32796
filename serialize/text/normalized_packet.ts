/**
 * Packets of normalized text: the answer to a packet of text, in one or more parts.
 *
 * The payload holds UTF-8. All parts together hold whole code points. An empty part has one padding byte.
 * The carry is in the last 16 bytes of the header:
 *
 * | byte | size | field |
 * |---|---|---|
 * | 48 | u16 | bytes of text in this part |
 * | 50 | u8 | zero |
 * | 51 | u8 | number of the part |
 * | 52 | u8 | number of parts |
 * | 53 | u8 | reason number if the device gave the flow up; otherwise 0 |
 * | 54 | u16 | zero |
 * | 56 | u32 | resume offset after a loss: byte of the flow's input |
 * | 60 | u32 | bytes of output after the resume offset that have arrived, including this packet's |
 *
 * The header's position is the payload's offset in the normalized text of the flow.
 *
 * @module
 */

import { OnpathError } from "../errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, type Refusal, writeHeader } from "../header.ts";
import { type PacketSlots, readPacket, slotAddress } from "../packets.ts";

/** Carry of a packet of normalized text. Readers reuse one object. */
export interface NormalizedCarry {
  /** Bytes of text in this part. */
  bytes: number;
  /** Part number of the answer, from 0. */
  part: number;
  /** Number of parts of the answer, at least 1. */
  parts: number;
  /** Reason number if the device gave the flow up; otherwise 0. */
  escape: number;
  /** Resume offset after a loss: byte of the flow's input where normalization can restart. */
  resume: number;
  /** Bytes of output after the resume offset that have arrived. */
  skip: number;
}

/** Creates a carry without text, with one part. */
export function newNormalizedCarry(): NormalizedCarry {
  return { bytes: 0, part: 0, parts: 1, escape: 0, resume: 0, skip: 0 };
}

/**
 * Writes a packet of normalized text, and its CRC-32C if the header's flags request it.
 *
 * @param slots Slots to write to.
 * @param slot Slot number, from 0.
 * @param header Header; its kind, length and overlap are set here.
 * @param carry Carry; `carry.bytes` bytes of text are written.
 * @param text Memory that holds the text.
 * @param from Offset of its first byte there.
 * @throws {OnpathError} `size` when the slot does not exist or is too short.
 */
export function writeNormalizedPacket(
  slots: PacketSlots,
  slot: number,
  header: Header,
  carry: NormalizedCarry,
  text: Uint8Array,
  from: number,
): void {
  const { engine, slotBytes } = slots;
  const length = Math.max(1, carry.bytes);
  if (slot >= slots.slots || HEADER_BYTES + length > slotBytes) {
    throw new OnpathError(
      "size",
      `Cannot answer with ${
        HEADER_BYTES + length
      } bytes in slot ${slot}: ${slots.slots} slots of ${slotBytes}`,
      { bytes: HEADER_BYTES + length, slot, slots: slots.slots, slotBytes },
    );
  }
  const at = slotAddress(slots, slot);
  header.kind = KIND.text;
  header.length = length;
  header.overlap = 0;
  const { view, bytes } = engine;
  writeHeader(view, at, header);
  bytes[at + HEADER_BYTES] = 0;
  bytes.set(text.subarray(from, from + carry.bytes), at + HEADER_BYTES);
  view.setUint16(at + 48, carry.bytes, true);
  bytes[at + 50] = 0;
  bytes[at + 51] = carry.part;
  bytes[at + 52] = carry.parts;
  bytes[at + 53] = carry.escape;
  view.setUint16(at + 54, 0, true);
  view.setUint32(at + 56, carry.resume, true);
  view.setUint32(at + 60, carry.skip, true);
  if (header.flags & FLAG.checked) engine.functions.seal(at, HEADER_BYTES + length);
}

/**
 * Names of the checks that refuse a packet of normalized text: those of the header, and `carry` for invalid
 * values.
 */
export type NormalizedRefusal = Refusal | "carry";

/**
 * Reads a packet of normalized text. The text follows the header.
 *
 * @param slots Slots to read from.
 * @param slot Slot number, from 0.
 * @param header Output; undefined after a refusal.
 * @param carry Output; undefined after a refusal.
 * @returns Name of the check that failed, or null.
 */
export function readNormalizedPacket(
  slots: PacketSlots,
  slot: number,
  header: Header,
  carry: NormalizedCarry,
): NormalizedRefusal | null {
  const refusal = readPacket(slots, slot, header);
  if (refusal !== null) return refusal;
  if (header.kind !== KIND.text) return "kind";
  const { view, bytes } = slots.engine;
  const at = slotAddress(slots, slot);
  carry.bytes = view.getUint16(at + 48, true);
  carry.part = bytes[at + 51]!;
  carry.parts = bytes[at + 52]!;
  carry.escape = bytes[at + 53]!;
  carry.resume = view.getUint32(at + 56, true);
  carry.skip = view.getUint32(at + 60, true);
  if (bytes[at + 50] !== 0 || view.getUint16(at + 54, true) !== 0) return "carry";
  if (carry.part >= carry.parts) return "carry";
  return header.length === Math.max(1, carry.bytes) ? null : "length";
}
