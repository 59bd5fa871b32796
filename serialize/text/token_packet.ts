/**
 * Packets of tokens: the answer to a packet of text, in one or more parts.
 *
 * The payload holds the tokens packed as bits, least significant bit first. A token is its id and one bit
 * that is set if a piece ends with it.
 * If the carry has the flag `places`, 16 bits of token length and 16 bits of gap follow. The gap is the text
 * without a token before it, in bytes.
 * The carry is in the last 16 bytes of the header:
 *
 * | byte | size | field |
 * |---|---|---|
 * | 48 | u16 | tokens in this part |
 * | 50 | u8 | bits of an id |
 * | 51 | u8 | number of the part |
 * | 52 | u8 | number of parts |
 * | 53 | u8 | {@linkcode TOKEN_FLAG} |
 * | 54 | u16 | tokens of this part up to the last piece end |
 * | 56 | u32 | bytes of text that the device holds; their tokens follow later |
 * | 60 | u32 | reason number if the device gave the flow up; otherwise 0 |
 *
 * The header's position is the offset in the text where the first token, or the gap before it, begins.
 *
 * @module
 */

import { OnpathError } from "../errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, type Refusal, writeHeader } from "../header.ts";
import { type PacketSlots, readPacket, slotAddress } from "../packets.ts";
import type { TokenRun } from "./token_run.ts";

/** Flag bits of a token packet. */
export const TOKEN_FLAG = {
  /** Some bytes of the text packet were invalid UTF-8 and became U+FFFD. */
  replaced: 1,
  /** The device holds no bytes, not even part of a character. */
  idle: 2,
  /** Each token carries its length and the gap before it. */
  places: 4,
} as const;

/** Maximum bits of a token id. */
export const MAX_ID_BITS = 22;
/** Bits of a token's length and gap, if the packet carries them. */
const PLACE_BITS = 32;
const MAX_FLAGS = 7;

/** Carry of a token packet. Readers reuse one object. */
export interface TokenCarry {
  /** Tokens in this part. */
  tokens: number;
  /** Bits of one token id, 1 to {@linkcode MAX_ID_BITS}. */
  bits: number;
  /** Part number of the answer, from 0. */
  part: number;
  /** Number of parts of the answer, at least 1. */
  parts: number;
  /** Bitwise OR of {@linkcode TOKEN_FLAG} values. */
  flags: number;
  /** Tokens of this part up to the last piece end. */
  confirmed: number;
  /** Bytes of text that the device holds; their tokens follow later. */
  rest: number;
  /** Reason number if the device gave the flow up; otherwise 0. */
  escape: number;
}

/** Creates a carry without tokens, with one part and 1-bit ids. */
export function newTokenCarry(): TokenCarry {
  return { tokens: 0, bits: 1, part: 0, parts: 1, flags: 0, confirmed: 0, rest: 0, escape: 0 };
}

/** Token arrays, as a device produces them. */
export interface TokenSource {
  /** Token values: id times 2, plus 1 if a piece ends with the token. */
  readonly tokens: Int32Array;
  /** Bytes of text of each token. */
  readonly lengths: Int32Array;
  /** Bytes of text without a token before each token. */
  readonly gaps: Int32Array;
}

/**
 * Number of tokens that fit a payload.
 *
 * @param payload Payload length in bytes.
 * @param bits Bits of one token id.
 * @param places Whether tokens carry their length and gap.
 */
export function tokenPacketRoom(payload: number, bits: number, places: boolean): number {
  return Math.floor((8 * payload) / tokenBits(bits, places));
}

function tokenBits(bits: number, places: boolean): number {
  return bits + 1 + (places ? PLACE_BITS : 0);
}

/**
 * Writes a packet of tokens, and its CRC-32C if the header's flags request it.
 *
 * @param slots Slots to write to.
 * @param slot Slot number, from 0.
 * @param header Header; its kind, length and overlap are set here.
 * @param carry Carry; `carry.tokens` tokens are written, and `confirmed` is set here.
 * @param source Tokens.
 * @param from Index of the first token.
 * @throws {OnpathError} `size` when the slot does not exist or is too short, or a length or gap exceeds
 * 65,535 bytes.
 */
export function writeTokenPacket(
  slots: PacketSlots,
  slot: number,
  header: Header,
  carry: TokenCarry,
  source: TokenSource,
  from: number,
): void {
  const { engine, slotBytes } = slots;
  const { tokens, bits, flags } = carry;
  const places = (flags & TOKEN_FLAG.places) !== 0;
  const length = Math.max(1, Math.ceil(tokens * tokenBits(bits, places) / 8));
  if (slot >= slots.slots || HEADER_BYTES + length > slotBytes) throw slotError(slots, slot, length);
  const at = slotAddress(slots, slot);
  header.kind = KIND.tokens;
  header.length = length;
  header.overlap = 0;
  const { view, bytes } = engine;
  writeHeader(view, at, header);
  const payload = at + HEADER_BYTES;
  carry.confirmed = places
    ? packPlaces(view, payload, length, carry, source, from)
    : packTokens(view, payload, length, carry, source.tokens, from);
  view.setUint16(at + 48, tokens, true);
  bytes[at + 50] = bits;
  bytes[at + 51] = carry.part;
  bytes[at + 52] = carry.parts;
  bytes[at + 53] = flags;
  view.setUint16(at + 54, carry.confirmed, true);
  view.setUint32(at + 56, carry.rest, true);
  view.setUint32(at + 60, carry.escape, true);
  if (header.flags & FLAG.checked) engine.functions.seal(at, HEADER_BYTES + length);
}

/** Packs ids. Returns the number of tokens up to the last piece end. */
function packTokens(
  view: DataView,
  payload: number,
  length: number,
  { tokens, bits }: TokenCarry,
  source: Int32Array,
  from: number,
): number {
  const width = bits + 1;
  let word = 0, have = 0, at = payload, confirmed = 0;
  // Each word overwrites the start of the previous one, so that a token costs one write. The last 4 bytes are
  // written one by one.
  const safe = payload + length - 4;
  for (let n = 0; n < tokens; n++) {
    const token = source[from + n]!;
    if (token & 1) confirmed = n + 1;
    word |= ((token >> 1) | ((token & 1) << bits)) << have;
    have += width;
    if (at <= safe) view.setUint32(at, word, true);
    else for (let bit = 0; bit < have; bit += 8) view.setUint8(at + (bit >> 3), (word >>> bit) & 255);
    at += have >> 3;
    word = have >= 32 ? 0 : word >>> (have & ~7);
    have &= 7;
  }
  if (tokens === 0) view.setUint8(payload, 0);
  return confirmed;
}

/** Packs ids with lengths and gaps. Returns the number of tokens up to the last piece end. */
function packPlaces(
  view: DataView,
  payload: number,
  length: number,
  { tokens, bits }: TokenCarry,
  { tokens: ids, lengths, gaps }: TokenSource,
  from: number,
): number {
  for (let n = 0; n < length; n++) view.setUint8(payload + n, 0);
  const width = tokenBits(bits, true);
  let confirmed = 0;
  for (let n = 0; n < tokens; n++) {
    const token = ids[from + n]!;
    if (token & 1) confirmed = n + 1;
    const offset = n * width;
    putBits(view, payload, offset, bits + 1, (token >> 1) | ((token & 1) << bits));
    putBits(view, payload, offset + bits + 1, 16, fitPlace(lengths[from + n]!));
    putBits(view, payload, offset + bits + 17, 16, fitPlace(gaps[from + n]!));
  }
  return confirmed;
}

function fitPlace(bytes: number): number {
  if (bytes < 2 ** 16) return bytes;
  throw new OnpathError(
    "size",
    `Cannot write a token: its length or gap has ${bytes} bytes, the maximum is 65535`,
    { bytes },
  );
}

function putBits(view: DataView, payload: number, offset: number, bits: number, value: number): void {
  for (let bit = 0; bit < bits;) {
    const at = payload + ((offset + bit) >> 3), shift = (offset + bit) & 7;
    view.setUint8(at, view.getUint8(at) | (((value >>> bit) << shift) & 255));
    bit += 8 - shift;
  }
}

function slotError({ slots, slotBytes }: PacketSlots, slot: number, length: number): OnpathError {
  return slot >= slots
    ? new OnpathError("size", `Cannot answer: all ${slots} answer slots are in use`, { slots })
    : new OnpathError(
      "size",
      `Cannot answer with ${HEADER_BYTES + length} bytes: a slot has ${slotBytes} bytes`,
      { bytes: HEADER_BYTES + length, slotBytes },
    );
}

/**
 * Names of the checks that refuse a packet of tokens: those of the header, and `carry` for invalid values.
 */
export type TokenRefusal = Refusal | "carry";

/**
 * Reads a packet of tokens and checks everything except the ids.
 *
 * @param slots Slots to read from.
 * @param slot Slot number, from 0.
 * @param header Output; undefined after a refusal.
 * @param carry Output; undefined after a refusal.
 * @returns Name of the check that failed, or null.
 */
export function readTokenPacket(
  slots: PacketSlots,
  slot: number,
  header: Header,
  carry: TokenCarry,
): TokenRefusal | null {
  const refusal = readPacket(slots, slot, header);
  if (refusal !== null) return refusal;
  if (header.kind !== KIND.tokens) return "kind";
  const { view, bytes } = slots.engine;
  const at = slotAddress(slots, slot);
  const tokens = carry.tokens = view.getUint16(at + 48, true);
  const bits = carry.bits = bytes[at + 50]!;
  carry.part = bytes[at + 51]!;
  carry.parts = bytes[at + 52]!;
  const flags = carry.flags = bytes[at + 53]!;
  carry.confirmed = view.getUint16(at + 54, true);
  carry.rest = view.getUint32(at + 56, true);
  carry.escape = view.getUint32(at + 60, true);
  if (bits === 0 || bits > MAX_ID_BITS || flags > MAX_FLAGS || carry.part >= carry.parts) return "carry";
  if (carry.confirmed > tokens) return "carry";
  const width = tokenBits(bits, (flags & TOKEN_FLAG.places) !== 0);
  return header.length === Math.max(1, Math.ceil(tokens * width / 8)) ? null : "length";
}

/**
 * Appends the tokens of a packet to a run.
 *
 * @param slots Slots to read from.
 * @param slot Slot number; {@linkcode readTokenPacket} must have accepted it.
 * @param carry Carry of the packet.
 * @param lengthOf Bytes of text of each token id; 0 if the id does not exist. Used as the length if tokens do
 * not carry one.
 * @param position Offset in the text where the first token, or the gap before it, begins.
 * @param run Run that receives the tokens; unchanged if an id is invalid.
 * @returns Offset behind the last token, or −1 if an id is not in the vocabulary.
 */
export function unpackTokens(
  slots: PacketSlots,
  slot: number,
  carry: TokenCarry,
  lengthOf: Int32Array,
  position: number,
  run: TokenRun,
): number {
  const { engine } = slots;
  const { tokens, bits, flags } = carry;
  run.reserve(tokens);
  const payload = slotAddress(slots, slot) + HEADER_BYTES;
  if ((flags & TOKEN_FLAG.places) !== 0) {
    return unpackPlaces(engine.bytes, payload, carry, lengthOf, position, run);
  }
  const { view, bytes } = engine;
  const width = bits + 1, mask = 2 ** bits - 1, idCount = lengthOf.length;
  const { tokens: to, ends, lengths, count } = run;
  // A token lies within four bytes. At the end of the payload, fewer than four may be left.
  const safe = payload + Math.ceil(tokens * width / 8) - 4;
  let end = position;
  for (let n = 0, offset = 0; n < tokens; n++, offset += width) {
    const at = payload + (offset >> 3);
    const word = (at <= safe ? view.getUint32(at, true) : lastWord(bytes, at, safe + 4)) >>> (offset & 7);
    const id = word & mask;
    if (id >= idCount) return -1;
    const length = lengthOf[id]!;
    if (length === 0) return -1;
    to[count + n] = id * 2 | (word >>> bits) & 1;
    lengths[count + n] = length;
    ends[count + n] = end += length;
  }
  run.count = count + tokens;
  return end;
}

function lastWord(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let n = 0; n < 4 && at + n < end; n++) word |= bytes[at + n]! << (8 * n);
  return word >>> 0;
}

function unpackPlaces(
  bytes: Uint8Array,
  payload: number,
  { tokens, bits }: TokenCarry,
  lengthOf: Int32Array,
  position: number,
  run: TokenRun,
): number {
  const width = tokenBits(bits, true), first = run.count;
  const payloadEnd = payload + Math.ceil(tokens * width / 8);
  const field = (offset: number, size: number) =>
    (lastWord(bytes, payload + (offset >> 3), payloadEnd) >>> (offset & 7)) & (2 ** size - 1);
  let end = position;
  for (let n = 0, offset = 0; n < tokens; n++, offset += width) {
    const token = field(offset, bits + 1);
    const id = token & (2 ** bits - 1);
    const length = field(offset + bits + 1, 16);
    if (id >= lengthOf.length || lengthOf[id] === 0) {
      run.count = first;
      return -1;
    }
    end += field(offset + bits + 17, 16) + length;
    run.put(id * 2 | token >>> bits, length, end);
  }
  return end;
}
