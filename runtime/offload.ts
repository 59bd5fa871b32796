/**
 * One input through a plan, without a session to keep.
 *
 * @module
 */

import type { Plan } from "../kernels/plan/plan.ts";
import type { Device } from "./device/device.ts";
import type { InputOf, OptionsOf, OutputOf, ResourcesOf } from "./plan_types.ts";
import { checkRunOptions, type RunOptions } from "./run_options.ts";
import type { RunResult } from "./run_report.ts";
import { Session, type SessionOptions } from "./session.ts";

/** Options of {@linkcode offload}. */
export type OffloadOptions<P extends Plan> = RunOptions & OptionsOf<P> & {
  /** Data that the plan names but does not hold, as for {@linkcode Session.open}. */
  readonly resources?: ResourcesOf<P> | undefined;
  /** As for {@linkcode Session.open}. Every call tries the device. */
  readonly fallback?: SessionOptions["fallback"];
};

/**
 * Opens a session and runs one input. Serving code that runs many inputs keeps a {@linkcode Session}.
 *
 * @param plan A plan for the device.
 * @param input Input of the plan. It is read while the run lasts, and must not be changed before its end.
 * @param device An open device. The caller closes it.
 * @param options Signal, timeout, retries, progress, and `resources` and `fallback` as for {@linkcode Session.open}.
 * @returns The result and its report.
 * @throws {OnpathError} As {@linkcode Session.open} and {@linkcode Session.run}.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, offload, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const image = tensor(Uint8Array.of(0, 100, 200, 100), { dtype: "u8", shape: [2, 2, 1], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [1, 1] }] }, { input: image, device });
 * const { output } = await offload(plan, image, device);
 * assert.deepEqual([...output.data], [100]);
 * ```
 */
export async function offload<P extends Plan>(
  plan: P,
  input: InputOf<P>,
  device: Device,
  options: OffloadOptions<P> = {} as OffloadOptions<P>,
): Promise<RunResult<OutputOf<P>>> {
  checkRunOptions(options);
  const { resources, ...wait } = options as RunOptions & { resources?: unknown };
  const open = Session.open as (...args: unknown[]) => Promise<Session<P>>;
  // The first run loads the program, so an invalid input costs no load.
  const session = await open(plan, device, resources, { ...wait, isLazy: true });
  return await session.run(input, options);
}
