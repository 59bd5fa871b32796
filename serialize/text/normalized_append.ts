/**
 * Answers of a normalization flow. They are appended in text order, in whatever order they arrive.
 *
 * @module
 */

import { FLAG, HEADER_BYTES, newHeader } from "../header.ts";
import { type PacketSlots, slotAddress } from "../packets.ts";
import { AnswerOrder } from "./answer_order.ts";
import type { TokenOutcome } from "./flow_append.ts";
import { newNormalizedCarry, readNormalizedPacket } from "./normalized_packet.ts";

/** Maximum answers held because they arrived early. */
const MAX_EARLY = 2 ** 12;

/** Appends the answers of one flow to a growing text. */
export class NormalizedAppend {
  /** Text buffer; the first `length` bytes are valid. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  /** Length of the text in bytes. */
  length = 0;
  /** Reason number if the device gave the flow up; otherwise 0. */
  escape = 0;
  /** Resume offset after a loss: byte of the flow's input where normalization can restart. */
  resume = 0;
  /**
   * Bytes of output after the resume offset that are already appended. They include those of a packet whose
   * answer is incomplete.
   */
  skip = 0;
  /** Bytes of the flow sent so far, an upper bound of resume offsets. Infinity if the sending half is elsewhere. */
  limit: number = Infinity;
  /** Whether the answer to the last packet of the text was appended. */
  ended = false;
  readonly #payload: number;
  readonly #order = new AnswerOrder(MAX_EARLY);
  #flow = 0;
  #plan = 0;
  // Normalized bytes of the flow that have arrived, and how many leading bytes were already appended before.
  #position = 0;
  #known = 0;

  /**
   * Creates an empty text.
   *
   * @param payload Longest payload of a request in bytes; bounds the resume offsets.
   */
  constructor(payload: number) {
    this.#payload = payload;
  }

  /**
   * Starts a flow.
   *
   * @param flow Flow number that answers must carry.
   * @param plan Plan id that answers must carry.
   * @param known Leading output bytes of the flow that are already appended.
   */
  begin(flow: number, plan: number, known: number): void {
    [this.#flow, this.#plan, this.#known] = [flow, plan, known];
    this.escape = this.#position = this.resume = 0;
    this.ended = false;
    this.skip = known;
    this.#order.begin();
  }

  /** Packets of text whose answers were appended completely. */
  get answered(): number {
    return this.#order.answered;
  }

  /** Number of the current flow. */
  get flow(): number {
    return this.#flow;
  }

  /**
   * Processes the packet in a slot, and held packets that follow it.
   *
   * @param slots Slots to read from. The slot may be reused afterwards; held packets overwrite it.
   * @param slot Slot number, from 0.
   * @returns Outcome of the packet.
   */
  accept(slots: PacketSlots, slot: number): TokenOutcome {
    const refusal = readNormalizedPacket(slots, slot, header, carry);
    if (refusal !== null) return refusal;
    if (header.flow !== this.#flow || header.plan !== this.#plan) return "flow";
    const kept = this.#order.check(header.sequence, carry.part, slots, slot);
    if (kept !== null) return kept;
    const outcome = this.#append(slots, slot);
    if (outcome !== "accepted") return outcome;
    while (this.#order.next(slots, slot)) {
      const late = readNormalizedPacket(slots, slot, header, carry) ?? this.#append(slots, slot);
      if (late !== "accepted") return late;
    }
    return outcome;
  }

  /**
   * Appends text that the host normalized.
   *
   * @param text Normalized UTF-8.
   */
  put(text: Uint8Array): void {
    this.#reserve(text.length);
    this.bytes.set(text, this.length);
    this.length += text.length;
  }

  #append(slots: PacketSlots, slot: number): TokenOutcome {
    if (header.position !== this.#position || this.escape !== 0 || this.ended) return "place";
    if (carry.part + 1 === carry.parts && !this.#isPlausible()) return "place";
    const from = slotAddress(slots, slot) + HEADER_BYTES;
    const skipped = Math.min(carry.bytes, Math.max(0, this.#known - this.#position));
    this.put(slots.engine.bytes.subarray(from + skipped, from + carry.bytes));
    this.#position += carry.bytes;
    this.skip += carry.bytes - skipped;
    if (!this.#order.advance(carry.part, carry.parts)) return "accepted";
    this.resume = carry.resume;
    // If the previous flow came further, the text is ahead of this flow's answers.
    this.skip = carry.skip + Math.max(0, this.#known - this.#position);
    this.escape = carry.escape;
    this.ended = (header.flags & FLAG.endOfText) !== 0;
    return "accepted";
  }

  /** A resume offset never decreases and lies in the sent text. The bytes that it skips have arrived. */
  #isPlausible(): boolean {
    const sent = Math.min(this.limit, this.#payload * (this.#order.answered + 1));
    return carry.resume >= this.resume && carry.resume <= sent && carry.skip <= this.#position + carry.bytes;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const bytes = new Uint8Array(2 * (this.length + count));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }
}

const header = newHeader();
const carry = newNormalizedCarry();
