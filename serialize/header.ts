/**
 * 64-byte packet header: one beat of a 512-bit shell, or two beats of a 256-bit core.
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
 * | 22 | u16 | overlap: bytes at the start of the payload that the previous packet also holds |
 * | 24 | u32 | plan id |
 * | 28 | u32 | epoch |
 * | 32 | u64 | position of the payload's first item in the flow |
 * | 40 | u32 | CRC-32C of header and payload with this field zero; zero without {@linkcode FLAG.checked} |
 * | 44 | u32 | zero |
 * | 48 | 16 bytes | carry: tokens or state carried across a packet boundary |
 *
 * All numbers are little-endian.
 *
 * @module
 */

/** Bytes of a header, in front of every payload: one 512-bit beat. */
export const HEADER_BYTES = 64;
/** First word of a header: the letters `ONPT`, little-endian. */
export const MAGIC = 0x5450_4e4f;
/** Header version that this library reads and writes. */
export const HEADER_VERSION = 1;
/**
 * Maximum payload length in bytes: that of a jumbo frame (8 KiB).
 *
 * @example
 * ```ts
 * import { HEADER_BYTES, MAX_PAYLOAD } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(HEADER_BYTES + MAX_PAYLOAD, 8256);
 * ```
 */
export const MAX_PAYLOAD = 8192;
/** Payload length of a standard frame in bytes: 22 beats of 64 bytes less the header. */
export const STANDARD_PAYLOAD = 1344;
/**
 * Maximum packets of a flow (2^24).
 *
 * @example
 * ```ts
 * import { MAX_PACKETS } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(MAX_PACKETS, 2 ** 24);
 * ```
 */
export const MAX_PACKETS = 2 ** 24;
/** Limit of item positions in a flow (2^48, exclusive). Positions stay exact JavaScript numbers. */
export const MAX_POSITION = 2 ** 48;
/**
 * Offset of each field in a header, in bytes.
 *
 * @example
 * ```ts
 * import { OFFSET } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(OFFSET.length, 20);
 * ```
 */
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
  /** Tiles with their weight index; see {@linkcode cellBytes}. */
  cells: 1,
  /** Samples of an image: the channels of a pixel together, or plane by plane. */
  samples: 2,
  /** Tiles without their weight index: four neighbours of each channel, without padding. */
  tiles: 3,
  /** UTF-8 bytes of a text. */
  text: 4,
  /** Tokens of a text, packed as bits. */
  tokens: 5,
} as const;

/** Number of a payload kind. */
export type Kind = (typeof KIND)[keyof typeof KIND];

/**
 * Flag bits of the header.
 *
 * @example
 * ```ts
 * import { FLAG } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(FLAG.first | FLAG.last, 3);
 * ```
 */
export const FLAG = {
  /** First packet of the flow. */
  first: 1,
  /** Last packet of the flow. */
  last: 2,
  /** The text ends with this packet. */
  endOfText: 4,
  /** Device could not finish this packet; the host must process it. */
  escape: 8,
  /** CRC field is valid. Without this flag the link is responsible for the check. */
  checked: 16,
} as const;

const KNOWN_FLAGS = 31;
/** One bit for each known kind. */
const KNOWN_KINDS = Object.values(KIND).reduce((bits, kind) => bits | (1 << kind), 0);

/** Fields of a header. Readers reuse one object, so reading a packet allocates nothing. */
export interface Header {
  /** Kind of the payload; decides how its bytes are read. */
  kind: Kind;
  /** Bitwise OR of {@linkcode FLAG} values. */
  flags: number;
  /** Flow number, 32 bits. */
  flow: number;
  /** Sequence number in the flow, from 0. */
  sequence: number;
  /** Total packets of the flow. */
  packets: number;
  /** Payload length in bytes. */
  length: number;
  /** Bytes at the start of the payload that the previous packet also holds. */
  overlap: number;
  /** Plan id, 32 bits: identifies the compiled plan. */
  plan: number;
  /** Epoch number, 32 bits: packets of one epoch share one set of table pages. */
  epoch: number;
  /** Position of the first payload item in the flow, below {@linkcode MAX_POSITION}. */
  position: number;
}

/**
 * Creates a header with zeros, kind `samples` and one packet.
 *
 * @example
 * ```ts
 * import { newHeader } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(newHeader().packets, 1);
 * ```
 */
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
 * Names of the checks that refuse a packet. Counters and messages use them.
 *
 * | name | check that failed |
 * |---|---|
 * | `truncated` | fewer bytes than the header and the announced payload |
 * | `magic`, `version`, `kind`, `flags`, `reserved` | the value of the field is unknown |
 * | `length` | payload of 0 bytes or more than {@linkcode MAX_PAYLOAD} |
 * | `overlap` | overlap longer than the payload |
 * | `sequence` | not below the packet count, or first/last flag in the wrong packet |
 * | `packets` | 0, or more than {@linkcode MAX_PACKETS} |
 * | `position` | not below {@linkcode MAX_POSITION} |
 * | `crc` | wrong CRC-32C of header and payload, or a CRC without its flag |
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
 * Writes a header. The CRC field and the carry are set to zero.
 *
 * @param view Target memory.
 * @param at Offset of the first header byte.
 * @param header Fields; they are not checked.
 *
 * @example
 * ```ts
 * import { HEADER_BYTES, newHeader, OFFSET, writeHeader } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const view = new DataView(new ArrayBuffer(HEADER_BYTES));
 * writeHeader(view, 0, { ...newHeader(), flow: 7 });
 * assert.equal(view.getUint32(OFFSET.flow, true), 7);
 * ```
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
 * Reads a header and checks every field except the CRC.
 *
 * @param view Source memory.
 * @param at Offset of the first header byte.
 * @param available Bytes of the packet that are present.
 * @param header Output; undefined after a refusal.
 * @returns Name of the first check that failed, or null.
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
