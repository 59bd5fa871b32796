/**
 * Loads a plan into the kernels of an xclbin in network mode: arguments by XRT, tables by VNx's `krnl_mm2s`. Packets come
 * over the network, so no device is made of it.
 *
 * @module
 */

import type { KernelImage } from "../../../../kernels/program.ts";
import { deviceBuild } from "../../../../kernels/rtl/builds.ts";
import { counterAddress } from "../../../../kernels/rtl/registers.ts";
import { tableStream } from "../../../../kernels/rtl/table_stream.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import { requireObject } from "../../../../serialize/require.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { XrtDevice } from "../binding/device.ts";
import type { XrtKernel } from "../binding/kernel.ts";

/** VNx's mover from memory to a stream, and the instance that the link files name: with several, numbered as theirs. */
const MOVER = { kernel: "krnl_mm2s", instance: "mover_table", buffer: "in" } as const;

/** What of a device is used. */
export type NetworkDevice = Pick<XrtDevice, "xclbin" | "kernel" | "allocate">;

/** Kernels with a plan, and their counters. */
export interface VnxKernel {
  /** Names of the instances. */
  readonly instances: readonly string[];
  /** Reads a counter by its index in `COUNTER`, summed over all instances modulo 2^32. */
  readonly read: (counter: number) => number;
  /** Closes the kernels, which then still answer packets by the plan. */
  readonly close: () => void;
}

/**
 * Loads a plan into each instance of its kernel.
 *
 * @param device Device with an xclbin in network mode.
 * @param image `program.image()` of the plan.
 * @param options Timeout of each step, and abort signal.
 * @throws {OnpathError} `device` when the xclbin lacks the kernel or a mover, the plan needs host mode, or XRT fails;
 * `timeout`.
 *
 * @example
 * ```ts
 * import { compile, tensor } from "onpath";
 * import { findWorkload } from "onpath/kernels";
 * import { loadVnxKernel, type NetworkDevice, XRT_PROFILE } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * const input = tensor(new Uint8Array(75), { dtype: "u8", shape: [5, 5, 3], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [3, 3] }] }, { input, device: XRT_PROFILE });
 * const image = findWorkload("image").open(plan, undefined).program.image();
 * const other = { xclbin: { kernels: [] } } as unknown as NetworkDevice; // a card without the kernel
 * await assert.rejects(loadVnxKernel(other, image), /it needs kernel onpath_image, the card's xclbin has none/);
 * ```
 */
export async function loadVnxKernel(
  device: NetworkDevice,
  image: KernelImage,
  options: WaitOptions = {},
): Promise<VnxKernel> {
  requireObject("load a plan", "the device is", device, "device");
  requireObject("load a plan", "the kernel image is", image, "device");
  const name = deviceBuild(image.build).device.kernel.replace(/_host$/, "");
  if (image.pages !== undefined || image.memory !== undefined) {
    const what = image.pages === undefined ? "words in the card's memory" : "pages";
    throw new OnpathError("device", `Cannot load a plan into ${name}: ${what} need host mode`, {
      kernel: name,
    });
  }
  const instances = device.xclbin.kernels.find((kernel) => kernel.name === name)?.instances ?? [];
  if (instances.length === 0) {
    const known = device.xclbin.kernels.map((kernel) => kernel.name);
    throw new OnpathError(
      "device",
      `Cannot load a plan: it needs kernel ${name}, the card's xclbin has ${known.join(", ") || "none"}`,
      { kernel: name, known },
    );
  }
  const tables = tableStream(image.tables);
  const opened: XrtKernel[] = [];
  const open = (name: string) => {
    const kernel = device.kernel(name, { exclusive: true });
    opened.push(kernel);
    return kernel;
  };
  const close = () => {
    for (const each of opened.splice(0).reverse()) each.close();
  };
  try {
    const kernels: XrtKernel[] = [];
    for (const instance of instances) {
      const kernel = open(`${name}:{${instance.name}}`);
      kernels.push(kernel);
      using run = kernel.run();
      image.values.forEach((value, index) => run.set(index, value));
      await run.start(options);
      await run.wait(options);
      if (tables.length === 0) continue;
      // An xclbin may list instances in any order, and tables before a start would be lost.
      const own = instances.length === 1 ? MOVER.instance : instance.name.replace(name, MOVER.instance);
      const mover = open(`${MOVER.kernel}:{${own}}`);
      const group = mover.group(MOVER.buffer);
      using buffer = await device.allocate({ ...options, bytes: tables.length, group });
      buffer.map().set(tables);
      await buffer.sync("toDevice", tables.length, 0, options);
      using move = mover.run();
      move.set(MOVER.buffer, buffer);
      move.set("size", tables.length);
      move.set("dest", 0);
      await move.start(options);
      await move.wait(options);
    }
    return {
      instances: instances.map((instance) => instance.name),
      read: (counter) =>
        kernels.reduce((sum, kernel) => (sum + kernel.readRegister(counterAddress(counter))) >>> 0, 0),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
