/**
 * Answers of flows of text, written by hand for tests of their limits.
 *
 * @module
 */

import { createEngine } from "../../serialize/engine.ts";
import { FLAG, type Header, newHeader } from "../../serialize/header.ts";
import { type PacketSlots, reserveSlots } from "../../serialize/packets.ts";
import {
  newNormalizedCarry,
  type NormalizedCarry,
  writeNormalizedPacket,
} from "../../serialize/text/normalized_packet.ts";
import { newTokenCarry, type TokenCarry, writeTokenPacket } from "../../serialize/text/token_packet.ts";

/** Slots of 64 bytes for a few answers. */
export function answerSlots(count = 8): PacketSlots {
  return reserveSlots(createEngine(2 ** 16), count, 64);
}

/** Header of an answer: flow 1 of plan 2, with the flags that its number asks for. */
export function textHeader(change: Partial<Header>): Header {
  const header = { ...newHeader(), flow: 1, plan: 2, packets: 100, ...change };
  const { sequence, packets } = header;
  header.flags |= (sequence === 0 ? FLAG.first : 0) | (sequence === packets - 1 ? FLAG.last : 0);
  return header;
}

/**
 * Writes an answer of normalised text.
 *
 * @param slots Slots for answers.
 * @param text Its text.
 * @param header Fields of its header.
 * @param carry Fields of its carry.
 * @param slot The slot.
 */
export function writeText(
  slots: PacketSlots,
  text: string,
  header: Partial<Header>,
  carry: Partial<NormalizedCarry> = {},
  slot = 0,
): void {
  const bytes = new TextEncoder().encode(text);
  writeNormalizedPacket(
    slots,
    slot,
    textHeader(header),
    { ...newNormalizedCarry(), bytes: bytes.length, ...carry },
    bytes,
    0,
  );
}

/** A token: its id, and whether a piece ends with it. */
export type WrittenToken = readonly [id: number, ends?: boolean];

/**
 * Writes an answer of tokens with ids of 4 bits.
 *
 * @param slots Slots for answers.
 * @param tokens Its tokens.
 * @param header Fields of its header.
 * @param carry Fields of its carry.
 * @param slot The slot.
 */
export function writeTokens(
  slots: PacketSlots,
  tokens: readonly WrittenToken[],
  header: Partial<Header>,
  carry: Partial<TokenCarry> = {},
  slot = 0,
): void {
  const source = {
    tokens: Int32Array.from(tokens, ([id, ends = true]) => id * 2 + Number(ends)),
    lengths: new Int32Array(tokens.length),
    gaps: new Int32Array(tokens.length),
  };
  writeTokenPacket(
    slots,
    slot,
    textHeader(header),
    { ...newTokenCarry(), tokens: tokens.length, bits: 4, ...carry },
    source,
    0,
  );
}
