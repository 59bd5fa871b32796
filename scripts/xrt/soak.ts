/**
 * Soak test: runs one input repeatedly through a device that may fail. Every fault must end in an error or in a
 * successful retry. No output may be wrong, and no resource may leak.
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

/** Device, plan, input and run count of a soak test. */
export interface SoakOptions {
  /** Opens a device. Called again after each failure, because the state of a failed device is unknown. */
  readonly open: () => Promise<Device>;
  /** Plan for the device. */
  readonly plan: ImagePlan;
  /** Input of every run. */
  readonly input: Tensor;
  /** Number of runs. */
  readonly runs: number;
  /** Timeout of each wait for the device, in milliseconds. */
  readonly timeoutMs: number;
  /** Maximum attempts per run, each on a new device after a failure. Default 3. */
  readonly tries?: number | undefined;
  /** Signal that ends the test with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the number of completed runs after each run. */
  readonly onRun?: ((done: number) => void) | undefined;
}

/** Result of a soak test. */
export interface SoakReport {
  /** Number of runs with an output. */
  readonly succeeded: number;
  /** Number of runs without an output after all attempts. */
  readonly failed: number;
  /** Number of runs that succeeded after a failed attempt. */
  readonly retried: number;
  /** Number of errors, by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Number of outputs that differ from the model's. */
  readonly wrong: number;
  /** Number of opened devices. */
  readonly devices: number;
  /** Maximum duration of one attempt, in milliseconds. */
  readonly longestMs: number;
  /** Growth of the process's resident memory during the second half of the runs, in bytes. */
  readonly growth: number;
}

/**
 * Runs a soak test.
 *
 * @param options Device, plan, input and run count.
 * @returns Counts of successes, failures and errors.
 * @throws {OnpathError} Errors other than `device`, `timeout` and `gap`, such as a plan for another device. An
 * abort throws the signal's reason.
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

/** Computes the expected output with the model, in the profile of the plan's device. */
async function modelOutput(plan: ImagePlan, input: Tensor): Promise<Uint8Array> {
  await using model = createModelDevice(plan.target);
  return toBytes((await offload(plan, input, model)).output);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
