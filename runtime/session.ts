/**
 * A session: a plan on a device, with the memory for its packets. Runs any number of inputs.
 *
 * @module
 */

import { type AnyPlan, type AnyWorkload, findWorkload } from "../kernels/registry.ts";
import { type Plan, PLAN_VERSION } from "../kernels/plan/plan.ts";
import { sameProfile } from "../kernels/target/profiles.ts";
import type { Connection, FlowStream, Opened, Work } from "../kernels/workload.ts";
import { kindOf, OnpathError } from "../serialize/errors.ts";
import type { Device, DeviceCounters } from "./device/device.ts";
import { createSerial } from "./device/serial.ts";
import type { InputOf, OptionsOf, OutputOf, PartOf, ResourcesOf } from "./plan_types.ts";
import { PacketLoop } from "./packet_loop.ts";
import type { RunAccount } from "./run_watch.ts";
import { checkRunOptions, type RunOptions } from "./run_options.ts";

/** Account of a run. Times are of this process and this run; they are no property of a card. */
export interface RunReport {
  /** Requests sent, repeated ones included. */
  readonly sent: number;
  /** Requests sent again, or sent in vain. */
  readonly resent: number;
  /** Times that the device gave a flow up, for text. */
  readonly escapes: number;
  /** Bytes of input that the host processed because the device could not, for text. */
  readonly hostBytes: number;
  /** Stretches that were done again because their chunks shared no boundary, for text in chunks. */
  readonly retries: number;
  /** Tokens that came and were dropped, for text in chunks. */
  readonly removed: number;
  /** Answers, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds of host time spent writing packets. */
  readonly serializeMs: number;
  /** Milliseconds spent waiting for the device. */
  readonly deviceMs: number;
  /** Milliseconds of host time spent taking answers. */
  readonly reassembleMs: number;
  /** Counters of the device since it was opened. */
  readonly counters: DeviceCounters;
}

/** Result of a run, and its account. */
export interface RunResult<Out> {
  /** The result. Its memory belongs to the caller. */
  readonly output: Out;
  /** Account of the run. */
  readonly report: RunReport;
}

/** How a session finds its workload and loads its program. Timeout and signal are those of the load; runs have their own. */
export interface SessionOptions extends RunOptions {
  /** Workload of the plan, if the registry does not list it. */
  readonly workload?: AnyWorkload | undefined;
  /** Whether the program is loaded by the first run, and not before. Default false. */
  readonly isLazy?: boolean | undefined;
}

/**
 * A plan on a device.
 *
 * Runs may be concurrent: packets of small inputs share exchanges, and large inputs take turns. Several sessions may
 * share a device. They take turns too, first come first served, and a session whose program was replaced loads it
 * again, which `counters()` shows as bytes of tables.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, Session, tensor } from "onpath";
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
export class Session<P extends Plan = AnyPlan> {
  /** Plan that the session runs, as it was given. */
  readonly plan: P;
  readonly #connection: Connection<InputOf<P>, OutputOf<P>, OptionsOf<P>, PartOf<P>>;
  readonly #device: Device;
  readonly #loop: PacketLoop;

  private constructor(
    plan: P,
    opened: Opened<InputOf<P>, OutputOf<P>, OptionsOf<P>, PartOf<P>>,
    device: Device,
  ) {
    this.plan = plan;
    this.#device = device;
    this.#connection = opened.connect();
    this.#loop = new PacketLoop(opened.program, this.#connection, device);
  }

  /**
   * Loads a plan's program and reserves memory for its packets.
   *
   * @param plan A plan for this device.
   * @param device An open device; it stays the caller's to close.
   * @param resources Data that the plan names but does not hold: `{ vocabulary }` for tokens, nothing for images.
   * @param options Timeout and signal of the load, and the workload where it is not listed.
   * @throws {OnpathError} `plan` if the plan is for another device or its resources are missing; `device`, `table`,
   * `timeout`.
   */
  static async open<P extends Plan>(
    plan: P,
    device: Device,
    ...[resources, options = {}]: OpenArguments<P>
  ): Promise<Session<P>> {
    const { format, version, target } = Object(plan) as Partial<Plan>;
    checkArgument("plan", plan, format === "onpath.plan" && typeof target === "object");
    checkVersion(version);
    checkArgument("device", device, typeof Object(device).exchange === "function");
    checkRunOptions(options);
    checkTarget(plan, device);
    options.signal?.throwIfAborted();
    const opened = (options.workload ?? findWorkload(plan.workload)).open(plan, resources);
    const session = new Session<P>(plan, opened, device);
    if (options.isLazy !== true) await session.#loop.load(options);
    return session;
  }

  /**
   * Runs one input.
   *
   * @param input Input of the plan: a u8 tensor of its shape in any layout and strides, or a text.
   * @param options Signal, timeout, retries, progress.
   * @returns The result and the account.
   * @throws {OnpathError} `dtype` or `shape` if the input is not the plan's; `gap` if answers stay missing; `timeout`
   * or `device` if the device fails; `size` if an option is outside its limits.
   */
  async run(
    input: InputOf<P>,
    options: RunOptions & OptionsOf<P> = {} as RunOptions & OptionsOf<P>,
  ): Promise<RunResult<OutputOf<P>>> {
    const { outputs, report } = await this.runMany([input], options);
    return { output: outputs[0]!, report };
  }

  /**
   * Runs several inputs; their packets travel together where the plan allows it.
   *
   * @param inputs The inputs.
   * @param options Signal, timeout, retries, progress of all of them.
   * @returns The results in order, and one account.
   * @throws {OnpathError} As {@linkcode Session.run}. One input that fails fails them all.
   */
  async runMany(
    inputs: readonly InputOf<P>[],
    options: RunOptions & OptionsOf<P> = {} as RunOptions & OptionsOf<P>,
  ): Promise<{ readonly outputs: OutputOf<P>[]; readonly report: RunReport }> {
    checkRunOptions(options);
    options.signal?.throwIfAborted();
    if (!Array.isArray(inputs)) {
      throw new OnpathError("dtype", `Cannot run: inputs are ${kindOf(inputs)}, expected an array`, {
        found: kindOf(inputs),
      });
    }
    const works = inputs.map((input) => this.#connection.begin(input, options));
    const flows = works.flatMap((work) => work.flows);
    const account = await this.#loop.run(flows, options);
    const unfinished = flows.filter(({ done }) => !done).length;
    if (unfinished > 0) {
      throw new OnpathError(
        "gap",
        `Cannot complete ${unfinished} of ${flows.length} flows: nothing is left to send`,
        { unfinished },
      );
    }
    return { outputs: works.map((work) => work.result()), report: this.#report(works, account) };
  }

  /**
   * Starts an input that grows, such as a prompt that is being typed.
   *
   * @param options Signal, timeout and retries of every step.
   * @returns The stream. Several may be open at once.
   * @throws {OnpathError} `pipeline` if inputs of the plan cannot grow.
   */
  stream(options: RunOptions = {}): FlowStream<InputOf<P>, PartOf<P>> {
    checkRunOptions(options);
    const { stream } = this.#connection;
    if (stream === undefined) {
      throw new OnpathError(
        "pipeline",
        `Cannot stream with plan ${this.plan.id}: an input of workload ${this.plan.workload} comes whole`,
        { plan: this.plan.id, workload: this.plan.workload },
      );
    }
    const { push, end } = stream(async (flow) => {
      await this.#loop.run([flow], options);
    });
    // Steps are taken in order, whatever the caller waits for.
    const queued = createSerial();
    return { push: (chunk) => queued(() => push(chunk)), end: () => queued(end) };
  }

  #report(works: readonly Work<unknown>[], { times, outcomes }: RunAccount): RunReport {
    const sum = { sent: 0, resent: 0, escapes: 0, hostBytes: 0, retries: 0, removed: 0 };
    for (const { counts } of works.flatMap((work) => work.flows)) {
      const found = counts as Partial<typeof sum>;
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += found[name] ?? 0;
    }
    return { ...sum, outcomes, ...times, counters: this.#device.counters() };
  }
}

/** Arguments of {@linkcode Session.open} behind the device: resources may be left out if the plan needs none. */
export type OpenArguments<P extends Plan> = ResourcesOf<P> extends void
  ? [resources?: void, options?: SessionOptions]
  : [resources: ResourcesOf<P>, options?: SessionOptions];

/** Refuses an argument that is not of its kind, before it is used. */
function checkArgument(name: string, value: unknown, isRight: boolean): void {
  if (isRight) return;
  const found = kindOf(value);
  throw new OnpathError(
    name === "plan" ? "plan" : "device",
    `Cannot open a session with a ${name} that is ${found}: expected what ${
      name === "plan" ? "compile()" : "createModelDevice(), createRtlDevice() or openXrtOffload()"
    } makes`,
    { argument: name, found },
  );
}

/** Refuses plans that an older version compiled and that never went through a file. */
function checkVersion(version: unknown): void {
  if (version === PLAN_VERSION) return;
  throw new OnpathError(
    "plan",
    `Cannot open a session with a plan of version ${
      String(version)
    }: expected ${PLAN_VERSION}, compile it again`,
    { expected: PLAN_VERSION },
  );
}

function checkTarget(plan: Plan, device: Device): void {
  if (sameProfile(plan.target, device.profile)) return;
  const other = plan.target.name === device.profile.name ? "other numbers of that device" : plan.target.name;
  throw new OnpathError(
    "plan",
    `Cannot run plan ${plan.id} on device ${device.profile.name}: it was compiled for ${other}`,
    { plan: plan.id, device: device.profile.name, expected: plan.target.name },
  );
}
