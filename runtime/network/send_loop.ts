/**
 * Send loop: requests of several flows in rotation, within one window and at one rate.
 *
 * @module
 */

import type { SentFlow } from "../../kernels/halves.ts";
import { packetBytes, type PacketSlots } from "../../serialize/packets.ts";
import { yieldToEventLoop } from "../device/serial.ts";
import type { Address } from "./address.ts";
import type { DatagramSocket } from "./datagram.ts";
import type { Pacer } from "./pacer.ts";
import { decodeReport } from "./report_packet.ts";
import { RoundTrip } from "./round_trip.ts";
import type { SelectiveRepeat } from "./selective_repeat.ts";

/** Consecutive timeouts of a flow after which it fails. */
const MAX_TIMEOUTS = 12;
/** Requests of one flow in one turn, at most. */
const TURN = 16;
/** Minimum of the window after timeouts. */
const MIN_WINDOW = 4;

/**
 * How a flow's sending ended. `stopped`: by {@linkcode SendLoop.stop}. `stalled`: no request was acknowledged after
 * repeated timeouts.
 */
export type SendEnd = "arrived" | "stopped" | "stalled";

/** A flow that is being sent. */
export interface SendingFlow {
  /** Sending half. */
  readonly sent: SentFlow;
  /** Slots that the sending half writes to. */
  readonly slots: PacketSlots;
  /** Requests in flight. */
  readonly repeat: SelectiveRepeat;
}

interface Active extends SendingFlow {
  readonly end: (result: SendEnd) => void;
  readonly fail: (error: unknown) => void;
}

/** Sends flows. */
export class SendLoop {
  /** Round trip of the path. */
  readonly path: RoundTrip = new RoundTrip();
  /** Reports by outcome. */
  readonly reports: Record<string, number> = {};
  /** Destination of requests. */
  to: Address;
  readonly #socket: DatagramSocket;
  readonly #pacer: Pacer;
  readonly #active = new Map<number, Active>();
  #limit: number = MIN_WINDOW;
  #allowed = Infinity;
  #isRunning = false;
  #wake: (() => void) | undefined;

  /**
   * Makes a loop without flows.
   *
   * @param socket Open socket, which the loop does not close.
   * @param to Destination of requests.
   * @param pacer Rate limit.
   */
  constructor(socket: DatagramSocket, to: Address, pacer: Pacer) {
    this.#socket = socket;
    this.to = to;
    this.#pacer = pacer;
  }

  /** Sets the packets in flight that the other ends take. */
  limit(window: number): void {
    this.#limit = window;
    this.#allowed = Math.min(this.#allowed, window);
  }

  /**
   * Sends a flow until all its requests have arrived.
   *
   * @param flow Flow; registered at the NIC.
   * @returns How it ended.
   */
  run(flow: SendingFlow): Promise<SendEnd> {
    const { promise, resolve, reject } = Promise.withResolvers<SendEnd>();
    const number = flow.sent.flow;
    const remove = () => this.#active.delete(number) && this.#wake?.();
    const end = (result: SendEnd) => (remove(), resolve(result));
    const fail = (error: unknown) => (remove(), reject(error));
    this.#active.set(number, { ...flow, end, fail });
    if (this.#isRunning) this.#wake?.();
    else void this.#run();
    return promise;
  }

  /** Numbers of the flows that are being sent. */
  get flows(): Iterable<number> {
    return this.#active.keys();
  }

  /** Ends a flow's sending; a flow that is not active is ignored. */
  stop(flow: number): void {
    this.#active.get(flow)?.end("stopped");
  }

  /** Ends all flows with an error. */
  fail(error: unknown): void {
    for (const { fail } of [...this.#active.values()]) fail(error);
  }

  /** Takes a datagram from the receiver. */
  take(bytes: Uint8Array): void {
    const report = decodeReport(bytes);
    let outcome = "flow";
    if (typeof report === "string") outcome = report;
    else {
      const active = this.#active.get(report.flow);
      if (active !== undefined) outcome = this.#acknowledge(active, report.first, report.bitmap);
    }
    this.reports[outcome] = (this.reports[outcome] ?? 0) + 1;
  }

  #acknowledge({ repeat, end }: Active, first: number, bitmap: Uint8Array): string {
    const count = repeat.acknowledge(first, bitmap, performance.now());
    // The window recovers by about one packet a round trip.
    if (count > 0) this.#allowed = Math.min(this.#limit, this.#allowed + count / this.#allowed);
    if (repeat.isDone) end("arrived");
    else this.#wake?.();
    return count > 0 ? "accepted" : "duplicate";
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#active.size > 0) {
        const hasSent = await this.#turn();
        if (this.#active.size === 0) break;
        // Reports arrive between turns.
        await (hasSent ? yieldToEventLoop() : this.#wait());
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Gives every flow one turn. Returns whether anything was sent. */
  async #turn(): Promise<boolean> {
    let hasSent = false;
    for (const active of [...this.#active.values()]) {
      const { repeat, sent } = active;
      this.#expire(active);
      if (this.#active.get(sent.flow) !== active) continue;
      try {
        this.#stage(active);
      } catch (error) {
        active.fail(error);
        continue;
      }
      const free = Math.floor(Math.min(this.#limit, this.#allowed)) - this.#inFlight();
      const share = Math.max(1, Math.ceil(this.#limit / this.#active.size));
      const count = Math.min(TURN, free, share - repeat.inFlight, repeat.due);
      if (count <= 0) continue;
      const packets = repeat.list();
      repeat.take(packets, count, performance.now());
      let bytes = 0;
      for (let n = 0; n < packets.count; n++) bytes += packets.lengths[n]!;
      const waitMs = this.#pacer.take(bytes, performance.now());
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await this.#socket.send(packets, this.to);
      hasSent = true;
    }
    return hasSent;
  }

  #inFlight(): number {
    let count = 0;
    for (const { repeat } of this.#active.values()) count += repeat.inFlight;
    return count;
  }

  #expire({ repeat, end }: Active): void {
    if (!repeat.expire(performance.now())) return;
    this.#allowed = Math.max(MIN_WINDOW, Math.min(this.#allowed, this.#limit) / 2);
    if (repeat.timeouts >= MAX_TIMEOUTS) end("stalled");
  }

  /** Writes requests until as many are due as one turn sends. */
  #stage({ repeat, sent, slots }: Active): void {
    while (repeat.due < TURN && repeat.room > 0) {
      const count = sent.outgoing.write(slots, 0, Math.min(slots.slots, repeat.room));
      if (count === 0) return;
      for (let slot = 0; slot < count; slot++) repeat.stage(packetBytes(slots, slot));
    }
  }

  /** Waits for a report, a new flow, or the next timeout. */
  #wait(): Promise<void> {
    let deadline = Infinity;
    for (const { repeat } of this.#active.values()) deadline = Math.min(deadline, repeat.deadline);
    const ms = Math.min(1000, Math.max(1, deadline - performance.now()));
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
