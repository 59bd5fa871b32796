/**
 * The answers of a flow of normalisation: appended in the order of the text, whatever the order in which they come.
 *
 * @module
 */

import { FLAG, HEADER_BYTES, newHeader } from "../header.ts";
import { type PacketSlots, slotAddress } from "../packets.ts";
import { AnswerOrder } from "./answer_order.ts";
import type { TokenOutcome } from "./flow_append.ts";
import { newNormalizedCarry, readNormalizedPacket } from "./normalized_packet.ts";

/** Packets that may come before their turn. */
const MOST_EARLY = 2 ** 12;

/** Appends the answers of one flow to a text that grows. */
export class NormalizedAppend {
  /** The text; `length` bytes of it are there. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  /** Bytes of the text. */
  length = 0;
  /** Why the device gave the flow up; 0 as long as it did not. */
  escape = 0;
  /** Byte of the flow from which its text may be normalised anew if what follows is lost. */
  resume = 0;
  /** Bytes at the head of what that gives which are appended already, of a packet whose answer broke off too. */
  skip = 0;
  /** Bytes of the flow that were sent, where the sending half is in this process: no resume offset lies beyond. */
  limit: number = Infinity;
  /** Whether the answer to the last packet of the text was appended. */
  ended = false;
  readonly #payload: number;
  readonly #order = new AnswerOrder(MOST_EARLY);
  #flow = 0;
  #plan = 0;
  // Normalised bytes of the flow that have come, and how many of its first ones are there already.
  #position = 0;
  #known = 0;

  /**
   * Makes an empty text.
   *
   * @param payload Longest payload of a request in bytes, which bounds the resume offsets.
   */
  constructor(payload: number) {
    this.#payload = payload;
  }

  /**
   * Begins a flow.
   *
   * @param flow Its number.
   * @param plan Number of its plan.
   * @param known Bytes at its head that are appended already.
   */
  begin(flow: number, plan: number, known: number): void {
    [this.#flow, this.#plan, this.#known] = [flow, plan, known];
    this.escape = this.#position = this.resume = 0;
    this.ended = false;
    this.skip = known;
    this.#order.begin();
  }

  /** Packets of text whose answers are appended whole. */
  get answered(): number {
    return this.#order.answered;
  }

  /** Number of the flow. */
  get flow(): number {
    return this.#flow;
  }

  /**
   * Takes the packet in a slot, and those that waited for it.
   *
   * @param slots Slots with packets; the slot may be written again, here too.
   * @param slot Which one.
   * @returns What became of it.
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
   * Appends text that the host has made.
   *
   * @param text The text.
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
    // Where the flow before came further, the text is ahead of what this one has said.
    this.skip = carry.skip + Math.max(0, this.#known - this.#position);
    this.escape = carry.escape;
    this.ended = (header.flags & FLAG.endOfText) !== 0;
    return "accepted";
  }

  /** A resume offset never falls and lies in the text that was sent; what it skips has come. */
  #isPlausible(): boolean {
    const sent = Math.min(this.limit, this.#payload * (this.#order.answered + 1));
    return carry.resume >= this.resume && carry.resume <= sent && carry.skip <= this.#position + carry.bytes;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const bytes = new Uint8Array(2 * (this.length + more));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }
}

const header = newHeader();
const carry = newNormalizedCarry();
