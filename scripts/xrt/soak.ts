/**
 * A soak: the same input again and again through a device that may fail. Every fault must end in an error
 * or in a retry that succeeds; no byte may be wrong, and nothing may stay behind.
 *
 * @module
 */

import process from "node:process";
import { createModelDevice } from "../../runtime/device/model.ts";
import type { Device } from "../../runtime/device/device.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { type Tensor, toBytes } from "../../serialize/tensor.ts";

/** What is soaked, and for how long. */
export interface SoakOptions {
  /** Opens a device; again after every failure, since a device that failed is not trusted. */
  readonly open: () => Promise<Device>;
  /** A plan for that device. */
  readonly plan: ImagePlan;
  /** The input of every run. */
  readonly input: Tensor;
  /** How many runs. */
  readonly runs: number;
  /** Longest wait for one answer of the device, in milliseconds. */
  readonly timeoutMs: number;
  /** How often a run is tried on a new device before it counts as failed. Default 3. */
  readonly tries?: number | undefined;
  /** Ends the soak with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every run. */
  readonly onRun?: ((done: number) => void) | undefined;
}

/** How a soak went. */
export interface SoakReport {
  /** Runs that gave an output. */
  readonly succeeded: number;
  /** Runs that gave none, after all tries. */
  readonly failed: number;
  /** Runs that succeeded on a later try. */
  readonly retried: number;
  /** Errors by their code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Outputs that differ from the model's. */
  readonly wrong: number;
  /** Devices that were opened. */
  readonly devices: number;
  /** Longest time of one try, in milliseconds. */
  readonly longestMs: number;
  /** Bytes that the process has grown by in the second half of the runs. */
  readonly growth: number;
}

/**
 * Runs a soak.
 *
 * @param options What and how long.
 * @returns How it went.
 * @throws What is no failure of a device, such as a plan for another one; or the signal's reason.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { plan, input, runs, timeoutMs, tries = 3, signal, onRun } = options;
  const expected = await modelOutput(plan, input);
  const errors: Record<string, number> = {};
  let [succeeded, failed, retried, wrong, devices, longestMs] = [0, 0, 0, 0, 0, 0];
  let settled: number | undefined;
  let open: { readonly device: Device; readonly session: Session<ImagePlan> } | undefined;
  const close = async () => {
    const device = open?.device;
    open = undefined;
    await device?.close();
  };
  try {
    for (let run = 0; run < runs; run++) {
      let output: Tensor | undefined;
      let attempt = 0;
      for (; output === undefined && attempt < tries; attempt++) {
        signal?.throwIfAborted();
        const start = performance.now();
        try {
          if (open === undefined) {
            const device = await options.open();
            devices++;
            try {
              open = { device, session: await Session.open(plan, device, undefined, { timeoutMs, signal }) };
            } catch (error) {
              await device.close();
              throw error;
            }
          }
          ({ output } = await open.session.run(input, { timeoutMs, signal }));
        } catch (error) {
          await close();
          if (!(error instanceof OnpathError) || !["device", "timeout", "gap"].includes(error.code)) {
            throw error;
          }
          errors[error.code] = (errors[error.code] ?? 0) + 1;
        }
        longestMs = Math.max(longestMs, performance.now() - start);
      }
      if (output === undefined) failed++;
      else {
        succeeded++;
        if (attempt > 1) retried++;
        if (!equal(toBytes(output), expected)) wrong++;
      }
      if (run === Math.floor(runs / 2)) settled = process.memoryUsage().rss;
      onRun?.(run + 1);
    }
  } finally {
    await close();
  }
  const growth = process.memoryUsage().rss - (settled ?? process.memoryUsage().rss);
  return { succeeded, failed, retried, errors, wrong, devices, longestMs, growth };
}

/** What the model makes of the input, with the numbers of the plan's device. */
async function modelOutput(plan: ImagePlan, input: Tensor): Promise<Uint8Array> {
  await using model = createModelDevice(plan.target);
  return toBytes((await offload(plan, input, model)).output);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
