/**
 * Sending half of a sequential flow of text. The text may grow. Text that the other half has settled is
 * released.
 *
 * @module
 */

import type { Missing, Outgoing } from "../flow.ts";
import { MAX_PACKETS } from "../header.ts";
import type { PacketSlots } from "../packets.ts";
import type { TextPacket, TextWriter } from "./text_writer.ts";

/** Packets in flight after a loss. Every exchange without a loss doubles it. */
const SLOW_START = 2;

/** Bytes that a text which grows has room for at first: many prompts are short. */
const FIRST_BYTES = 1024;

/** Sizes of a sequential flow. */
export interface TextSending {
  /** Longest payload in bytes. */
  readonly payload: number;
  /** Maximum packets in flight. */
  readonly inFlight: number;
}

/** Sends one text, packet by packet. */
export class TextOutgoing implements Outgoing {
  readonly #writer: TextWriter;
  readonly #sizes: TextSending;
  readonly #packet: TextPacket;
  // Holds the text from offset `#origin` on.
  #text: Uint8Array;
  #origin = 0;
  #length: number;
  #ended: boolean;
  #base = 0;
  #taken = 0;
  #answered = 0;
  #window: number;

  /**
   * Starts a text.
   *
   * @param writer Writer of the plan's packets.
   * @param sizes Payload and packets in flight.
   * @param flow Number of the first flow.
   * @param text Whole text. Leave it out for a text that grows.
   */
  constructor(writer: TextWriter, sizes: TextSending, flow: number, text?: Uint8Array) {
    this.#writer = writer;
    this.#sizes = sizes;
    this.#text = text ?? new Uint8Array(FIRST_BYTES);
    this.#length = text?.length ?? 0;
    this.#ended = text !== undefined;
    this.#window = sizes.inFlight;
    this.#packet = { flow, sequence: 0, packets: 1, overlap: 0, position: 0, ends: false };
  }

  /** Requests sent in the current flow. */
  get sent(): number {
    return this.#packet.sequence;
  }

  /** Offset of the first byte not yet sent. */
  get position(): number {
    return this.#taken;
  }

  /** Offset where the current flow began. */
  get base(): number {
    return this.#base;
  }

  /** Bytes of the text so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether the text has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the current flow has sent nothing, and one packet holds what it can send. */
  get isBrief(): boolean {
    return this.sent === 0 && this.#sendable() - this.#taken <= this.#sizes.payload;
  }

  /** Whether the current flow needs a successor, because sequence numbers or 32-bit offsets run out. */
  get isWorn(): boolean {
    return this.sent > MAX_PACKETS / 2 || this.#taken - this.#base > 2 ** 31;
  }

  /**
   * Appends to the text.
   *
   * @param bytes Memory that holds the new text.
   * @param from Offset of its first byte there. Default 0.
   * @param to Offset behind its last byte there. Default the length of `bytes`.
   */
  push(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    const count = to - from;
    if (this.#length - this.#origin + count > this.#text.length) this.#grow(count);
    this.#text.set(bytes.subarray(from, to), this.#length - this.#origin);
    this.#length += count;
  }

  /** Ends the text. */
  end(): void {
    this.#ended = true;
  }

  /** Releases the text before an offset. */
  release(offset: number): void {
    // Memory is reused only when it runs out, because moving the remaining text costs a copy.
    this.#keep = offset;
  }
  #keep = 0;

  /** Returns the text from an offset on, without a copy. */
  from(offset: number): Uint8Array {
    return this.#text.subarray(offset - this.#origin, this.#length - this.#origin);
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    const packet = this.#packet;
    const sendable = this.#sendable();
    if (capacity === 0 || this.#taken >= sendable || packet.sequence - this.#answered >= this.#window) {
      return 0;
    }
    const { payload } = this.#sizes;
    const from = this.#taken;
    const to = Math.min(sendable, from + payload);
    packet.ends = this.#ended && to === this.#length;
    // A growing text announces the maximum packet count. Its last packet announces the true count.
    packet.packets = this.#ended ? packet.sequence + Math.ceil((this.#length - from) / payload) : MAX_PACKETS;
    packet.position = from;
    this.#writer.packet(packet, this.#text, from - this.#origin, to - this.#origin, slots, slot);
    packet.sequence++;
    this.#taken = to;
    return 1;
  }

  resend({ flow, ranges }: Missing): void {
    this.#window = SLOW_START;
    this.resume(flow, ranges[0]![0]);
  }

  /** Starts a new flow at an offset, without slow start. */
  resume(flow: number, offset: number): void {
    this.#base = this.#taken = offset;
    this.#answered = 0;
    this.#packet.flow = flow;
    this.#packet.sequence = 0;
  }

  /** Confirms that the first `answered` requests were answered, which opens the window. */
  acknowledge(answered: number): void {
    this.#answered = answered;
    this.#window = Math.min(2 * this.#window, this.#sizes.inFlight);
  }

  /**
   * Offset up to which text may be sent. A growing text keeps its last byte back for the packet that ends it.
   */
  #sendable(): number {
    return this.#ended ? this.#length : this.#length - 1;
  }

  #grow(count: number): void {
    const held = this.#text.subarray(this.#keep - this.#origin, this.#length - this.#origin);
    const capacity = held.length + count;
    if (2 * capacity <= this.#text.length) {
      this.#text.copyWithin(0, this.#keep - this.#origin, this.#length - this.#origin);
    } else {
      const text = new Uint8Array(4 * capacity);
      text.set(held);
      this.#text = text;
    }
    this.#origin = this.#keep;
  }
}
