/**
 * Inputs that are open at a receiver: answers become results, and senders get reports.
 *
 * @module
 */

import type { Halves, ReceivedFlow, ReceivedInput } from "../../kernels/halves.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { createEngine } from "../../serialize/engine.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { FLAG, HEADER_BYTES, MAX_PAYLOAD, OFFSET } from "../../serialize/header.ts";
import { reserveSlots, slotAddress, slotBytesFor, SLOTS_ALIGNMENT } from "../../serialize/packets.ts";
import { Arrivals, partsOf } from "./arrivals.ts";
import type { Channel } from "./channel.ts";
import type { DatagramSocket } from "./datagram.ts";
import type { OpenInput } from "./messages.ts";
import type { ReceivedOutput } from "./received_output.ts";
import { type ReportedFlow, ReportOutbox, type ReportTarget } from "./report_outbox.ts";
import type { PacketMac } from "./security/packet_mac.ts";
import { datagramAt, type ReceivedBatch } from "./socket/batch.ts";

/** Bytes of datagrams that are copied in one move. UDP has no datagram that is longer. */
const RUN_BYTES = 2 ** 16;
/** A plan with its receiving halves. */
export interface OpenPlan {
  readonly plan: Plan;
  // deno-lint-ignore no-explicit-any -- the plan's name selects the types
  readonly halves: Halves<any, any>;
}

interface Entry extends ReportTarget {
  readonly number: number;
  readonly plan: Plan;
  readonly label: string;
  readonly received: ReceivedInput<unknown>;
  isFinishing: boolean;
}

interface FlowState extends ReportedFlow {
  readonly entry: Entry;
  readonly flow: ReceivedFlow;
  readonly requestOf: ((answer: number) => number) | undefined;
  hasEscaped: boolean;
}

/** Open inputs of a receiver. */
export class ReceivedInputs {
  /** Keys of answers; undefined if they need not be authenticated. Returns undefined while the NIC is gone. */
  nicMac: (() => PacketMac | undefined) | undefined;
  readonly #plans: ReadonlyMap<number, OpenPlan>;
  readonly #onOutput: (output: ReceivedOutput) => void | Promise<void>;
  readonly #maxInputs: number;
  readonly #entries = new Map<number, Entry>();
  readonly #flows = new Map<number, FlowState>();
  readonly #outcomes: Record<string, number> = {};
  readonly #slots = reserveSlots(
    createEngine(slotBytesFor(MAX_PAYLOAD) + 2 * SLOTS_ALIGNMENT + RUN_BYTES),
    1,
    MAX_PAYLOAD,
  );
  // Address of the datagrams that are taken.
  readonly #memory = this.#slots.engine.reserve(RUN_BYTES);
  readonly #reports = new ReportOutbox((flow, to) => this.#eraseKeys(flow, to));
  #nextInput = 0;
  #completed = 0;
  #fallbacks = 0;

  /**
   * Makes an empty set.
   *
   * @param plans Plans by id.
   * @param onOutput Takes results.
   * @param maxInputs Maximum open inputs.
   */
  constructor(
    plans: ReadonlyMap<number, OpenPlan>,
    onOutput: (output: ReceivedOutput) => void | Promise<void>,
    maxInputs = 64,
  ) {
    this.#plans = plans;
    this.#onOutput = onOutput;
    this.#maxInputs = checkInteger("maximum inputs", maxInputs, 1, 4096);
  }

  /** Sets the socket that sends reports. Must be called before datagrams are taken. */
  reportBy(socket: DatagramSocket): void {
    this.#reports.socket = socket;
  }

  /**
   * Opens an input.
   *
   * @returns Its number.
   * @throws {OnpathError} `plan` if the plan is not one of the receiver's; `size` if a limit would be exceeded or a flow
   * number is in use; `packet` if the description does not fit.
   */
  open({ plan: id, flows, description, label, port }: OpenInput, channel: Channel): number {
    const open = this.#plans.get(id);
    if (open === undefined) {
      throw new OnpathError(
        "plan",
        `Cannot receive an input of plan ${id}: the receiver does not have the plan`,
        {
          plan: id,
        },
      );
    }
    if (this.#entries.size >= this.#maxInputs) {
      throw new OnpathError("size", `Cannot receive an input: all ${this.#maxInputs} places are in use`, {
        most: this.#maxInputs,
      });
    }
    for (const flow of flows) {
      if (!this.#flows.has(flow) && flows.indexOf(flow) === flows.lastIndexOf(flow)) continue;
      throw new OnpathError("size", `Cannot receive flow ${flow}: the number is in use`, { flow });
    }
    const received = open.halves.receive(flows, description);
    const number = this.#nextInput;
    this.#nextInput = (number + 1) % 2 ** 32;
    const reports = { host: channel.remoteHost, port };
    const entry = { number, plan: open.plan, label, channel, reports, received, isFinishing: false };
    this.#entries.set(number, entry);
    for (const flow of received.flows) {
      this.#reports.reuse(flow.flow);
      const arrivals = new Arrivals(flow);
      const { requestOf } = open.halves;
      this.#flows.set(flow.flow, {
        entry,
        flow,
        arrivals,
        requestOf,
        unreported: 0,
        hasEscaped: false,
      });
    }
    // The sender learns the input's number first.
    if (received.flows.length === 0) setTimeout(() => this.#finishIfDone(entry), 0);
    return number;
  }

  /** Takes datagrams from the NIC. */
  take(batch: ReceivedBatch): void {
    const { bytes, count, offsets, lengths } = batch, { engine } = this.#slots, memory = this.#memory;
    for (let n = 0; n < count;) {
      const isLong = lengths[n]! > RUN_BYTES, isPlain = this.nicMac === undefined;
      const opened = isLong ? "length" : isPlain ? undefined : this.#open(datagramAt(batch, n));
      if (opened !== undefined) {
        if (typeof opened !== "string") engine.bytes.set(opened, memory);
        this.#count(typeof opened === "string" ? opened : this.#takeAt(memory, opened.length));
        n++;
        continue;
      }
      // Datagrams that follow each other in memory, as joined ones do, are copied in one move.
      const first = offsets[n]!;
      let last = n, end = first + lengths[n]!;
      while (last + 1 < count && offsets[last + 1] === end && end + lengths[last + 1]! - first <= RUN_BYTES) {
        end += lengths[++last]!;
      }
      engine.bytes.set(bytes.subarray(first, end), memory);
      let accepted = 0;
      for (; n <= last; n++) {
        const outcome = this.#takeAt(memory + offsets[n]! - first, lengths[n]!);
        if (outcome === "accepted") accepted++;
        else this.#count(outcome);
      }
      if (accepted > 0) this.#count("accepted", accepted);
    }
    this.#reports.endBatch();
  }

  #count(outcome: string, times = 1): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + times;
  }

  /** Takes a datagram that is at an address of the engine. */
  #takeAt(at: number, length: number): string {
    const slots = this.#slots, { view } = slots.engine;
    if (length < HEADER_BYTES) return "truncated";
    if (length !== HEADER_BYTES + view.getUint16(at + OFFSET.length, true)) return "length";
    if (length > slots.slotBytes) return "length";
    // Over a network, a packet without a CRC is not one of ours.
    if ((view.getUint16(at + OFFSET.flags, true) & FLAG.checked) === 0) return "crc";
    const number = view.getUint32(at + OFFSET.flow, true), state = this.#flows.get(number);
    if (state === undefined) return this.#reports.repeat(number) ? "duplicate" : "flow";
    slots.engine.bytes.copyWithin(slotAddress(slots, 0), at, at + length);
    const sequence = view.getUint32(at + OFFSET.sequence, true), parts = partsOf(slots, 0);
    const outcome = state.flow.accept(slots, 0);
    if (outcome === "accepted" || outcome === "early") {
      state.arrivals.count(state.requestOf?.(sequence) ?? sequence, parts);
    } else if (outcome !== "duplicate") return outcome;
    this.#noteArrival(state);
    return outcome;
  }

  /** Verifies an answer, if answers are authenticated. Unknown flows have no keys. */
  #open(datagram: Uint8Array): Uint8Array | string {
    if (datagram.length < HEADER_BYTES) return "truncated";
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    const flow = view.getUint32(OFFSET.flow, true);
    if (!this.#flows.has(flow) && !this.#reports.keeps(flow)) return "flow";
    return this.nicMac!()?.open(datagram) ?? "mac";
  }

  #noteArrival(state: FlowState): void {
    const { entry, flow } = state;
    this.#reports.note(state, flow.done);
    this.#noteEscape(state);
    if (flow.done) this.#finishIfDone(entry);
  }

  /** Asks the sender to compute what the device left open, once. */
  #noteEscape(state: FlowState): void {
    const { entry, flow } = state;
    if (flow.escaped !== true || state.hasEscaped) return;
    state.hasEscaped = true;
    entry.channel.notify("escape", { input: entry.number, flow: flow.flow });
  }

  #eraseKeys(flow: number, { channel }: ReportTarget): void {
    this.nicMac?.()?.forget(flow);
    channel.keys?.mac("report").forget(flow);
  }

  #finishIfDone(entry: Entry): void {
    if (entry.isFinishing || !entry.received.flows.every(({ done }) => done)) return;
    entry.isFinishing = true;
    void this.#finish(entry);
  }

  async #finish({ number, plan, label, channel, received }: Entry): Promise<void> {
    let error: string | null = null;
    let defect: { readonly cause: unknown } | undefined;
    try {
      await this.#onOutput({ plan, label, output: received.result(), sender: channel.remoteHost });
      this.#completed++;
    } catch (cause) {
      const isOurs = cause instanceof OnpathError;
      error = isOurs ? cause.message.slice(0, 2000) : "Cannot take a result: the receiver's program failed";
      if (!isOurs) defect = { cause };
    } finally {
      for (const [flow, state] of this.#flows) {
        if (state.entry.number === number) this.#reports.keep(flow, state);
      }
      this.#remove(number);
    }
    // The sender learns of a defect before it is reported here, as an unhandled rejection.
    channel.notify("ended", { input: number, error });
    if (defect !== undefined) throw defect.cause;
  }

  /**
   * Drops what is not final of a flow that the sender completes.
   *
   * @returns Offset from which it has to complete the flow; null if the flow is complete.
   * @throws {OnpathError} `packet` if there is no such flow.
   */
  resume(message: { readonly input: number; readonly flow: number }, channel: Channel): number | null {
    const { flow } = this.#find(message, channel);
    if (flow.resume === undefined) {
      throw new OnpathError("packet", `Cannot resume flow ${message.flow}: its result has no parts to add`);
    }
    if (flow.done) return null;
    this.#fallbacks++;
    return flow.resume();
  }

  /**
   * Appends a part that the sender computed.
   *
   * @throws {OnpathError} `packet` if there is no such flow, or the part is invalid.
   */
  append(
    { part, isLast, ...message }: { input: number; flow: number; part: Uint8Array; isLast: boolean },
    channel: Channel,
  ): void {
    const state = this.#find(message, channel);
    const { flow, entry } = state;
    if (flow.append === undefined || flow.done) {
      throw new OnpathError("packet", `Cannot append to flow ${message.flow}: it is complete`);
    }
    flow.append(part, isLast);
    if (isLast) {
      state.hasEscaped = false;
      this.#noteEscape(state);
    }
    this.#finishIfDone(entry);
  }

  #find({ input, flow }: { input: number; flow: number }, channel: Channel): FlowState {
    const state = this.#flows.get(flow);
    if (state !== undefined && state.entry.number === input && state.entry.channel === channel) return state;
    throw new OnpathError("packet", `Cannot use flow ${flow} of input ${input}: it is not open`, {
      input,
      flow,
    });
  }

  /** Drops an input of a connection. */
  drop(input: number, channel: Channel): void {
    if (this.#entries.get(input)?.channel === channel) this.#remove(input);
  }

  /** Drops all inputs of a connection. */
  forget(channel: Channel): void {
    for (const [number, entry] of this.#entries) if (entry.channel === channel) this.#remove(number);
  }

  #remove(number: number): void {
    this.#entries.delete(number);
    for (const [flow, state] of this.#flows) {
      if (state.entry.number !== number) continue;
      this.#flows.delete(flow);
      this.#reports.drop(state);
      // The last report of a complete flow may be sent again.
      if (!this.#reports.keeps(flow)) this.#eraseKeys(flow, state.entry);
    }
  }

  /** Counts since creation. */
  counts(): {
    readonly outcomes: Readonly<Record<string, number>>;
    readonly inputs: number;
    readonly completed: number;
    readonly fallbacks: number;
  } {
    return {
      outcomes: { ...this.#outcomes },
      inputs: this.#entries.size,
      completed: this.#completed,
      fallbacks: this.#fallbacks,
    };
  }

  /** Drops all inputs. */
  close(): void {
    this.#reports.close();
    this.#entries.clear();
    this.#flows.clear();
  }
}
