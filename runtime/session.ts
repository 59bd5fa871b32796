/**
 * A session: a plan on a device, with the memory for its packets.
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

/** Report of a run. Times are measured in this process and do not describe a card. */
export interface RunReport {
  /** Requests sent, including repeated ones. */
  readonly sent: number;
  /** Requests sent again, and requests of abandoned flows. */
  readonly resent: number;
  /** Escapes: flows that the device gave up, for text. */
  readonly escapes: number;
  /** Bytes of input that the host processed because the device could not, for text. */
  readonly hostBytes: number;
  /** Stretches tokenized again because their chunks shared no boundary, for text in chunks. */
  readonly retries: number;
  /** Tokens received and dropped, for text in chunks. */
  readonly removed: number;
  /** Answers, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds of host time spent writing packets. */
  readonly serializeMs: number;
  /** Milliseconds spent waiting for the device. */
  readonly deviceMs: number;
  /** Milliseconds of host time spent processing answers. */
  readonly reassembleMs: number;
  /** Counters of the device since it was opened. */
  readonly counters: DeviceCounters;
}

/** Result and report of a run. */
export interface RunResult<Out> {
  /** Result of the plan. The caller owns its memory. */
  readonly output: Out;
  /** Counts and times of the run. */
  readonly report: RunReport;
}

/** Options of {@linkcode Session.open}. Timeout and signal apply to the load; each run has its own. */
export interface SessionOptions extends RunOptions {
  /** Custom workload of the plan, if the registry does not list it. */
  readonly workload?: AnyWorkload | undefined;
  /** Whether the first run loads the program. Otherwise `open` loads it. Default false. */
  readonly isLazy?: boolean | undefined;
}

/**
 * A plan on a device.
 *
 * Runs may be concurrent: packets of small inputs share exchanges, and packets of large inputs alternate. Several
 * sessions may share a device. They take turns in order of request. A session whose program was replaced loads it
 * again, which raises `tableBytes` of the device's counters.
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
  /** Plan passed to {@linkcode Session.open}. */
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
   * @param device An open device. The caller closes it.
   * @param resources Data that the plan names but does not hold: `{ vocabulary }` for tokens, nothing for images.
   * @param options Timeout and signal of the load, and a custom workload.
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
   * @returns The result and its report.
   * @throws {OnpathError} `dtype` or `shape` if the input does not match the plan; `gap` if answers stay missing; `timeout`
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
   * Runs several inputs. Their packets share exchanges where the plan allows it.
   *
   * @param inputs Inputs of the plan.
   * @param options Signal, timeout, retries and progress, for all inputs together.
   * @returns The results in input order, and one report.
   * @throws {OnpathError} As {@linkcode Session.run}. One failing input fails the whole call.
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
   * Starts an input that grows, such as a prompt during typing.
   *
   * @param options Signal, timeout and retries of every `push` and `end`.
   * @returns The stream. Several streams may be open at once.
   * @throws {OnpathError} `pipeline` if inputs of the plan cannot grow.
   */
  stream(options: RunOptions = {}): FlowStream<InputOf<P>, PartOf<P>> {
    checkRunOptions(options);
    const { stream } = this.#connection;
    if (stream === undefined) {
      throw new OnpathError(
        "pipeline",
        `Cannot stream with plan ${this.plan.id}: an input of workload ${this.plan.workload} cannot grow`,
        { plan: this.plan.id, workload: this.plan.workload },
      );
    }
    const { push, end } = stream(async (flow) => {
      await this.#loop.run([flow], options);
    });
    // Queued, so that calls run in order even if the caller does not await them.
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

/** Arguments of {@linkcode Session.open} after the device. Resources are optional if the plan needs none. */
export type OpenArguments<P extends Plan> = ResourcesOf<P> extends void
  ? [resources?: void, options?: SessionOptions]
  : [resources: ResourcesOf<P>, options?: SessionOptions];

/** Refuses an argument of the wrong kind before its first use. */
function checkArgument(name: string, value: unknown, isRight: boolean): void {
  if (isRight) return;
  const found = kindOf(value);
  throw new OnpathError(
    name === "plan" ? "plan" : "device",
    `Cannot open a session with a ${name} that is ${found}: expected a ${name} from ${
      name === "plan" ? "compile()" : "createModelDevice(), createRtlDevice() or openXrtOffload()"
    }`,
    { argument: name, found },
  );
}

/** Refuses plans of another version. Plans from files are checked earlier, when they are decoded. */
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
  const other = plan.target.name === device.profile.name
    ? "another profile of that device"
    : plan.target.name;
  throw new OnpathError(
    "plan",
    `Cannot run plan ${plan.id} on device ${device.profile.name}: it was compiled for ${other}`,
    { plan: plan.id, device: device.profile.name, expected: plan.target.name },
  );
}
