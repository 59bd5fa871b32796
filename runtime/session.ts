/**
 * A session: a plan on a device, with the memory for its packets.
 *
 * @module
 */

import { type AnyPlan, type AnyWorkload, findWorkload } from "../kernels/registry.ts";
import type { Plan } from "../kernels/plan/plan.ts";
import type { Direct, FlowStream, Opened } from "../kernels/workload.ts";
import { kindOf, OnpathError } from "../serialize/errors.ts";
import { createCpuDevice } from "./device/cpu/device.ts";
import type { Device } from "./device/device.ts";
import { checkFallback, createFallback, type Fallback } from "./fallback.ts";
import { createPacketPath, type PacketPath } from "./packet_path.ts";
import type { InputOf, OptionsOf, OutputOf, PartOf, ResourcesOf } from "./plan_types.ts";
import { checkRunOptions, type RunOptions } from "./run_options.ts";
import { directReport, type RunReport, type RunResult } from "./run_report.ts";
import { checkArgument, checkTarget, checkVersion } from "./session_checks.ts";

/** Options of {@linkcode Session.open}. Timeout and signal apply to the load; each run has its own. */
export interface SessionOptions extends RunOptions {
  /** Custom workload of the plan, if the registry does not list it. */
  readonly workload?: AnyWorkload | undefined;
  /** Whether the first run loads the program. Otherwise `open` loads it. Default false. */
  readonly isLazy?: boolean | undefined;
  /**
   * Runs inputs on this machine if the device is lost, late, full or does not answer (`device`, `timeout`, `table`,
   * `gap`), with the same results; `report.fallbackReason` has the reason. After a loss, runs stay on the host for 1 s,
   * and for twice as long after every further one, up to 60 s. Then one run tries the device again. Streams do not
   * fall back. Default: the error is thrown.
   */
  readonly fallback?: "cpu" | undefined;
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
  readonly #opened: Opened<InputOf<P>, OutputOf<P>, OptionsOf<P>, PartOf<P>>;
  readonly #device: Device;
  readonly #fallback: Fallback<Session<P>> | undefined;
  #direct: Direct<InputOf<P>, OutputOf<P>, OptionsOf<P>> | null | undefined;
  #packets: PacketPath<InputOf<P>, OutputOf<P>, OptionsOf<P>, PartOf<P>> | undefined;

  private constructor(
    plan: P,
    opened: Opened<InputOf<P>, OutputOf<P>, OptionsOf<P>, PartOf<P>>,
    device: Device,
    fallback: Fallback<Session<P>> | undefined,
  ) {
    this.plan = plan;
    this.#opened = opened;
    this.#device = device;
    this.#fallback = fallback;
  }

  /**
   * Loads a plan's program and reserves memory for its packets, or prepares its computation on a cpu device.
   *
   * @param plan A plan for this device.
   * @param device An open device. The caller closes it.
   * @param resources Data that the plan names but does not hold: `{ vocabulary }` for tokens, nothing for images.
   * @param options Timeout and signal of the load, a custom workload, and a fallback.
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
    checkFallback(options.fallback);
    checkTarget(plan, device);
    options.signal?.throwIfAborted();
    const { workload, isLazy } = options;
    const opened = (workload ?? findWorkload(plan.workload)).open(plan, resources);
    const openHost = async () => {
      const open = Session.open as unknown as (...args: unknown[]) => Promise<Session<P>>;
      return await open(plan, createCpuDevice({ profile: plan.target }), resources, {
        workload,
        isLazy: true,
      });
    };
    const fallback = options.fallback === undefined ? undefined : createFallback(openHost);
    const session = new Session<P>(plan, opened, device, fallback);
    if (isLazy === true) return session;
    const load = () => session.#load(options);
    await (fallback === undefined ? load() : fallback.run(load, () => Promise.resolve()));
    return session;
  }

  /**
   * Runs one input.
   *
   * @param input Input of the plan: a u8 tensor of its shape in any layout and strides, or a text. It is read while
   * the run lasts, and must not be changed or transferred before its end.
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
   * @param inputs Inputs of the plan, as in {@linkcode Session.run}.
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
    const run = this.#begin(inputs, options);
    if (this.#fallback === undefined) return await run();
    return await this.#fallback.run(run, async (host, fallbackReason) => {
      const { outputs, report } = await host.runMany(inputs, options);
      return { outputs, report: { ...report, fallbackReason } };
    });
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
    const { stream } = this.#path();
    if (stream === undefined) {
      throw new OnpathError(
        "pipeline",
        `Cannot stream with plan ${this.plan.id}: an input of workload ${this.plan.workload} cannot grow`,
        { plan: this.plan.id, workload: this.plan.workload },
      );
    }
    return stream(options);
  }

  /** Checks inputs, and returns the function that runs them on the device. */
  #begin(
    inputs: readonly InputOf<P>[],
    options: RunOptions & OptionsOf<P>,
  ): () => Promise<{ outputs: OutputOf<P>[]; report: RunReport }> {
    const direct = this.#prepare();
    if (direct === null) {
      const path = this.#path();
      const run = path.begin(inputs, options);
      return () => this.#watch(path, run);
    }
    for (const input of inputs) direct.check(input, options);
    return async () => {
      const start = performance.now();
      const outputs = await this.#device.compute!(direct, inputs, options);
      const report = directReport(inputs.length, performance.now() - start, this.#device.counters());
      return { outputs, report };
    };
  }

  async #load(options: RunOptions): Promise<void> {
    if (this.#prepare() !== null) return;
    const path = this.#path();
    await this.#watch(path, () => path.load(options));
  }

  /** The computation on the host, or null if inputs travel in packets. */
  #prepare(): Direct<InputOf<P>, OutputOf<P>, OptionsOf<P>> | null {
    if (this.#direct !== undefined) return this.#direct;
    return this.#direct = (this.#device.compute && this.#opened.direct?.()) ?? null;
  }

  #path(): PacketPath<InputOf<P>, OutputOf<P>, OptionsOf<P>, PartOf<P>> {
    return this.#packets ??= createPacketPath(this.#opened, this.#device);
  }

  /** After a timeout the device may still write to packet memory. With a fallback, the next try gets new memory. */
  async #watch<T>(path: object, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const isLate = error instanceof OnpathError && error.code === "timeout";
      if (isLate && this.#fallback !== undefined && this.#packets === path) this.#packets = undefined;
      throw error;
    }
  }
}

/** Arguments of {@linkcode Session.open} after the device. Resources are optional if the plan needs none. */
export type OpenArguments<P extends Plan> = ResourcesOf<P> extends void
  ? [resources?: void, options?: SessionOptions]
  : [resources: ResourcesOf<P>, options?: SessionOptions];
