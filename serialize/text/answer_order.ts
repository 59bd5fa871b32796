/**
 * Ordering of a flow's answers: by packet, then by part, in whatever order they arrive.
 *
 * @module
 */

import type { PacketSlots } from "../packets.ts";
import { HeldPackets } from "./held_packets.ts";

/** Parts of one packet's answer: numbers 0 to 255. */
const PARTS = 256;

/** Tracks the next expected answer and holds earlier arrivals. */
export class AnswerOrder {
  /** Packets of text whose answers are complete. */
  answered = 0;
  readonly #early: HeldPackets;
  #part = 0;

  /**
   * Creates the order of a new flow.
   *
   * @param maxEarly Maximum answers held because they arrived early.
   */
  constructor(maxEarly: number) {
    this.#early = new HeldPackets(maxEarly);
  }

  /** Starts a new flow and drops the held answers of the previous one. */
  begin(): void {
    this.answered = this.#part = 0;
    this.#early.clear();
  }

  /**
   * Holds or refuses the answer in a slot unless it is the expected one.
   *
   * @param sequence Sequence number of the request that it answers.
   * @param part Part number of the answer, from 0.
   * @param slots Slots to read from.
   * @param slot Slot number, from 0.
   * @returns Null if the answer is the expected one; otherwise its outcome.
   */
  check(sequence: number, part: number, slots: PacketSlots, slot: number): "early" | "duplicate" | null {
    const number = sequence * PARTS + part, turn = this.answered * PARTS + this.#part;
    if (number === turn) return null;
    return number > turn && this.#early.keep(number, slots, slot) ? "early" : "duplicate";
  }

  /**
   * Advances to the next answer after the expected one was processed.
   *
   * @param part Part number of the processed answer.
   * @param parts Number of parts of the packet's answer.
   * @returns Whether the packet's answer is complete.
   */
  advance(part: number, parts: number): boolean {
    if (part + 1 < parts) {
      this.#part++;
      return false;
    }
    this.#part = 0;
    this.answered++;
    return true;
  }

  /**
   * Moves the expected answer back into a slot, if it arrived early.
   *
   * @param slots Slots to write to.
   * @param slot Slot number, from 0.
   * @returns Whether the slot was written.
   */
  next(slots: PacketSlots, slot: number): boolean {
    return this.#early.count > 0 &&
      this.#early.putBack(this.answered * PARTS + this.#part, slots, slot);
  }
}
