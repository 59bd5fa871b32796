/**
 * A session: a plan on a device, with the memory for its packets. Runs any number of inputs.
 *
 * @module
 */

import { bounded, DEFAULT_TIMEOUT_MS } from "../serialize/wait.ts";
import { checkWhole, OnpathError } from "../serialize/errors.ts";
import { countElements, type Tensor, tensor } from "../serialize/tensor.ts";
import type { ImageWriter } from "../serialize/image_writer.ts";
import { type Outcome, Reassembler } from "../serialize/reassembler.ts";
import type { PacketSlots } from "../serialize/packets.ts";
import { viewElements } from "../serialize/dtype.ts";
import type { Device, DeviceCounters } from "./device/device.ts";
import type { StagedPage } from "../kernels/image/model/page_bank.ts";
import { checkPlanInput } from "../kernels/image/plan/input.ts";
import { sameProfile } from "../kernels/target/profiles.ts";
import { reservePackets } from "../kernels/image/plan/packets.ts";
import { type Plan, planPlacement } from "../kernels/image/plan/plan.ts";
import { requestsFor } from "../kernels/image/plan/rows.ts";
import { newFlow } from "../serialize/flow_numbers.ts";
import { createSender, type Sender, type Window } from "../kernels/image/flow/send.ts";

/** How one input is run. */
export interface RunOptions {
  /** Ends the run with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for one answer of the device, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** How often packets that did not come back are sent again. Default 2. */
  readonly retries?: number | undefined;
  /** Called after every window of packets. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** How far a run is. */
export interface Progress {
  /** Packets that are back. */
  readonly done: number;
  /** Packets of the flow. */
  readonly total: number;
}

/** What a run did. Times are of this process and this run; they are no property of a card. */
export interface RunReport {
  /** Packets sent, those sent again included. */
  readonly sent: number;
  /** Packets sent again. */
  readonly resent: number;
  /** Packets that came back, by what became of them. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Milliseconds of host time spent writing packets. */
  readonly serializeMs: number;
  /** Milliseconds waiting for the device. */
  readonly deviceMs: number;
  /** Milliseconds of host time spent putting answers together. */
  readonly reassembleMs: number;
  /** The device's counters since it was opened. */
  readonly counters: DeviceCounters;
}

/** An output and the account of how it came about. */
export interface RunResult {
  /** The output, dense, in the plan's layout; its buffer belongs to the caller. */
  readonly output: Tensor;
  /** What the run did. */
  readonly report: RunReport;
}

/** Refuses a timeout before anything is sent, so that no started work is left without a listener. */
function checkTimeout({ timeoutMs }: RunOptions): void {
  if (timeoutMs === undefined) return;
  checkWhole("a timeout in milliseconds of", timeoutMs, 0, 2 ** 31 - 1);
}

/** Ends a wait for a result by a signal; the work behind it notices the signal by itself. */
function endedBy<T>(signal: AbortSignal | undefined, result: Promise<T>): Promise<T> {
  if (signal === undefined || signal.aborted) return result;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    result.finally(() => signal.removeEventListener("abort", abort)).then(resolve, reject);
  });
}

/**
 * A plan on a device. Runs queue up: one at a time reaches the device.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, Session } from "onpath/runtime";
 * import { tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const image = tensor(new Uint8Array(64 * 64 * 3).fill(200), { dtype: "u8", shape: [64, 64, 3], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [16, 16] }] }, { input: image, device });
 * const session = await Session.open(plan, device);
 * const { output } = await session.run(image);
 * assert.deepEqual(output.shape, [16, 16, 3]);
 * assert(output.data.every((level) => level === 200));
 * ```
 */
export class Session {
  /** The plan. */
  readonly plan: Plan;
  readonly #device: Device;
  readonly #writer: ImageWriter;
  readonly #requests: PacketSlots;
  readonly #answers: PacketSlots;
  readonly #sender: Sender;
  #queue: Promise<unknown> = Promise.resolve();
  #broken = false;

  private constructor(plan: Plan, device: Device) {
    this.plan = plan;
    this.#device = device;
    const { requests, answers, writer } = reservePackets(plan);
    this.#requests = requests;
    this.#answers = answers;
    this.#writer = writer;
    this.#sender = createSender(plan, requests.slots);
  }

  /**
   * Makes the plan's tables resident and reserves memory for its packets.
   *
   * @param plan A plan for this device.
   * @param device An open device; it stays the caller's to close.
   * @param options How long to wait for the device, and a signal.
   * @throws {OnpathError} `plan` when the plan is for another device, `device`, `table`, `timeout`.
   */
  static async open(plan: Plan, device: Device, options: RunOptions = {}): Promise<Session> {
    if (!sameProfile(plan.device, device.profile)) {
      const other = plan.device.name === device.profile.name
        ? "other numbers of that device"
        : plan.device.name;
      throw new OnpathError(
        "plan",
        `Cannot run plan ${plan.id} on device ${device.profile.name}: it was compiled for ${other}`,
        { plan: plan.id, device: device.profile.name, expected: plan.device.name },
      );
    }
    const session = new Session(plan, device);
    options.signal?.throwIfAborted();
    checkTimeout(options);
    await bounded(
      `device ${device.profile.name} to load plan ${plan.id}`,
      device.load(plan, options),
      options,
    );
    return session;
  }

  /**
   * Runs one input.
   *
   * @param input A u8 tensor of the plan's shape, in any layout and strides.
   * @param options Signal, timeout, retries, progress.
   * @returns The output and what the run did.
   * @throws {OnpathError} `dtype` or `shape` when the input is not the plan's; `gap` when packets
   * did not come back; `timeout` or `device` when the device fails. After a wait that was cut short
   * the device may still write into the session's memory, so the session refuses further runs.
   */
  run(input: Tensor, options: RunOptions = {}): Promise<RunResult> {
    const result = this.#queue.then(() => this.#run(input, options));
    this.#queue = result.then(() => undefined, () => undefined);
    return endedBy(options.signal, result);
  }

  async #run(input: Tensor, options: RunOptions): Promise<RunResult> {
    if (this.#broken) {
      throw new OnpathError(
        "device",
        "Cannot run: an exchange with the device failed or was cut short, open a new session",
      );
    }
    options.signal?.throwIfAborted();
    checkPlanInput(this.plan, input);
    checkTimeout(options);
    const retries = checkWhole("a number of retries of", options.retries ?? 2, 0, 1000);
    const { packets } = this.plan.layout.answers;
    const flow = newFlow();
    const reassembler = new Reassembler({ flows: 1 });
    reassembler.open(flow, planPlacement(this.plan));
    const times = { serializeMs: 0, deviceMs: 0, reassembleMs: 0 };
    let sent = 0;
    let ranges: [number, number][] = [[0, packets - 1]];
    for (let attempt = 0; attempt <= retries && ranges.length > 0; attempt++) {
      const requests: [number, number][] = attempt === 0
        ? [[0, this.plan.layout.cut.packets - 1]]
        : requestsFor(this.plan, ranges);
      for (const window of this.#sender.windows(requests)) {
        sent += await this.#exchange(input, flow, window, reassembler, times, options);
        options.onProgress?.({ done: packets - reassembler.missing(flow), total: packets });
      }
      ranges = reassembler.gaps(flow, packets);
    }
    const { counts } = reassembler;
    if (ranges.length > 0) throw gapError(flow, packets, reassembler.missing(flow), ranges, retries, counts);
    const bytes = reassembler.take(flow);
    const { dtype, shape, layout } = this.plan.output;
    const elements = viewElements(dtype, bytes.buffer, 0, countElements(shape));
    return {
      output: tensor(elements, { dtype, shape, layout }),
      report: {
        sent,
        resent: sent - this.plan.layout.cut.packets,
        outcomes: counts,
        ...times,
        counters: this.#device.counters(),
      },
    };
  }

  /** Sends one window of packets and takes what comes back. Returns how many were sent. */
  async #exchange(
    input: Tensor,
    flow: number,
    window: Window,
    reassembler: Reassembler,
    times: { serializeMs: number; deviceMs: number; reassembleMs: number },
    options: RunOptions,
  ): Promise<number> {
    options.signal?.throwIfAborted();
    const start = performance.now();
    let count = 0;
    for (const { first, last, epoch } of window.ranges) {
      this.#writer.write(input, flow, first, last - first + 1, this.#requests, count, epoch);
      count += last - first + 1;
    }
    if (window.pages.length > 0) await this.#stage(window.pages, options);
    const sentAt = performance.now();
    times.serializeMs += sentAt - start;
    const exchange = { input: this.#requests, count, output: this.#answers };
    const answered = this.#device.exchange(exchange, options);
    let answers: number;
    try {
      answers = await bounded(`device ${this.#device.profile.name}`, answered, {
        timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        signal: options.signal,
      });
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    const backAt = performance.now();
    times.deviceMs += backAt - sentAt;
    if (!Number.isInteger(answers) || answers < 0 || answers > this.#answers.slots) {
      throw new OnpathError(
        "device",
        `Cannot run: device ${this.#device.profile.name} announced ${answers} answers`,
        { device: this.#device.profile.name, answers, most: this.#answers.slots },
      );
    }
    for (let slot = 0; slot < answers; slot++) reassembler.accept(this.#answers, slot);
    times.reassembleMs += performance.now() - backAt;
    return count;
  }

  /** Queues the page loads that a window's packets need. A load that fails leaves the device unknown. */
  async #stage(pages: readonly StagedPage[], options: RunOptions): Promise<void> {
    try {
      await bounded(
        `device ${this.#device.profile.name} to stage pages`,
        this.#device.stage(pages, options),
        {
          timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
          signal: options.signal,
        },
      );
    } catch (error) {
      this.#broken = true;
      throw error;
    }
  }
}

/**
 * Runs one input through a plan: opens a session, runs, and leaves nothing open. Serving code that
 * runs many inputs keeps a {@linkcode Session} instead.
 *
 * @param plan A plan for the device.
 * @param input A u8 tensor of the plan's shape.
 * @param device An open device; it stays the caller's to close.
 * @param options Signal, timeout, retries, progress.
 * @returns The output and what the run did.
 * @throws {OnpathError} As {@linkcode Session.open} and {@linkcode Session.run}.
 */
export async function offload(
  plan: Plan,
  input: Tensor,
  device: Device,
  options: RunOptions = {},
): Promise<RunResult> {
  checkPlanInput(plan, input);
  const session = await Session.open(plan, device, options);
  return await session.run(input, options);
}

function gapError(
  flow: number,
  packets: number,
  missing: number,
  gaps: readonly [number, number][],
  retries: number,
  outcomes: Readonly<Partial<Record<Outcome, number>>>,
): OnpathError {
  const { accepted: _, duplicate: __, ...refused } = outcomes;
  const reasons = Object.entries(refused).map(([name, count]) => `${name} ${count}`).join(", ");
  return new OnpathError(
    "gap",
    `Cannot complete flow ${flow}: ${missing} of ${packets} packets did not come back after ${
      retries + 1
    } tries` +
      (reasons === "" ? "" : ` (refused answers: ${reasons})`),
    { flow, packets, missing, gaps: gaps.slice(0, 8), refused },
  );
}
