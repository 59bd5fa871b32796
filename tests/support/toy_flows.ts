/**
 * A device, a program and flows for tests of the packet loop: packets are headers alone, and devices answer by a
 * script.
 *
 * @module
 */

import type { Exchange, PageLoad, Program } from "../../kernels/program.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { Connection, PagedFlow } from "../../kernels/workload.ts";
import type { Device } from "../../runtime/device/device.ts";
import { createEngine } from "../../serialize/engine.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Progress } from "../../serialize/flow.ts";
import { OFFSET } from "../../serialize/header.ts";
import { type PacketSlots, reserveSlots, slotAddress } from "../../serialize/packets.ts";
import type { WaitOptions } from "../../serialize/wait.ts";

/** A program without a model. */
export function toyProgram(id = 1, restarts = false): Program {
  const refuse = () => {
    throw new Error("a toy program is not run");
  };
  return { plan: { id } as Program["plan"], restarts, model: refuse, image: refuse };
}

/** Memory for packets, and a count of its resets. */
export function toyConnection({ requests = 8, answers = 8, maxFlows = 4 } = {}) {
  const engine = createEngine(2 ** 16);
  const connection = {
    requests: reserveSlots(engine, requests, 8),
    answers: reserveSlots(engine, answers, 8),
    maxFlows,
    resets: 0,
    reset: () => {
      connection.resets++;
    },
    begin: () => ({ flows: [], result: () => null }),
  };
  return connection satisfies Connection<unknown, unknown>;
}

/** Flow number of the packet in a slot. */
export function flowOf(slots: PacketSlots, slot: number): number {
  return slots.engine.view.getUint32(slotAddress(slots, slot) + OFFSET.flow, true);
}

/** Writes a flow number into a slot. */
export function writeFlow(slots: PacketSlots, slot: number, flow: number): void {
  slots.engine.view.setUint32(slotAddress(slots, slot) + OFFSET.flow, flow, true);
}

/** A flow of some packets, each of which wants one answer. */
export class ToyFlow implements PagedFlow {
  readonly number: number;
  readonly packets: number;
  readonly counts = { sent: 0, resent: 0 };
  idle = 0;
  restarts = 0;
  settled = 0;
  due: number;
  pages?: readonly PageLoad[];
  reloads?: boolean;
  progress: Progress | undefined;

  constructor(number: number, packets: number) {
    this.number = number;
    this.packets = packets;
    this.due = packets;
  }

  /** Answers that came. */
  answered = 0;

  get done(): boolean {
    return this.answered === this.packets;
  }

  owns(flow: number): boolean {
    return flow === this.number;
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    if (this.due === 0 || capacity === 0) return 0;
    this.due--;
    this.counts.sent++;
    writeFlow(slots, slot, this.number);
    return 1;
  }

  accept(slots: PacketSlots, slot: number): string {
    if (flowOf(slots, slot) !== this.number) return "flow";
    if (this.done) return "duplicate";
    this.answered++;
    this.idle = 0;
    return "accepted";
  }

  settle(): void {
    this.settled++;
    if (this.due > 0 || this.done) return;
    this.idle++;
    this.due = this.packets - this.answered;
  }

  restart(): void {
    this.restarts++;
    this.due = this.packets - this.answered;
  }

  gap(tries: number, outcomes: Readonly<Record<string, number>>): Error {
    return new OnpathError("gap", `Cannot complete flow ${this.number} after ${tries} tries`, { outcomes });
  }
}

/** Answers an exchange: the number of answers, or a failure. */
export type Answering = (exchange: Exchange, options: WaitOptions) => number | Promise<number>;

/** Answers each request once. */
export const echo: Answering = ({ input, output, count }) => {
  for (let slot = 0; slot < count; slot++) writeFlow(output, slot, flowOf(input, slot));
  return count;
};

/** A device that answers by a script, and lists its calls. */
export class ToyDevice implements Device {
  readonly profile = MODEL_PROFILE;
  readonly loads: Program[] = [];
  /** Flow numbers of each exchange's requests. */
  readonly exchanges: number[][] = [];
  answering: Answering = echo;
  loading: (program: Program) => void | Promise<void> = () => {};
  #program: Program | null = null;

  loaded(): Program | null {
    return this.#program;
  }

  async load(program: Program): Promise<void> {
    this.loads.push(program);
    await this.loading(program);
    this.#program = program;
  }

  async exchange(exchange: Exchange, options: WaitOptions = {}): Promise<number> {
    const { input, count } = exchange;
    this.exchanges.push(Array.from({ length: count }, (_, slot) => flowOf(input, slot)));
    return await this.answering(exchange, options);
  }

  counters(): ReturnType<Device["counters"]> {
    return { packets: 0, dropped: {}, lookups: 0, cycles: 0, stalls: 0, swaps: 0, tableBytes: 0 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
