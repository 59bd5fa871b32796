/**
 * Packets of tokens: what answers a packet of text, in one part or several.
 *
 * The payload holds the tokens bit behind bit, the lowest bit first: the id, then a bit that says whether a piece
 * ends with the token; where the carry says so, 16 bits of length and 16 bits of text that was left out before.
 * The carry, the header's last 16 bytes:
 *
 * | byte | size | field |
 * |---|---|---|
 * | 48 | u16 | tokens in this part |
 * | 50 | u8 | bits of an id |
 * | 51 | u8 | number of the part |
 * | 52 | u8 | number of parts |
 * | 53 | u8 | {@linkcode TOKEN_FLAG} |
 * | 54 | u16 | tokens of this part up to the last end of a piece |
 * | 56 | u32 | bytes of text that are held: their tokens come later |
 * | 60 | u32 | why the device gave the flow up; 0 where it did not |
 *
 * The header's position is where the first token begins, or the text left out before it.
 *
 * @module
 */

import { OnpathError } from "../errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, type Refusal, writeHeader } from "../header.ts";
import { type PacketSlots, readPacket, slotAddress } from "../packets.ts";
import type { TokenRun } from "./token_run.ts";

/** Bits of a token packet's flags. */
export const TOKEN_FLAG = {
  /** Some bytes of the packet of text were no UTF-8 and became U+FFFD. */
  replaced: 1,
  /** Nothing is held, not even part of a character. */
  idle: 2,
  /** Each token says its length and what was left out before it. */
  places: 4,
} as const;

/** Most bits of an id. */
export const MAX_ID_BITS = 22;
/** Bits of a token's length and of the text left out before it, where they are said. */
const PLACE_BITS = 32;
const MAX_FLAGS = 7;

/** What stands in a token packet's carry. The reader fills one object again and again. */
export interface TokenCarry {
  /** Tokens in this part. */
  tokens: number;
  /** Bits of an id. */
  bits: number;
  /** Number of the part. */
  part: number;
  /** Number of parts. */
  parts: number;
  /** {@linkcode TOKEN_FLAG} bits. */
  flags: number;
  /** Tokens of this part up to the last end of a piece. */
  confirmed: number;
  /** Bytes of text that are held. */
  rest: number;
  /** Why the device gave the flow up, by number; 0 where it did not. */
  escape: number;
}

/** A carry to read into. */
export function newTokenCarry(): TokenCarry {
  return { tokens: 0, bits: 1, part: 0, parts: 1, flags: 0, confirmed: 0, rest: 0, escape: 0 };
}

/** Tokens in arrays, as a device has them. */
export interface TokenSource {
  /** Ids, times 2, plus 1 where a piece ends with the token. */
  readonly tokens: Int32Array;
  /** Bytes of text of each. */
  readonly lengths: Int32Array;
  /** Bytes of text without a token before each. */
  readonly gaps: Int32Array;
}

/**
 * Tokens that a payload has room for.
 *
 * @param payload Its bytes.
 * @param bits Bits of an id.
 * @param places Whether tokens say where they lie.
 */
export function tokenPacketRoom(payload: number, bits: number, places: boolean): number {
  return Math.floor((8 * payload) / tokenBits(bits, places));
}

function tokenBits(bits: number, places: boolean): number {
  return bits + 1 + (places ? PLACE_BITS : 0);
}

/**
 * Writes a packet of tokens, and its CRC-32C where the header's flags ask for it.
 *
 * @param slots Slots for packets.
 * @param slot The slot to write.
 * @param header The header; its kind, length and overlap are set here.
 * @param carry The carry; `tokens` of them are written, and `confirmed` is set here.
 * @param source The tokens.
 * @param from The first one.
 * @throws {OnpathError} `size` when there is no such slot, or the packet is longer than it.
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
  if (slot >= slots.slots || HEADER_BYTES + length > slotBytes) throw noRoom(slots, slot, length);
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

/** Packs ids; returns the number up to the last end of a piece. */
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
  // A word is written over the one before, so that a token costs one write; the last bytes go one by one.
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

/** Packs ids with lengths and gaps; returns the number up to the last end of a piece. */
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
    const place = n * width;
    putBits(view, payload, place, bits + 1, (token >> 1) | ((token & 1) << bits));
    putBits(view, payload, place + bits + 1, 16, fitPlace(lengths[from + n]!));
    putBits(view, payload, place + bits + 17, 16, fitPlace(gaps[from + n]!));
  }
  return confirmed;
}

function fitPlace(bytes: number): number {
  if (bytes < 2 ** 16) return bytes;
  throw new OnpathError(
    "size",
    `Cannot write a token: ${bytes} bytes of text stand for it or before it, a packet has room for 65535`,
    { bytes },
  );
}

function putBits(view: DataView, payload: number, place: number, bits: number, value: number): void {
  for (let bit = 0; bit < bits;) {
    const at = payload + ((place + bit) >> 3), shift = (place + bit) & 7;
    view.setUint8(at, view.getUint8(at) | (((value >>> bit) << shift) & 255));
    bit += 8 - shift;
  }
}

function noRoom({ slots, slotBytes }: PacketSlots, slot: number, length: number): OnpathError {
  return slot >= slots
    ? new OnpathError("size", `Cannot answer: all ${slots} slots for answers are taken`, { slots })
    : new OnpathError(
      "size",
      `Cannot answer with ${HEADER_BYTES + length} bytes: slots have ${slotBytes}`,
      { bytes: HEADER_BYTES + length, slotBytes },
    );
}

/** Why a packet of tokens is refused: a check of its header, or a carry that says what cannot be. */
export type TokenRefusal = Refusal | "carry";

/**
 * Reads a packet of tokens and checks all of it but the ids.
 *
 * @param slots Slots with packets.
 * @param slot Which one.
 * @param header Filled in; undefined after a refusal.
 * @param carry Filled in; undefined after a refusal.
 * @returns The name of the check that failed, or null.
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
 * @param slots Slots with packets.
 * @param slot Which one; {@linkcode readTokenPacket} has read it.
 * @param carry Its carry.
 * @param lengthOf By id: bytes of text that it stands for, where packets do not say it; 0 where there is no such id.
 * @param position Where the first token begins, or the text left out before it.
 * @param run Where tokens go; nothing is appended where a token is refused.
 * @returns Where the last token ends, or −1 where an id is none of the vocabulary.
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
  const width = bits + 1, mask = 2 ** bits - 1, most = lengthOf.length;
  const { tokens: to, ends, lengths, count } = run;
  // A token is within four bytes; at the end of the payload those may not be there.
  const safe = payload + Math.ceil(tokens * width / 8) - 4;
  let end = position;
  for (let n = 0, place = 0; n < tokens; n++, place += width) {
    const at = payload + (place >> 3);
    const word = (at <= safe ? view.getUint32(at, true) : lastWord(bytes, at, safe + 4)) >>> (place & 7);
    const id = word & mask;
    if (id >= most) return -1;
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
  const room = payload + Math.ceil(tokens * width / 8);
  const field = (place: number, size: number) =>
    (lastWord(bytes, payload + (place >> 3), room) >>> (place & 7)) & (2 ** size - 1);
  let end = position;
  for (let n = 0, place = 0; n < tokens; n++, place += width) {
    const token = field(place, bits + 1);
    const id = token & (2 ** bits - 1);
    const length = field(place + bits + 1, 16);
    if (id >= lengthOf.length || lengthOf[id] === 0) {
      run.count = first;
      return -1;
    }
    end += field(place + bits + 17, 16) + length;
    run.put(id * 2 | token >>> bits, length, end);
  }
  return end;
}
