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
   * @returns Whether it shows for the first time that an earlier request is missing.
   */
  count(sequence: number, parts: number): boolean {
    if (sequence >= this.#requests) return false;
    const left = (this.#parts.get(sequence) ?? this.#answersOf?.[sequence] ?? parts) - 1;
    if (left > 0) {
      this.#parts.set(sequence, left);
      return false;
    }
    this.#parts.delete(sequence);
    this.#bits[sequence >> 3]! |= 1 << (sequence & 7);
    const end = this.#end;
    this.#end = Math.max(end, sequence + 1);
    while (this.#first < this.#requests && this.#has(this.#first)) this.#first++;
    for (let n = Math.max(end, this.#first); n < sequence; n++) if (!this.#has(n)) return true;
    return false;
  }

  #has(sequence: number): boolean {
    if (((this.#bits[sequence >> 3]! >> (sequence & 7)) & 1) === 1) return true;
    return sequence < this.#end && this.#answersOf?.[sequence] === 0;
  }

  /** Describes what has arrived. */
  report(): Report {
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
