/**
 * Send loop: requests of several flows in rotation, within one window and at one rate.
 *
 * @module
 */

import type { SentFlow } from "../../kernels/halves.ts";
import { deferred } from "../../serialize/wait.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import { yieldToEventLoop } from "../device/serial.ts";
import type { Address } from "./address.ts";
import { Alarm } from "./alarm.ts";
import type { DatagramSocket } from "./datagram.ts";
import type { Pacer } from "./pacer.ts";
import { decodeReport, isHeldReport, reportFlow } from "./report_packet.ts";
import { RoundTrip } from "./round_trip.ts";
import type { PacketKeys } from "./security/packet_keys.ts";
import { SendWindow } from "./send_window.ts";
import type { SelectiveRepeat } from "./selective_repeat.ts";
import type { DatagramList } from "./socket/batch.ts";

/** Timeouts of a flow in a row after which it fails, if no report arrives either. */
const MAX_TIMEOUTS = 12;
/** Milliseconds without a report that must have passed too: timeouts of a fast path are short. */
const MIN_SILENCE_MS = 5000;
/** Milliseconds without progress after which a flow fails, whatever reports arrive. */
const MAX_STALL_MS = 15_000;
/** Timeouts of a flow in a row after which the window is halved. Two in a row happen where 20% is lost. */
const MAX_WINDOW_TIMEOUTS = 2;
/** Requests of one flow in one turn, at most. The kernel takes about as many as one message. */
const TURN = 64;

/**
 * How a flow's sending ended. `stopped`: by {@linkcode SendLoop.stop}. `stalled`: without progress after repeated
 * timeouts.
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
  /** Whether the requests are sent in their order. Default false. */
  readonly isOrdered?: boolean;
}

interface Active extends SendingFlow {
  /** Requests of one turn. */
  readonly list: DatagramList;
  /** Packets sent since the flow began, plus those of the flow that was served least then. */
  served: number;
  /** Time of the last valid report in milliseconds; 0 before any. */
  heardAt: number;
  /** Last call of the socket. */
  sending: Promise<void> | undefined;
  readonly end: (result: SendEnd) => void;
  readonly fail: (error: unknown) => void;
}

/** Sends flows. */
export class SendLoop {
  /** Round trip of the path. */
  readonly path: RoundTrip = new RoundTrip();
  /** Reports by outcome. */
  readonly reports: Record<string, number> = {};
  /** Timeouts of all flows. */
  timeouts = 0;
  /** Destination of requests. */
  to: Address;
  /** Keys of requests, if the NIC takes authenticated ones. */
  nicKeys: PacketKeys | undefined;
  /** Keys of reports, if the receiver's must be authenticated. */
  receiverKeys: PacketKeys | undefined;
  readonly #socket: DatagramSocket;
  readonly #pacer: Pacer;
  readonly #active = new Map<number, Active>();
  readonly #window = new SendWindow();
  #isRunning = false;
  #wake: (() => void) | undefined;
  readonly #alarm = new Alarm(() => this.#wake?.());

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
    this.#window.limit(window);
  }

  /**
   * Sends a flow until all its requests have arrived.
   *
   * @param flow Flow; registered at the NIC.
   * @returns How it ended, once no send uses the memory of its requests.
   */
  run(flow: SendingFlow): Promise<SendEnd> {
    const { promise, resolve, reject } = deferred<SendEnd>();
    const number = flow.sent.flow;
    const remove = () => {
      if (!this.#active.delete(number)) return;
      this.nicKeys?.mac("request").forget(number);
      this.nicKeys?.mac("order").forget(number);
      this.receiverKeys?.mac("report").forget(number);
      this.#wake?.();
    };
    const settle = (how: () => void) => {
      remove();
      void (active.sending ?? Promise.resolve()).then(how, how);
    };
    const end = (result: SendEnd) => settle(() => resolve(result));
    const fail = (error: unknown) => settle(() => reject(error));
    const served = [...this.#active.values()].reduce((least, each) => Math.min(least, each.served), Infinity);
    const isOnly = !Number.isFinite(served);
    const list = flow.repeat.list();
    const active: Active = {
      ...flow,
      list,
      end,
      fail,
      served: isOnly ? 0 : served,
      heardAt: 0,
      sending: undefined,
    };
    this.#active.set(number, active);
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

  /** Takes a report of the receiver or the NIC. */
  take(bytes: Uint8Array): void {
    const outcome = this.#take(bytes);
    this.reports[outcome] = (this.reports[outcome] ?? 0) + 1;
  }

  #take(bytes: Uint8Array): string {
    // Flows that are not active have no keys.
    const isActive = this.#active.has(reportFlow(bytes));
    const mac = !isActive
      ? undefined
      : isHeldReport(bytes)
      ? this.nicKeys?.mac("order")
      : this.receiverKeys?.mac("report");
    const opened = mac?.open(bytes) ?? bytes;
    if (typeof opened === "string") return opened;
    const report = decodeReport(opened);
    if (typeof report === "string") return report;
    const active = this.#active.get(report.flow);
    if (active === undefined) return "flow";
    const { kind, first, bitmap } = report;
    active.heardAt = performance.now();
    return kind === "held" ? this.#takeHeld(active, first, bitmap) : this.#acknowledge(active, first, bitmap);
  }

  /** Takes a report of the NIC. */
  #takeHeld({ repeat, end }: Active, first: number, bitmap: Uint8Array): string {
    const { arrived, losses } = repeat;
    const isNew = repeat.hold(first, bitmap, performance.now());
    this.#window.count(repeat.arrived - arrived, repeat.losses - losses);
    if (repeat.isDone) end("arrived");
    else this.#wake?.();
    return isNew ? "held" : "duplicate";
  }

  #acknowledge({ repeat, end }: Active, first: number, bitmap: Uint8Array): string {
    const { losses } = repeat;
    const count = repeat.acknowledge(first, bitmap, performance.now());
    this.#window.count(count, repeat.losses - losses);
    if (repeat.isDone) end("arrived");
    else this.#wake?.();
    return count > 0 ? "accepted" : "duplicate";
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      // Flows that begin together share the first turn.
      await Promise.resolve();
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
      this.#alarm.stop();
    }
  }

  /** Gives every flow one turn. Returns whether anything was sent. */
  async #turn(): Promise<boolean> {
    let hasSent = false;
    // The flow that was served least comes first, so that a small window goes to all alike.
    const round = [...this.#active.values()].sort((a, b) => a.served - b.served);
    // A flow that only waits for its last answers leaves its share to others.
    const wanting = round.reduce((sum, { repeat }) => sum + (repeat.due > 0 || repeat.room > 0 ? 1 : 0), 0);
    for (const active of round) {
      const { repeat, sent } = active;
      this.#expire(active);
      if (this.#active.get(sent.flow) !== active) continue;
      try {
        this.#stage(active);
      } catch (error) {
        active.fail(error);
        continue;
      }
      const { size } = this.#window;
      const free = size - this.#inFlight();
      const share = Math.max(1, Math.ceil(size / Math.max(1, wanting)));
      const count = Math.min(TURN, free, share - repeat.inFlight, repeat.due);
      if (count <= 0) continue;
      active.served += count;
      const { list: packets } = active;
      packets.clear();
      // Placed requests of one length leave as one message.
      const isGrouped = active.isOrdered !== true && this.#socket.kind === "linux";
      repeat.take(packets, count, performance.now(), isGrouped);
      let bytes = 0;
      for (let n = 0; n < packets.count; n++) bytes += packets.lengths[n]!;
      const waitMs = this.#pacer.take(bytes, performance.now());
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // A flow that has ended meanwhile has no keys.
      if (this.#active.get(sent.flow) !== active) continue;
      active.sending = this.#socket.send(this.nicKeys?.mac("request").seal(packets) ?? packets, this.to);
      await active.sending;
      hasSent = true;
    }
    return hasSent;
  }

  #inFlight(): number {
    let count = 0;
    for (const { repeat } of this.#active.values()) count += repeat.inFlight;
    return count;
  }

  #expire({ repeat, heardAt, end }: Active): void {
    const { timeouts } = repeat, now = performance.now();
    const areAllLost = repeat.expire(now);
    this.timeouts += repeat.timeouts - timeouts;
    if (!areAllLost) return;
    if (repeat.timeouts > MAX_WINDOW_TIMEOUTS) this.#window.expire();
    const silentMs = now - Math.max(heardAt, repeat.progressAt);
    const isSilent = repeat.timeouts >= MAX_TIMEOUTS && silentMs >= MIN_SILENCE_MS;
    if (isSilent || now - repeat.progressAt >= MAX_STALL_MS) end("stalled");
  }

  /** Writes requests until as many are due as one turn sends. */
  #stage({ repeat, sent, slots }: Active): void {
    while (repeat.due < TURN && repeat.room > 0) {
      const count = sent.outgoing.write(slots, 0, Math.min(slots.slots, repeat.room));
      if (count === 0) return;
      repeat.stageAll(slots, count);
    }
  }

  /** Waits for a report, a new flow, or the next timeout. */
  #wait(): Promise<void> {
    let deadline = Infinity;
    for (const { repeat } of this.#active.values()) deadline = Math.min(deadline, repeat.deadline);
    this.#alarm.set(deadline, performance.now());
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
