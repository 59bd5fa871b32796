/**
 * Requests of one flow whose answers have arrived, for the reports of a receiver.
 *
 * @module
 */

import type { ReceivedFlow } from "../../kernels/halves.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import { MAX_BITMAP_BYTES, type Report } from "./report_packet.ts";

/** Answers of one flow. */
export class Arrivals {
  readonly #flow: number;
  readonly #requests: number;
  readonly #answersOf: Uint32Array | undefined;
  readonly #bits: Uint8Array;
  // Parts of an answer that are missing, for requests with several answers.
  readonly #parts = new Map<number, number>();
  #first = 0;
  // Number behind the last request that has arrived.
  #end = 0;
  // Requests that are missing before that one, now and at the last report.
  #missing = 0;
  #reported = 0;

  /**
   * Starts a flow.
   *
   * @param flow Receiving half of the flow.
   */
  constructor({ flow, requests, answersOf }: Pick<ReceivedFlow, "flow" | "requests" | "answersOf">) {
    this.#flow = flow;
    this.#requests = requests;
    this.#answersOf = answersOf;
    this.#bits = new Uint8Array(Math.ceil(requests / 8) + 1);
  }

  /**
   * Counts an answer that is part of the result.
   *
   * @param sequence Sequence number of its request.
   * @param parts Answers to that request, unless the flow states them.
   */
  count(sequence: number, parts: number): void {
    if (sequence >= this.#requests) return;
    // Most flows have one answer a request, and no parts.
    const hasParts = this.#parts.size > 0;
    const missing = hasParts ? this.#parts.get(sequence) : undefined;
    const left = (missing ?? this.#answersOf?.[sequence] ?? parts) - 1;
    if (left > 0) {
      this.#parts.set(sequence, left);
      return;
    }
    if (hasParts) this.#parts.delete(sequence);
    if (this.#has(sequence)) return;
    this.#bits[sequence >> 3]! |= 1 << (sequence & 7);
    if (sequence < this.#end) this.#missing--;
    for (; this.#end < sequence; this.#end++) if (this.#answersOf?.[this.#end] !== 0) this.#missing++;
    this.#end = Math.max(this.#end, sequence + 1);
    this.#reported = Math.min(this.#reported, this.#missing);
    while (this.#first < this.#requests && this.#has(this.#first)) this.#first++;
  }

  /** Whether more requests are missing before one that has arrived than at the last report. */
  get hasNewGap(): boolean {
    return this.#missing > this.#reported;
  }

  #has(sequence: number): boolean {
    if (((this.#bits[sequence >> 3]! >> (sequence & 7)) & 1) === 1) return true;
    return sequence < this.#end && this.#answersOf?.[sequence] === 0;
  }

  /** Describes what has arrived. */
  report(): Report {
    this.#reported = this.#missing;
    const first = this.#first;
    const count = Math.min(8 * MAX_BITMAP_BYTES, Math.max(0, this.#end - first));
    const bitmap = new Uint8Array(Math.ceil(count / 8));
    for (let n = 0; n < count; n++) {
      if (this.#has(first + n)) bitmap[n >> 3]! |= 1 << (n & 7);
    }
    return { kind: "arrived", flow: this.#flow, first, bitmap };
  }
}

/** Offset of the number of parts in a packet of tokens or of normalized text. */
const PARTS = HEADER_BYTES - 12;

/**
 * Reads how many answers a request has, from one of them.
 *
 * @param slots Slots that hold the answer.
 * @param slot Slot number.
 */
export function partsOf({ engine: { bytes }, address, slotBytes }: PacketSlots, slot: number): number {
  const at = address + slot * slotBytes;
  const kind = bytes[at + OFFSET.kind];
  return kind === KIND.tokens || kind === KIND.text ? bytes[at + PARTS]! : 1;
}
