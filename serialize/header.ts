/**
 * The 64-byte packet header: one beat of a 512-bit shell, two beats of a 256-bit core.
 *
 * | byte | size | field |
 * |---|---|---|
 * | 0 | u32 | magic 0x5450_4E4F, the letters `ONPT` |
 * | 4 | u8 | version, 1 |
 * | 5 | u8 | kind of payload, {@linkcode KIND} |
 * | 6 | u16 | flags, {@linkcode FLAG} |
 * | 8 | u32 | flow |
 * | 12 | u32 | sequence number in the flow, from 0 |
 * | 16 | u32 | packets in the flow |
 * | 20 | u16 | payload length in bytes |
 * | 22 | u16 | overlap: bytes at the payload's head that the packet before holds too |
 * | 24 | u32 | plan id |
 * | 28 | u32 | epoch |
 * | 32 | u64 | position of the payload's first item in the flow |
 * | 40 | u32 | CRC-32C of header and payload with this field zero; zero without {@linkcode FLAG.checked} |
 * | 44 | u32 | zero |
 * | 48 | 16 bytes | carry: tokens or state taken over a packet's edge |
 *
 * All numbers are little-endian.
 *
 * @module
 */

/** Bytes that stand before every payload: one 512-bit beat. */
export const HEADER_BYTES = 64;
/** The header's first word. */
export const MAGIC = 0x5450_4e4f;
/** The header's version. */
export const HEADER_VERSION = 1;
/** Longest payload that a header may announce, in bytes: a jumbo frame's (8 KiB). */
export const MAX_PAYLOAD = 8192;
/** Longest payload of a standard frame: 22 beats of 64 bytes less the header. */
export const STANDARD_PAYLOAD = 1344;
/** A flow has at most this many packets. */
export const MAX_PACKETS = 2 ** 24;
/** Items of a flow are counted below this limit (2^48), so that positions stay exact numbers. */
export const MAX_POSITION = 2 ** 48;
/** Byte offset of each field in a header. */
export const OFFSET = {
  magic: 0,
  version: 4,
  kind: 5,
  flags: 6,
  flow: 8,
  sequence: 12,
  packets: 16,
  length: 20,
  overlap: 22,
  plan: 24,
  epoch: 28,
  position: 32,
  crc: 40,
  reserved: 44,
  carry: 48,
} as const;

/** Kinds of payload. */
export const KIND = {
  /** Tiles with their weight index, see {@linkcode cellBytes}. */
  cells: 1,
  /** Samples of an image, the channels of a pixel together or plane by plane. */
  samples: 2,
  /** Tiles without their weight index: four neighbours of each channel, nothing between them. */
  tiles: 3,
  /** Bytes of a text, UTF-8. */
  text: 4,
  /** Tokens of a text, bit behind bit. */
  tokens: 5,
} as const;

/** The number of a payload's kind. */
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Flag bits. */
export const FLAG = {
  /** The flow's first packet. */
  first: 1,
  /** The flow's last packet. */
  last: 2,
  /** The text ends with this packet. */
  endOfText: 4,
  /** The device could not finish this packet and leaves it to the host. */
  escape: 8,
  /** The CRC field is filled in; without it the check is left to the link. */
  checked: 16,
} as const;

const KNOWN_FLAGS = 31;
/** A bit for each known kind. */
const KNOWN_KINDS = Object.values(KIND).reduce((bits, kind) => bits | (1 << kind), 0);

/** A header's fields. The reader fills one object again and again, so that no packet makes a new one. */
export interface Header {
  /** Kind of payload. */
  kind: Kind;
  /** Flag bits. */
  flags: number;
  /** Flow. */
  flow: number;
  /** Sequence number in the flow, from 0. */
  sequence: number;
  /** Packets in the flow. */
  packets: number;
  /** Payload length in bytes. */
  length: number;
  /** Bytes at the payload's head that the packet before holds too. */
  overlap: number;
  /** Plan id. */
  plan: number;
  /** Epoch. */
  epoch: number;
  /** Position of the payload's first item in the flow. */
  position: number;
}

/** A header to read into. */
export function newHeader(): Header {
  return {
    kind: KIND.samples,
    flags: 0,
    flow: 0,
    sequence: 0,
    packets: 1,
    length: 0,
    overlap: 0,
    plan: 0,
    epoch: 0,
    position: 0,
  };
}

/**
 * Why a packet is refused. The names stand in counters and messages.
 *
 * | name | check that failed |
 * |---|---|
 * | `truncated` | fewer bytes than the header and the announced payload |
 * | `magic`, `version`, `kind`, `flags`, `reserved` | the field has no known value |
 * | `length` | payload of no byte or more than {@linkcode MAX_PAYLOAD} |
 * | `overlap` | more overlap than payload |
 * | `sequence` | not below the number of packets, or first/last flag where it does not belong |
 * | `packets` | none, or more than {@linkcode MAX_PACKETS} |
 * | `position` | not below {@linkcode MAX_POSITION} |
 * | `crc` | CRC-32C of header and payload differs, or is there without its flag |
 */
export type Refusal =
  | "truncated"
  | "magic"
  | "version"
  | "kind"
  | "flags"
  | "reserved"
  | "length"
  | "overlap"
  | "sequence"
  | "packets"
  | "position"
  | "crc";

/**
 * Writes a header. The CRC field and the carry are left zero.
 *
 * @param view Where to.
 * @param at Offset of the header's first byte.
 * @param header The fields. They come from inside and are not checked.
 */
export function writeHeader(view: DataView, at: number, header: Header): void {
  view.setUint32(at, MAGIC, true);
  view.setUint32(at + OFFSET.version, HEADER_VERSION | (header.kind << 8) | (header.flags << 16), true);
  view.setUint32(at + OFFSET.flow, header.flow, true);
  view.setUint32(at + OFFSET.sequence, header.sequence, true);
  view.setUint32(at + OFFSET.packets, header.packets, true);
  view.setUint32(at + OFFSET.length, header.length | (header.overlap << 16), true);
  view.setUint32(at + OFFSET.plan, header.plan, true);
  view.setUint32(at + OFFSET.epoch, header.epoch, true);
  view.setUint32(at + OFFSET.position, header.position, true);
  view.setUint32(at + OFFSET.position + 4, header.position / 2 ** 32, true);
  for (let word = OFFSET.crc; word < HEADER_BYTES; word += 4) view.setUint32(at + word, 0, true);
}

/**
 * Reads a header and checks every field but the CRC against its limit.
 *
 * @param view Where from.
 * @param at Offset of the header's first byte.
 * @param available Bytes of the packet that are there.
 * @param header Filled in; its fields are undefined after a refusal.
 * @returns The name of the first check that failed, or null.
 *
 * @example
 * ```ts
 * import { HEADER_BYTES, newHeader, readHeader, writeHeader } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const view = new DataView(new ArrayBuffer(HEADER_BYTES + 3));
 * writeHeader(view, 0, { ...newHeader(), flow: 7, length: 3, flags: 3 });
 * const header = newHeader();
 * assert.equal(readHeader(view, 0, view.byteLength, header), null);
 * assert.equal(header.flow, 7);
 * assert.equal(readHeader(view, 0, view.byteLength - 1, header), "truncated");
 * ```
 */
export function readHeader(view: DataView, at: number, available: number, header: Header): Refusal | null {
  if (available < HEADER_BYTES) return "truncated";
  if (view.getUint32(at, true) !== MAGIC) return "magic";
  const word = view.getUint32(at + OFFSET.version, true);
  if ((word & 255) !== HEADER_VERSION) return "version";
  const kind = (word >>> 8) & 255;
  if (kind > 31 || ((KNOWN_KINDS >> kind) & 1) === 0) return "kind";
  const flags = word >>> 16;
  if (flags > KNOWN_FLAGS) return "flags";
  const lengths = view.getUint32(at + OFFSET.length, true);
  const length = lengths & 0xffff;
  const overlap = lengths >>> 16;
  if (length === 0 || length > MAX_PAYLOAD) return "length";
  if (overlap > length) return "overlap";
  if (available < HEADER_BYTES + length) return "truncated";
  const sequence = view.getUint32(at + OFFSET.sequence, true);
  const packets = view.getUint32(at + OFFSET.packets, true);
  if (packets === 0 || packets > MAX_PACKETS) return "packets";
  if (sequence >= packets) return "sequence";
  if (((flags & FLAG.first) !== 0) !== (sequence === 0)) return "sequence";
  if (((flags & FLAG.last) !== 0) !== (sequence === packets - 1)) return "sequence";
  const high = view.getUint32(at + OFFSET.position + 4, true);
  if (high >= MAX_POSITION / 2 ** 32) return "position";
  if (view.getUint32(at + OFFSET.reserved, true) !== 0) return "reserved";
  if ((flags & FLAG.checked) === 0 && view.getUint32(at + OFFSET.crc, true) !== 0) return "crc";
  header.kind = kind as Kind;
  header.flags = flags;
  header.flow = view.getUint32(at + OFFSET.flow, true);
  header.sequence = sequence;
  header.packets = packets;
  header.length = length;
  header.overlap = overlap;
  header.plan = view.getUint32(at + OFFSET.plan, true);
  header.epoch = view.getUint32(at + OFFSET.epoch, true);
  header.position = high * 2 ** 32 + view.getUint32(at + OFFSET.position, true);
  return null;
}
