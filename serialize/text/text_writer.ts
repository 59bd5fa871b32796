/**
 * Texts into packets.
 *
 * @module
 */

import { FLAG, type Header, KIND, newHeader } from "../header.ts";
import { type Checksum, type PacketSlots, writePacket } from "../packets.ts";
import { chunkCount, chunkEnd, chunkStart, type TextCut } from "./cut.ts";

/** What all packets of a plan have in common. */
export interface TextPackets {
  /** Number of the plan. */
  readonly plan: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** Which packet it is, and what it holds. */
export interface TextPacket {
  /** Number of its flow. */
  flow: number;
  /** Its number in the flow. */
  sequence: number;
  /** Packets of the flow. */
  packets: number;
  /** Bytes at its head that the packet before holds too. */
  overlap: number;
  /** Where its payload begins in the text. */
  position: number;
  /** Whether the text ends with it. */
  ends: boolean;
}

/** Writes packets of text; makes no object for a packet. */
export interface TextWriter {
  /**
   * Writes one packet.
   *
   * @param packet Which one.
   * @param text Where its bytes are.
   * @param from Its first byte there.
   * @param to Behind its last byte there; at least one more.
   * @param slots Slots for packets.
   * @param slot The slot to write.
   */
  readonly packet: (
    packet: TextPacket,
    text: Uint8Array,
    from: number,
    to: number,
    slots: PacketSlots,
    slot: number,
  ) => void;
  /**
   * Writes chunks of a whole text.
   *
   * @param text The text, at least one byte.
   * @param cut How it is cut.
   * @param flow Number of its flow.
   * @param first The first chunk to write.
   * @param count How many.
   * @param slots Slots for packets.
   * @param slot The first slot to write.
   */
  readonly chunks: (
    text: Uint8Array,
    cut: TextCut,
    flow: number,
    first: number,
    count: number,
    slots: PacketSlots,
    slot: number,
  ) => void;
}

/**
 * Makes a writer.
 *
 * @param common What all packets have in common.
 *
 * @example
 * ```ts
 * import { createEngine, createTextWriter, packetBytes, reserveSlots } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const slots = reserveSlots(createEngine(2 ** 14), 2, 64);
 * const writer = createTextWriter({ plan: 7, checksum: "link" });
 * writer.chunks(new TextEncoder().encode("Hello, world"), { payload: 8, overlap: 0 }, 1, 0, 2, slots, 0);
 * assert.equal(new TextDecoder().decode(packetBytes(slots, 1).subarray(64)), "orld");
 * ```
 */
export function createTextWriter({ plan, checksum }: TextPackets): TextWriter {
  const header: Header = { ...newHeader(), kind: KIND.text, plan };
  const sealed = checksum === "crc32c";
  const one: TextPacket = { flow: 0, sequence: 0, packets: 1, overlap: 0, position: 0, ends: false };
  const writer: TextWriter = {
    packet: ({ flow, sequence, packets, overlap, position, ends }, text, from, to, slots, slot) => {
      header.flow = flow;
      header.sequence = sequence;
      header.packets = packets;
      header.overlap = overlap;
      header.position = position;
      header.length = to - from;
      header.flags = (sequence === 0 ? FLAG.first : 0) | (sequence === packets - 1 ? FLAG.last : 0) |
        (ends ? FLAG.endOfText : 0) | (sealed ? FLAG.checked : 0);
      const isWhole = from === 0 && to === text.length;
      writePacket(slots, slot, header, isWhole ? text : text.subarray(from, to));
    },
    chunks: (text, cut, flow, first, count, slots, slot) => {
      const { length } = text;
      one.flow = flow;
      one.packets = chunkCount(length, cut);
      for (let k = first; k < first + count; k++) {
        const from = chunkStart(text, cut, k);
        one.sequence = k;
        one.overlap = k === 0 ? 0 : Math.max(0, chunkEnd(length, cut, k - 1) - from);
        one.position = from;
        one.ends = k === one.packets - 1;
        writer.packet(one, text, from, chunkEnd(length, cut, k), slots, slot + k - first);
      }
    },
  };
  return writer;
}
