/**
 * Packets between slots and the memory of a card.
 *
 * @module
 */

import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type PacketSlots, slotAddress } from "../../../serialize/packets.ts";
import { CARD_LIMITS, type RtlCard } from "./card.ts";

/**
 * Copies packets into a card until it is full.
 *
 * @param card The card.
 * @param input Slots with packets.
 * @param first The first slot to copy.
 * @param end The slot behind the last one to copy.
 * @returns How many were copied.
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
 * @param card The card.
 * @param output Slots for them.
 * @param first The slot of the first one.
 * @param count How many there are.
 * @returns Bytes of their payloads.
 * @throws {OnpathError} `size` when there are too few slots, or one is too small.
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
        `Cannot take an answer of ${end - from} bytes: slots have ${output.slotBytes}`,
        { bytes: end - from, slotBytes: output.slotBytes },
      );
    }
    output.engine.bytes.set(card.output.subarray(from, end), slotAddress(output, first + n));
    from = end;
  }
  return from - count * HEADER_BYTES;
}
