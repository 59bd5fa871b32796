/**
 * A program on a soft NIC: its device, and a bounded queue of requests for it.
 *
 * @module
 */

import type { Halves } from "../../kernels/halves.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { slotAddress } from "../../serialize/packets.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import type { Device } from "../device/device.ts";
import { yieldToEventLoop } from "../device/serial.ts";

/** Requests in one exchange with the device, at most. */
const BATCH = 256;

/** Answers in one exchange, at most. */
const MAX_ANSWERS = 4096;

/** Milliseconds that one exchange may take. */
const EXCHANGE_MS = 30_000;

/** What a program tells the NIC. */
export interface ProgramEvents {
  /** Takes the answers of one exchange. The slots are used again once the promise resolves. */
  readonly onAnswers: (slots: PacketSlots, count: number) => Promise<void>;
  /** Called once if the device fails. */
  readonly onFailure: (error: unknown) => void;
}

/** A device and its queue. */
export class NicProgram {
  /** Plan of the program. */
  readonly plan: Plan;
  /** Whether the device takes the packets of each flow in order. */
  readonly isSequential: boolean;
  /** Flows that the device holds at once. */
  readonly maxFlows: number;
  /** Returns the request that completes an answer. */
  readonly requestOf: (answer: number) => number;
  /** Open device. */
  readonly device: Device;
  /** Capacity of the queue in requests. */
  readonly capacity: number;
  readonly #events: ProgramEvents;
  readonly #answers: PacketSlots;
  // One bank is filled while the device takes the other one.
  #filling: PacketSlots;
  #taking: PacketSlots;
  #count = 0;
  #running: Promise<void> | undefined;
  #hasFailed = false;
  #isClosed = false;

  /**
   * Makes an empty queue.
   *
   * @param plan Plan of the program.
   * @param device Open device with the program, which this owns.
   * @param halves Order and flows of the device.
   * @param events Callbacks.
   */
  constructor(
    plan: Plan,
    device: Device,
    halves: Pick<Halves<unknown, unknown>, "order" | "flows" | "requestOf">,
    events: ProgramEvents,
  ) {
    this.plan = plan;
    this.device = device;
    this.isSequential = halves.order === "sequential";
    this.maxFlows = halves.flows ?? Infinity;
    this.requestOf = halves.requestOf ?? ((answer) => answer);
    this.#events = events;
    const { answersPerRequest } = plan.packets;
    this.capacity = Math.max(1, Math.min(BATCH, Math.floor(MAX_ANSWERS / answersPerRequest)));
    const packets = { ...plan.packets, inFlight: this.capacity };
    const { requests, answers } = reservePlanSlots(packets);
    this.#filling = requests;
    this.#answers = answers;
    this.#taking = reservePlanSlots({ ...packets, answersPerRequest: 1 }).requests;
  }

  /** Whether the device has failed. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Queues a request.
   *
   * @param bytes Request; copied.
   * @returns Null, or the reason why it was dropped.
   */
  push(bytes: Uint8Array): "full" | "length" | "failed" | null {
    const slots = this.#filling;
    if (this.#hasFailed || this.#isClosed) return "failed";
    if (bytes.length > slots.slotBytes) return "length";
    if (this.#count === this.capacity) return "full";
    slots.engine.bytes.set(bytes, slotAddress(slots, this.#count++));
    this.#running ??= this.#run();
    return null;
  }

  async #run(): Promise<void> {
    try {
      // Requests that arrive in the same turn of the event loop share an exchange.
      await yieldToEventLoop();
      while (this.#count > 0 && !this.#isClosed) {
        const count = this.#count;
        [this.#filling, this.#taking] = [this.#taking, this.#filling];
        this.#count = 0;
        const found = await this.device.exchange(
          { input: this.#taking, count, output: this.#answers },
          { timeoutMs: EXCHANGE_MS },
        );
        await this.#events.onAnswers(this.#answers, found);
      }
    } catch (error) {
      this.#hasFailed = true;
      if (!this.#isClosed) this.#events.onFailure(error);
    } finally {
      this.#running = undefined;
    }
  }

  /** Closes the device after the exchange in flight. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.device.close();
  }
}
