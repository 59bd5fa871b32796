/**
 * A model device with faults: every exchange goes through a function that may spoil it.
 *
 * @module
 */

import { createModelDevice } from "../../runtime/device/model.ts";
import type { Exchange } from "../../kernels/program.ts";
import type { Device } from "../../runtime/device/device.ts";
import { newHeader } from "../../serialize/header.ts";
import { type PacketSlots, readPacket, slotAddress } from "../../serialize/packets.ts";
import type { WaitOptions } from "../../serialize/wait.ts";

/** An exchange on its way: how often the device was asked before, what for, and how to have it done well. */
export interface Call {
  readonly number: number;
  readonly exchange: Exchange;
  readonly options: WaitOptions | undefined;
  /** Does the exchange as the model does. */
  readonly answer: () => Promise<number>;
}

/** A device with faults. */
export interface FaultyDevice extends Device {
  /** Exchanges that were asked for. */
  calls(): number;
  /** Packets that were sent, in all exchanges. */
  sent(): number;
}

/**
 * Opens a device with faults.
 *
 * @param spoil Does an exchange, well or badly.
 * @param load Loads a plan, well or badly.
 */
export function faultyDevice(
  spoil: (call: Call) => Promise<number>,
  load?: (device: Device, ...args: Parameters<Device["load"]>) => Promise<void>,
): FaultyDevice {
  const model = createModelDevice();
  let calls = 0;
  let sent = 0;
  return {
    ...model,
    calls: () => calls,
    sent: () => sent,
    load: (plan, options) => load === undefined ? model.load(plan, options) : load(model, plan, options),
    exchange: (exchange, options) => {
      sent += exchange.count;
      return spoil({ number: calls++, exchange, options, answer: () => model.exchange(exchange) });
    },
  };
}

/** Number of the packet in a slot. */
export function sequenceOf(slots: PacketSlots, slot: number): number {
  const header = newHeader();
  readPacket(slots, slot, header);
  return header.sequence;
}

/** Copies a packet from one slot to another. */
export function copySlot(slots: PacketSlots, from: number, to: number): void {
  const start = slotAddress(slots, from);
  slots.engine.bytes.copyWithin(slotAddress(slots, to), start, start + slots.slotBytes);
}

/** Keeps some of the answers, moved together, and returns their number. */
export function keepAnswers(slots: PacketSlots, count: number, keep: (sequence: number) => boolean): number {
  let kept = 0;
  for (let slot = 0; slot < count; slot++) {
    if (!keep(sequenceOf(slots, slot))) continue;
    copySlot(slots, slot, kept++);
  }
  return kept;
}

/**
 * Loses an answer, swaps two, or makes one come twice, as a generator of numbers says.
 *
 * @returns Number of answers then.
 */
export function spoilAnswers(slots: PacketSlots, answers: number, next: () => number): number {
  const fault = next() % 3;
  const [a, b] = [next() % answers, next() % answers];
  if (fault === 0) {
    copySlot(slots, answers - 1, a);
    return answers - 1;
  }
  if (fault === 1) {
    copySlot(slots, a, slots.slots - 1);
    copySlot(slots, b, a);
    copySlot(slots, slots.slots - 1, b);
    return answers;
  }
  if (answers >= slots.slots - 1) return answers;
  copySlot(slots, a, answers);
  return answers + 1;
}

/** Puts the answers into another order. */
export function reorderAnswers(slots: PacketSlots, order: readonly number[]): void {
  const { engine, slotBytes } = slots;
  const copies = order.map((slot) => {
    const at = slotAddress(slots, slot);
    return engine.bytes.slice(at, at + slotBytes);
  });
  copies.forEach((copy, slot) => engine.bytes.set(copy, slotAddress(slots, slot)));
}

/** A promise and the way to end it. */
export function gate<T>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => open = resolve);
  return { promise, open };
}
