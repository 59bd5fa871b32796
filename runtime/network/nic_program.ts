/**
 * A program on a soft NIC: its device, and a bounded queue of requests for it.
 *
 * @module
 */

import type { Halves } from "../../kernels/halves.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { type PacketSlots, slotAddress, slotBytesFor } from "../../serialize/packets.ts";
import { createEpochCounter } from "../../kernels/epochs.ts";
import type { Device } from "../device/device.ts";
import { yieldToEventLoop } from "../device/serial.ts";
import { PageTurns } from "./page_turns.ts";
import type { Peer } from "./security/peers.ts";

/** Requests in one exchange with the device, at most, and their bytes. A path with a delay needs many in flight. */
const BATCH = 1024, BATCH_BYTES = 5 * 2 ** 20;

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
  /** Requests of one host in the queue, at most: three quarters of its capacity. */
  readonly share: number;
  readonly #events: ProgramEvents;
  readonly #answers: PacketSlots;
  readonly #pages: PageTurns | undefined;
  // One bank is filled while the device takes the other one.
  #filling: PacketSlots;
  #taking: PacketSlots;
  #count = 0;
  #running: Promise<void> | undefined;
  #hasFailed = false;
  #isClosed = false;
  // Hosts of the requests in each bank, and requests of each host in the bank that is filled.
  #fillingPeers: Peer[] = [];
  #takingPeers: Peer[] = [];
  readonly #counts = new Map<Peer, number>();

  /**
   * Makes an empty queue.
   *
   * @param plan Plan of the program.
   * @param device Open device with the program, which this owns.
   * @param halves Order and flows of the device.
   * @param events Callbacks.
   * @param reload Loads the program again, so that no page is on the device.
   */
  constructor(
    plan: Plan,
    device: Device,
    halves: Pick<Halves<unknown, unknown>, "order" | "flows" | "requestOf" | "pages">,
    events: ProgramEvents,
    reload: () => Promise<void>,
  ) {
    this.plan = plan;
    this.device = device;
    this.isSequential = halves.order === "sequential";
    this.maxFlows = halves.flows ?? Infinity;
    this.requestOf = halves.requestOf ?? ((answer) => answer);
    this.#events = events;
    const { request, answer, answersPerRequest } = plan.packets;
    const slotBytes = slotBytesFor(Math.max(request, answer));
    const most = Math.min(MAX_ANSWERS / answersPerRequest, BATCH_BYTES / slotBytes);
    this.capacity = Math.max(1, Math.min(BATCH, Math.floor(most)));
    this.share = Math.ceil(3 * this.capacity / 4);
    const packets = { ...plan.packets, inFlight: this.capacity };
    const { requests, answers } = reservePlanSlots(packets);
    this.#filling = requests;
    this.#answers = answers;
    this.#taking = reservePlanSlots({ ...packets, answersPerRequest: 1 }).requests;
    if (halves.pages === undefined) return;
    const arranged = reservePlanSlots({ ...packets, answersPerRequest: 1 }).requests;
    this.#pages = new PageTurns(halves.pages, arranged, createEpochCounter(plan.target.epochs), reload);
  }

  /** Whether the device has failed. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Queues a request.
   *
   * @param bytes Request; copied.
   * @param peer Host that sent it.
   * @returns Null, or the reason why it was dropped.
   */
  push(bytes: Uint8Array, peer: Peer): string | null {
    const slots = this.#filling;
    if (this.#hasFailed || this.#isClosed) return "failed";
    if (bytes.length > slots.slotBytes) return "length";
    if (this.#count === this.capacity) return "full";
    const refusal = this.#pages?.refusal(bytes) ?? null;
    if (refusal !== null) return refusal;
    const own = this.#counts.get(peer) ?? 0;
    if (own === this.share) return "limit";
    this.#counts.set(peer, own + 1);
    this.#fillingPeers.push(peer);
    peer.queuedBytes += slots.slotBytes;
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
        [this.#fillingPeers, this.#takingPeers] = [this.#takingPeers, this.#fillingPeers];
        this.#counts.clear();
        this.#count = 0;
        const turn = await this.#pages?.arrange(this.#taking, count) ?? { input: this.#taking };
        const exchange = { ...turn, count, output: this.#answers };
        const found = await this.device.exchange(exchange, { timeoutMs: EXCHANGE_MS });
        await this.#events.onAnswers(this.#answers, found);
        this.#release(this.#takingPeers);
      }
    } catch (error) {
      this.#hasFailed = true;
      if (!this.#isClosed) this.#events.onFailure(error);
    } finally {
      this.#running = undefined;
      if (this.#hasFailed || this.#isClosed) {
        this.#release(this.#takingPeers);
        this.#release(this.#fillingPeers);
      }
    }
  }

  #release(peers: Peer[]): void {
    for (const peer of peers) peer.queuedBytes -= this.#taking.slotBytes;
    peers.length = 0;
  }

  /** Closes the device after the exchange in flight. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.device.close();
  }
}
