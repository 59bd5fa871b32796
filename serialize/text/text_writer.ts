/**
 * Serialization of texts into packets.
 *
 * @module
 */

import { FLAG, type Header, KIND, newHeader } from "../header.ts";
import { type Checksum, type PacketSlots, writePacket } from "../packets.ts";
import { chunkCount, chunkEnd, chunkStart, type TextCut } from "./cut.ts";

/** Settings common to all packets of a plan. */
export interface TextPackets {
  /** Plan id for the headers, 32 bits. */
  readonly plan: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** Header fields of one packet of text. */
export interface TextPacket {
  /** Flow number, 32 bits. */
  flow: number;
  /** Sequence number in the flow, from 0. */
  sequence: number;
  /** Total packets of the flow. */
  packets: number;
  /** Bytes at the start of the payload that the previous packet also holds. */
  overlap: number;
  /** Offset of the payload in the text, in bytes. */
  position: number;
  /** Whether the text ends with this packet. */
  ends: boolean;
}

/** Writes packets of text. A packet costs no allocation. */
export interface TextWriter {
  /**
   * Writes one packet.
   *
   * @param packet Header fields.
   * @param text Memory that holds the text.
   * @param from Offset of the payload's first byte there.
   * @param to Offset behind its last byte there; greater than `from`.
   * @param slots Slots to write to.
   * @param slot Slot number, from 0.
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
   * Writes `count` chunks of a whole text.
   *
   * @param text Text in UTF-8, at least one byte.
   * @param cut Cut of the text.
   * @param flow Flow number for the headers.
   * @param first Number of the first chunk.
   * @param count Number of chunks.
   * @param slots Slots to write to.
   * @param slot First slot to write.
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
 * Creates a text writer.
 *
 * @param common Plan id and checksum of all packets.
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
