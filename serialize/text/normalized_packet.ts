/**
 * Packets of normalised text: what answers a packet of text, in one part or several.
 *
 * The payload holds UTF-8, whole code points in all parts together; one byte that counts for nothing where there is
 * none. The carry, the header's last 16 bytes:
 *
 * | byte | size | field |
 * |---|---|---|
 * | 48 | u16 | bytes of text in this part |
 * | 50 | u8 | zero |
 * | 51 | u8 | number of the part |
 * | 52 | u8 | number of parts |
 * | 53 | u8 | why the device gave the flow up; 0 where it did not |
 * | 54 | u16 | zero |
 * | 56 | u32 | where in the flow the text may be normalised anew if what follows is lost |
 * | 60 | u32 | bytes at the head of what that gives which have come already, those of this packet too |
 *
 * The header's position is that of the payload in the normalised text of the flow.
 *
 * @module
 */

import { OnpathError } from "../errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, type Refusal, writeHeader } from "../header.ts";
import { type PacketSlots, readPacket, slotAddress } from "../packets.ts";

/** What stands in the carry of a packet of normalised text. The reader fills one object again and again. */
export interface NormalizedCarry {
  /** Bytes of text in this part. */
  bytes: number;
  /** Number of the part. */
  part: number;
  /** Number of parts. */
  parts: number;
  /** Why the device gave the flow up, by number; 0 where it did not. */
  escape: number;
  /** Byte of the flow from which the text may be normalised anew. */
  resume: number;
  /** Bytes at the head of what that gives which have come already. */
  skip: number;
}

/** A carry to read into. */
export function newNormalizedCarry(): NormalizedCarry {
  return { bytes: 0, part: 0, parts: 1, escape: 0, resume: 0, skip: 0 };
}

/**
 * Writes a packet of normalised text, and its CRC-32C where the header's flags ask for it.
 *
 * @param slots Slots for packets.
 * @param slot The slot to write.
 * @param header The header; its kind, length and overlap are set here.
 * @param carry The carry; so many of its `bytes` are written.
 * @param text Where the text is.
 * @param from Its first byte there.
 * @throws {OnpathError} `size` when there is no such slot, or the packet is longer than it.
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

/** Why a packet of normalised text is refused: a check of its header, or a carry that says what cannot be. */
export type NormalizedRefusal = Refusal | "carry";

/**
 * Reads a packet of normalised text; its text stands behind the header.
 *
 * @param slots Slots with packets.
 * @param slot Which one.
 * @param header Filled in; undefined after a refusal.
 * @param carry Filled in; undefined after a refusal.
 * @returns The name of the check that failed, or null.
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
