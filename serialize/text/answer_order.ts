/**
 * The turns of a flow's answers: packet by packet and part by part, whatever the order in which they come.
 *
 * @module
 */

import type { PacketSlots } from "../packets.ts";
import { HeldPackets } from "./held_packets.ts";

/** Parts of an answer are numbered below this. */
const PARTS = 256;

/** Whose turn it is; those that come before theirs are kept. */
export class AnswerOrder {
  /** Packets of text whose answers have had their turn whole. */
  answered = 0;
  readonly #early: HeldPackets;
  #part = 0;

  /**
   * Makes the order of a flow at its beginning.
   *
   * @param mostEarly Packets that may come before their turn.
   */
  constructor(mostEarly: number) {
    this.#early = new HeldPackets(mostEarly);
  }

  /** A flow begins; what was kept of another one is forgotten. */
  begin(): void {
    this.answered = this.#part = 0;
    this.#early.clear();
  }

  /**
   * Keeps or refuses the answer in a slot where it is not its turn.
   *
   * @param sequence The packet that it answers.
   * @param part Its part.
   * @param slots Slots with packets.
   * @param slot Which one.
   * @returns Null where it is its turn, or what became of it.
   */
  check(sequence: number, part: number, slots: PacketSlots, slot: number): "early" | "duplicate" | null {
    const number = sequence * PARTS + part, turn = this.answered * PARTS + this.#part;
    if (number === turn) return null;
    return number > turn && this.#early.keep(number, slots, slot) ? "early" : "duplicate";
  }

  /**
   * The answer whose turn it was is taken.
   *
   * @param part Its part.
   * @param parts Parts of the packet's answer.
   * @returns Whether the packet's answer is whole.
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
   * Puts the answer whose turn it is back into a slot, where it came early.
   *
   * @param slots Slots for packets.
   * @param slot The slot that is written.
   * @returns Whether there was one.
   */
  next(slots: PacketSlots, slot: number): boolean {
    return this.#early.count > 0 &&
      this.#early.putBack(this.answered * PARTS + this.#part, slots, slot);
  }
}
