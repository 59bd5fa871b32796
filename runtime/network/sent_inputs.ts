/**
 * Inputs that a sender has in flight.
 *
 * Placed flows are sent together; after a restart of the NIC they are registered again and continue. A sequential flow
 * whose state the NIC lost, or that the device gave up, is completed on this host.
 *
 * @module
 */

import type { Halves, SendingHalf, SentFlow } from "../../kernels/halves.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { parseWith } from "../../kernels/schema.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import {
  bounded,
  DEFAULT_TIMEOUT_MS,
  type Deferred,
  deferred,
  MAX_TIMEOUT_MS,
  type WaitOptions,
} from "../../serialize/wait.ts";
import { Announcements } from "./announcements.ts";
import type { Channel } from "./channel.ts";
import { ORDER_WINDOW } from "./flow_order.ts";
import { sendHostParts } from "./host_parts.ts";
import { openedSpec } from "./messages.ts";
import { Places } from "./places.ts";
import type { Reconnecting } from "./reconnecting.ts";
import { registerFlows } from "./register_flows.ts";
import type { FallbackReason, SendOptions, SendReport } from "./send_report.ts";
import { absentNic, stallError } from "./send_errors.ts";
import { FreeRings, type RequestRing } from "./request_ring.ts";
import { SelectiveRepeat } from "./selective_repeat.ts";
import type { SendEnd, SendingFlow, SendLoop } from "./send_loop.ts";

/** Requests that one call of a sending half writes. */
const WRITE_BATCH = 32;
/** Requests of a placed flow of which copies are kept. */
const PLACED_WINDOW = 512;
/** Times that an input is sent again, because the NIC lost its state. */
const MAX_RESTARTS = 8;
/** Ends of inputs that are kept because they came before their number was used. */
const MAX_EARLY_ENDS = 256;

type InputEnd = "arrived" | "restart";

/** An announced plan with its packet memory. */
export interface SentPart {
  readonly plan: Plan;
  readonly bytes: Uint8Array;
  // deno-lint-ignore no-explicit-any -- the plan's name selects the types
  readonly halves: Halves<any, any>;
  // deno-lint-ignore no-explicit-any -- as above
  readonly half: SendingHalf<any>;
  /** Places of sequential flows. */
  readonly places: Places;
  /** Memory of windows that no flow uses. */
  readonly rings: FreeRings;
}

interface Input {
  readonly number: number;
  readonly part: SentPart;
  readonly token: string;
  readonly window: number;
  readonly report: {
    sent: number;
    resent: number;
    restarts: number;
    fallbacks: Partial<Record<FallbackReason, number>>;
  };
  readonly ended: Deferred<InputEnd>;
  /** Flows that the device gave up. */
  readonly escaped: Set<number>;
  /** Sequential flows whose requests have all arrived. */
  readonly arrived: Map<number, SentFlow>;
  /** Flows by number. */
  readonly flows: ReadonlyMap<number, SentFlow>;
  readonly wait: { readonly signal: AbortSignal; readonly timeoutMs: number };
}

/** A flow with the memory of its window. */
interface RingFlow extends SendingFlow {
  readonly ring: RequestRing;
}

/** Inputs in flight. */
export class SentInputs {
  nic: Reconnecting | undefined;
  receiver: Channel | undefined;
  readonly #loop: SendLoop;
  readonly #port: number;
  readonly #inputs = new Map<number, Input>();
  readonly #earlyEnds = new Map<number, string | null>();
  readonly #announcements = new Announcements();

  /**
   * Makes an empty set.
   *
   * @param loop Sends the flows.
   * @param port Port to which the receiver reports.
   */
  constructor(loop: SendLoop, port: number) {
    this.#loop = loop;
    this.#port = port;
  }

  /** Reserves the packet memory of a plan. */
  // deno-lint-ignore no-explicit-any -- the plan's name selects the types
  part(plan: Plan, bytes: Uint8Array, halves: Halves<any, any>): SentPart {
    const half = halves.send(WRITE_BATCH), rings = new FreeRings(half.slots.slotBytes);
    return { plan, bytes, halves, half, places: new Places(halves.flows ?? 1), rings };
  }

  /** Announces a plan on the current connection to the NIC, once. */
  announce(plan: number, bytes: Uint8Array, wait: WaitOptions): Promise<Channel> {
    return this.#announcements.announce(this.nic!, plan, bytes, wait);
  }

  /** Sends an input; see {@linkcode SentPlan.send}. */
  async send(part: SentPart, value: unknown, options: SendOptions): Promise<SendReport> {
    const { label = "", timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    if (typeof label !== "string" || label.length > 200) {
      throw new OnpathError(
        "size",
        `Cannot send: the label is ${kindOf(label)}, expected at most 200 characters`,
      );
    }
    const report: Input["report"] = { sent: 0, resent: 0, restarts: 0, fallbacks: {} };
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const wait = { signal, timeoutMs: Math.max(0, Math.min(timeoutMs, deadline - performance.now())) };
      if (await this.#try(part, value, label, report, wait) === "arrived") return report;
      report.restarts++;
    }
  }

  /** Sends an input once. `restart`: the NIC has lost what it held of a flow that only the whole input restores. */
  async #try(
    part: SentPart,
    value: unknown,
    label: string,
    report: Input["report"],
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<InputEnd> {
    signal?.throwIfAborted();
    const { flows, description } = part.half.begin(value);
    const receiver = this.receiver!;
    const numbers = flows.map(({ flow }) => flow);
    const message = { plan: part.plan.id, flows: numbers, description, label, port: this.#port };
    const { input: number, token, window } = await openInput(receiver, message, { timeoutMs, signal });
    const controller = new AbortController();
    const input: Input = {
      number,
      part,
      token,
      window,
      report,
      ended: deferred(),
      escaped: new Set(),
      arrived: new Map(),
      flows: new Map(flows.map((flow) => [flow.flow, flow])),
      wait: { signal: controller.signal, timeoutMs },
    };
    input.ended.promise.catch(() => {});
    this.#inputs.set(number, input);
    const early = this.#earlyEnds.get(number);
    if (early !== undefined) this.ended(number, early);
    const sending = this.#sendFlows(input, flows).catch((error) => input.ended.reject(error));
    let end: InputEnd | undefined;
    try {
      end = await bounded("an input to arrive", input.ended.promise, { timeoutMs, signal });
    } catch (cause) {
      const isAbsent = this.nic!.current === undefined && !signal?.aborted;
      throw isAbsent && cause instanceof OnpathError && cause.code === "timeout" ? absentNic(cause) : cause;
    } finally {
      if (end !== "arrived") receiver.notify("drop", { input: number });
      this.#inputs.delete(number);
      controller.abort(new OnpathError("device", "Cannot send: the input has ended"));
      for (const flow of numbers) this.#loop.stop(flow);
      if (numbers.length > 0) this.nic!.current?.notify("close", { flows: numbers });
    }
    await sending;
    return end;
  }

  async #sendFlows(input: Input, flows: readonly SentFlow[]): Promise<void> {
    const { halves, half } = input.part;
    if (flows.length === 0) return;
    if (halves.order === "placed") {
      await this.#sendPlaced(input, flows, half);
      return;
    }
    // A device holds few sequential flows, so an input occupies one at a time.
    for (const flow of flows) {
      await input.part.places.run(() => this.#sendSequential(input, flow, half), input.wait.signal);
      if (!this.#inputs.has(input.number)) return;
    }
  }

  async #sendPlaced(
    input: Input,
    flows: readonly SentFlow[],
    { slots }: SendingHalf<unknown>,
  ): Promise<void> {
    const sending = flows.map((sent) => this.#sending(input, sent, slots, PLACED_WINDOW));
    try {
      await this.#sendAll(input, sending);
    } finally {
      for (const { ring } of sending) input.part.rings.give(ring);
    }
  }

  async #sendAll(input: Input, flows: readonly SendingFlow[]): Promise<void> {
    const { report } = input;
    let open = flows;
    while (open.length > 0) {
      await this.#register(input, open.map(({ sent }) => sent.flow));
      for (const { repeat } of open) repeat.loseAll();
      const before = open.map(({ repeat: { sent, resent } }) => ({ sent, resent }));
      const ends = await this.#runAll(open);
      for (const [n, { repeat }] of open.entries()) {
        report.sent += repeat.sent - before[n]!.sent;
        report.resent += repeat.resent - before[n]!.resent;
      }
      if (!this.#inputs.has(input.number)) return;
      const stalled = ends.indexOf("stalled");
      if (stalled >= 0) throw stallError(open[stalled]!);
      open = open.filter(({ repeat }) => !repeat.isDone);
      if (open.length > 0) report.restarts++;
    }
  }

  /** Sends flows until all have ended, the others of one that fails too. */
  async #runAll(flows: readonly SendingFlow[]): Promise<readonly SendEnd[]> {
    const runs = flows.map((flow) => this.#loop.run(flow));
    try {
      return await Promise.all(runs);
    } catch (error) {
      for (const { sent } of flows) this.#loop.stop(sent.flow);
      await Promise.allSettled(runs);
      throw error;
    }
  }

  async #sendSequential(input: Input, sent: SentFlow, { slots }: SendingHalf<unknown>): Promise<void> {
    const { report } = input;
    const window = await this.#register(input, [sent.flow]);
    // Once a missing request arrives, the answers to all that the NIC holds leave together, and sockets must take them.
    const flow = this.#sending(input, sent, slots, Math.min(ORDER_WINDOW, window), sent);
    const { repeat } = flow;
    let end: SendEnd;
    try {
      end = await this.#loop.run(flow);
    } finally {
      input.part.rings.give(flow.ring);
    }
    report.sent += repeat.sent;
    report.resent += repeat.resent;
    if (!this.#inputs.has(input.number)) return;
    this.nic!.current?.notify("close", { flows: [sent.flow] });
    if (input.escaped.has(sent.flow)) await this.#compute(input, sent.flow, sent.complete!, "escape");
    // The notice of an escape may come after the acknowledgement.
    else if (end === "arrived") input.arrived.set(sent.flow, sent);
    else if (sent.complete !== undefined) {
      await this.#compute(input, sent.flow, sent.complete, end === "stalled" ? "stall" : "restart");
    } else if (end === "stopped" && report.restarts < MAX_RESTARTS) input.ended.resolve("restart");
    else throw stallError(flow);
  }

  #sending(
    { part: { rings } }: Input,
    sent: SentFlow,
    slots: PacketSlots,
    window: number,
    sequential?: SentFlow,
  ): RingFlow {
    const ring = rings.take(Math.min(sent.requests, window));
    const repeat = new SelectiveRepeat(sent.requests, ring, this.#loop.path, sequential);
    return { sent, slots, repeat, ring, isOrdered: sequential !== undefined };
  }

  /** Computes the rest of a flow, or a stretch of it, on this host. */
  async #compute(
    { number: input, wait, report: { fallbacks } }: Input,
    flow: number,
    compute: NonNullable<SentFlow["complete"]>,
    reason: FallbackReason,
  ): Promise<void> {
    fallbacks[reason] = (fallbacks[reason] ?? 0) + 1;
    await sendHostParts(this.receiver!, { input, flow }, compute, wait);
  }

  /**
   * Registers flows at the NIC.
   *
   * @returns Packets in flight that the other ends take.
   */
  async #register(input: Input, flows: readonly number[]): Promise<number> {
    const { part: { plan: { id: plan }, bytes }, token, wait } = input;
    const registration = { flows, plan, token, port: this.#port };
    const window = await registerFlows(() => this.announce(plan, bytes, wait), registration, wait);
    const most = Math.min(window, input.window);
    this.#loop.limit(most);
    return most;
  }

  /** Ends an input, because the receiver has its result or never will. */
  ended(number: number, error: string | null): void {
    this.#earlyEnds.delete(number);
    const ended = this.#inputs.get(number)?.ended;
    if (ended === undefined) {
      // An input without packets may end in the same bytes that bring its number.
      this.#earlyEnds.set(number, error);
      const [oldest] = this.#earlyEnds.keys();
      if (this.#earlyEnds.size > MAX_EARLY_ENDS) this.#earlyEnds.delete(oldest!);
    } else if (error === null) ended.resolve("arrived");
    else ended.reject(new OnpathError("device", error, { remote: true }));
  }

  /** Stops a flow that the device gave up, so that this host completes it, or computes a stretch that is open. */
  escaped(number: number, flow: number): void {
    const input = this.#inputs.get(number);
    const sent = input?.flows.get(flow);
    if (input === undefined || sent === undefined) return;
    const compute = (how: NonNullable<SentFlow["complete"]>, reason: FallbackReason) =>
      this.#compute(input, flow, how, reason).catch(input.ended.reject);
    if (sent.patch !== undefined) {
      void compute(sent.patch, "seam");
      return;
    }
    input.escaped.add(flow);
    this.#loop.stop(flow);
    const arrived = input.arrived.get(flow);
    if (arrived?.complete !== undefined) void compute(arrived.complete, "escape");
  }

  /** Stops all flows, because the NIC has lost them. */
  stopAll(): void {
    for (const flow of [...this.#loop.flows]) this.#loop.stop(flow);
  }

  /** Fails the inputs of a plan, because its device has failed. */
  failPlan(plan: number, message: string): void {
    const error = new OnpathError("device", `Cannot send: the NIC's device has failed: ${message}`, { plan });
    for (const { part, ended } of this.#inputs.values()) if (part.plan.id === plan) ended.reject(error);
  }

  /** Fails all inputs, because the receiver or the sender is gone. */
  failAll(reason: string): void {
    const error = new OnpathError(
      "device",
      `Cannot send: the connection to the receiver has ended, ${reason}`,
    );
    for (const { ended } of this.#inputs.values()) ended.reject(error);
  }
}

/**
 * Reserves a place for an input at the receiver. If the wait ends first, the place is given back when the answer comes:
 * it would be in use until the connection ends.
 */
async function openInput(receiver: Channel, message: object, wait: WaitOptions) {
  const read = (opened: unknown) => parseWith(openedSpec, opened, "packet", "open");
  // The channel's end ends this call at the latest.
  const opening = receiver.call("open", message, { timeoutMs: MAX_TIMEOUT_MS });
  try {
    return read(await bounded("the answer to open", opening, wait));
  } catch (error) {
    void opening.then((late) => receiver.notify("drop", { input: read(late).input })).catch(() => {});
    throw error;
  }
}
