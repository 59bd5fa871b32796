/**
 * The cpu device: computes plans at once on the host, without packets.
 *
 * @module
 */

import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { CARD_PROFILES } from "../../../kernels/target/profiles.ts";
import type { Direct } from "../../../kernels/workload.ts";
import { viewElements } from "../../../serialize/dtype.ts";
import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { countElements, type Tensor, tensor } from "../../../serialize/tensor.ts";
import { DEFAULT_TIMEOUT_MS } from "../../../serialize/wait.ts";
import { requireObject } from "../../../serialize/require.ts";
import type { ComputeOptions, Device } from "../device.ts";
import { createModelDevice } from "../model.ts";
import type { ThreadBuffer } from "./messages.ts";
import { createPool, type Pool, type Task } from "./pool.ts";
import { type StartThread, threadStarter } from "./thread.ts";

/**
 * Profile of the cpu device: an Alveo U55C with the host's memory in place of its blocks. A plan's cycles are those of
 * such a card; the device itself counts none.
 *
 * @example
 * ```ts
 * import { CPU_PROFILE } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert.equal(CPU_PROFILE.backing.kind, "host");
 * ```
 */
export const CPU_PROFILE: DeviceProfile = {
  ...CARD_PROFILES.find(({ name }) => name === "u55c")!,
  name: "cpu",
  summary: "this machine: images at once, without packets; other data packet by packet by the models",
  bram: 2 ** 20,
  uram: 2 ** 20,
  usable: 1,
  backing: { kind: "host", bytes: 2 ** 40, gigabytesPerSecond: 15.75, ports: 1, latencyNs: 0 },
};

/** Maximum of {@linkcode CpuDeviceOptions.workers}. */
const MAX_WORKERS = 256;

/** Options of {@linkcode createCpuDevice}. */
export interface CpuDeviceOptions {
  /**
   * Threads that compute the images of concurrent runs and of batches, with this one: 0 to 256. With 0 or 1, the
   * default, all work runs on this thread. Others start with the first batch, and end with the device.
   */
  readonly workers?: number | undefined;
  /** Profile of its plans, so that plans for another device run on the host. Default {@linkcode CPU_PROFILE}. */
  readonly profile?: DeviceProfile | undefined;
}

/**
 * Opens a cpu device. Sessions on it compute images at once, bit for bit as the model device; `report.direct` counts
 * them. Plans without such a computation are exchanged packet by packet, as on the model device.
 *
 * @param options Number of threads, and profile.
 * @returns The device. With more than one thread, close it to end them.
 * @throws {OnpathError} `size` if the number of threads is outside its limits.
 *
 * @example
 * ```ts
 * import { compile, createCpuDevice, Session, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createCpuDevice();
 * const image = tensor(new Uint8Array(64 * 64 * 3).fill(200), { dtype: "u8", shape: [64, 64, 3], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [16, 16] }] }, { input: image, device });
 * const session = await Session.open(plan, device);
 * const { outputs, report } = await session.runMany([image, image]);
 * assert.deepEqual(outputs.map(({ data }) => data[0]), [200, 200]);
 * assert.deepEqual([report.direct, report.sent], [2, 0]);
 * ```
 */
export function createCpuDevice(options: CpuDeviceOptions = {}): Device {
  return openCpuDevice(options, threadStarter());
}

/**
 * Opens a cpu device with other threads.
 *
 * @param options As of {@linkcode createCpuDevice}.
 * @param start Function that starts a thread.
 */
export function openCpuDevice(options: CpuDeviceOptions, start: StartThread): Device {
  requireObject("open a cpu device", "the options are", options);
  const { workers = 0, profile = CPU_PROFILE } = options;
  checkInteger("number of workers", workers, 0, MAX_WORKERS);
  const packets = createModelDevice(profile);
  const pool = createPool(Math.max(0, workers - 1), start);
  const closed = new OnpathError("device", `Cannot compute inputs: device ${profile.name} is closed`);
  let isClosed = false;
  const device: Device = {
    ...packets,
    compute: (direct, inputs, options) =>
      isClosed ? Promise.reject(closed) : compute(pool, direct, inputs, options),
    counters: () => ({ ...packets.counters(), cycles: null, stalls: null }),
    close: async () => {
      isClosed = true;
      await Promise.all([packets.close(), pool.close(closed)]);
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}

/** Computes inputs by a pool. A failure, and the signal, end the whole call at once. */
function compute<In, Out, Options extends ComputeOptions>(
  pool: Pool,
  direct: Direct<In, Out, Options>,
  inputs: readonly In[],
  options: Options,
): Promise<Out[]> {
  const { signal, onProgress, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const plan = direct.threadPlan as ImagePlan | undefined;
  const total = inputs.length;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const outputs: Out[] = new Array(total);
    let done = 0;
    const end = () => {
      signal?.removeEventListener("abort", abort);
      pool.remove(tasks);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const abort = () => fail(signal!.reason);
    const take = (index: number, make: () => Out) => {
      try {
        outputs[index] = make();
        done++;
        onProgress?.({ done, total });
      } catch (error) {
        return fail(error);
      }
      if (done < total) return;
      end();
      resolve(outputs);
    };
    const tasks = inputs.map((input, index): Task => ({
      run: () => take(index, () => direct.run(input, options)),
      fail,
      remote: plan && {
        plan,
        input: input as Tensor,
        timeoutMs,
        take: (output) => take(index, () => resultOf(plan, output) as Out),
      },
    }));
    signal?.addEventListener("abort", abort, { once: true });
    if (total === 0) resolve(outputs);
    pool.add(tasks);
  });
}

/** Result of a thread as a tensor. */
function resultOf({ body: { output: { dtype, shape, layout } } }: ImagePlan, output: ThreadBuffer): Tensor {
  const { buffer } = new Uint8Array(output).slice();
  return tensor(viewElements(dtype, buffer, 0, countElements(shape)), { dtype, shape, layout });
}
