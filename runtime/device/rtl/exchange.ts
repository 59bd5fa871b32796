/**
 * Copies packets between slots and the memory of a card.
 *
 * @module
 */

import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type PacketSlots, slotAddress } from "../../../serialize/packets.ts";
import { CARD_LIMITS, type RtlCard } from "./card.ts";

/**
 * Copies packets into a card until its input is full.
 *
 * @param card Receives the packets in its input.
 * @param input Slots with packets.
 * @param first First slot to copy.
 * @param end Slot behind the last one to copy.
 * @returns Number of packets copied.
 */
export function fillCard(card: RtlCard, input: PacketSlots, first: number, end: number): number {
  let at = 0;
  let count = 0;
  while (first + count < end && count < CARD_LIMITS.packets) {
    const from = slotAddress(input, first + count);
    const length = Math.min(
      input.slotBytes,
      HEADER_BYTES + input.engine.view.getUint16(from + OFFSET.length, true),
    );
    if (at + length > CARD_LIMITS.bytes) break;
    card.input.set(input.engine.bytes.subarray(from, from + length), at);
    card.ends[count++] = at += length;
  }
  return count;
}

/**
 * Copies answers out of a card.
 *
 * @param card Holds the answers in its output.
 * @param output Slots for the answers.
 * @param first Slot of the first answer.
 * @param count Number of answers in the card.
 * @returns Payload bytes of all answers.
 * @throws {OnpathError} `size` when there are too few slots, or an answer is longer than a slot.
 */
export function takeAnswers(card: RtlCard, output: PacketSlots, first: number, count: number): number {
  let from = 0;
  for (let n = 0; n < count; n++) {
    if (first + n >= output.slots) {
      throw new OnpathError("size", `Cannot answer: all ${output.slots} slots for answers are taken`, {
        slots: output.slots,
      });
    }
    const end = card.answers[n]!;
    if (end - from > output.slotBytes) {
      throw new OnpathError(
        "size",
        `Cannot copy an answer of ${end - from} bytes: a slot has ${output.slotBytes} bytes`,
        { bytes: end - from, slotBytes: output.slotBytes },
      );
    }
    output.engine.bytes.set(card.output.subarray(from, end), slotAddress(output, first + n));
    from = end;
  }
  return from - count * HEADER_BYTES;
}
