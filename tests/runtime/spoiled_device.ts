/**
 * A device whose requests or answers are spoiled on their way, around any other device.
 *
 * @module
 */

import type { Device } from "../../runtime/device/device.ts";
import type { Exchange } from "../../kernels/program.ts";
import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../serialize/packets.ts";
import { copySlot, reorderAnswers } from "./faulty_device.ts";

/** Spoils an exchange: before it is sent, or after it came back. */
export interface Spoiler {
  /** Changes the requests. */
  readonly before?: (exchange: Exchange, number: number) => void;
  /** Changes the answers; returns their number. */
  readonly after?: (exchange: Exchange, answers: number, number: number) => number;
}

/** Wraps a device. Exchanges are numbered from 0 on. */
export function spoiledDevice(device: Device, { before, after }: Spoiler): Device {
  let number = 0;
  return {
    ...device,
    exchange: async (exchange, options) => {
      const own = number++;
      before?.(exchange, own);
      const answers = await device.exchange(exchange, options);
      return after?.(exchange, answers, own) ?? answers;
    },
  };
}

/** Loses every third answer of the first exchange. */
export const LOSES: Spoiler = {
  after: ({ output }, answers, number) => {
    if (number > 0) return answers;
    let kept = 0;
    for (let slot = 0; slot < answers; slot++) if (slot % 3 !== 1) copySlot(output, slot, kept++);
    return kept;
  },
};

/** Doubles the first answer of the first exchange, in place of the last one where no slot is free. */
export const DOUBLES: Spoiler = {
  after: ({ output }, answers, number) => {
    if (answers < 2 || number > 0) return answers;
    const to = Math.min(answers, output.slots - 1);
    copySlot(output, 0, to);
    return to + 1;
  },
};

/** Reverses the answers of every exchange. */
export const REVERSES: Spoiler = {
  after: ({ output }, answers) => {
    reorderAnswers(output, Array.from({ length: answers }, (_, slot) => answers - 1 - slot));
    return answers;
  },
};

/** Flips a bit in every second answer of the first exchange, behind the flow's number. */
export const CORRUPTS: Spoiler = {
  after: ({ output }, answers, number) => {
    for (let slot = 0; number === 0 && slot < answers; slot += 2) {
      output.engine.bytes[slotAddress(output, slot) + OFFSET.sequence + slot % 50]! ^= 1 << slot % 8;
    }
    return answers;
  },
};

/** Gives a request a right CRC again. */
export function sealAgain(slots: PacketSlots, slot: number): void {
  const at = slotAddress(slots, slot);
  const length = Math.min(
    slots.engine.view.getUint16(at + OFFSET.length, true),
    slots.slotBytes - HEADER_BYTES,
  );
  slots.engine.functions.seal(at, HEADER_BYTES + length);
}
