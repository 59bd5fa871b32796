/**
 * Kernels of an xclbin in network mode: arguments by XRT, tables by VNx's `krnl_mm2s`. Packets come over the network.
 *
 * @module
 */

import type { KernelImage, TableImage } from "../../../../kernels/program.ts";
import { deviceBuild, type PlanBuild } from "../../../../kernels/rtl/builds.ts";
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

/** All instances of a kernel, open. */
export interface NetworkKernels extends VnxKernel {
  /** Sets the arguments of each instance and starts it. */
  readonly start: (values: readonly number[], wait: WaitOptions) => Promise<void>;
  /** Sends the tables to each instance, by its own mover from that mover's memory. */
  readonly load: (tables: readonly TableImage[], wait: WaitOptions) => Promise<void>;
}

/** Name of the kernel in network mode of a build. */
function kernelOf(build: PlanBuild): string {
  return deviceBuild(build).device.kernel.replace(/_host$/, "");
}

/**
 * Refuses what movers of host mode alone can bring to a kernel.
 *
 * @throws {OnpathError} `device` when the plan has pages, or words in the card's memory.
 */
export function requireNetworkMode({ build, memory, pages }: KernelImage): void {
  if (pages === undefined && memory === undefined) return;
  const name = kernelOf(build);
  const what = pages === undefined ? "words in the card's memory" : "pages";
  throw new OnpathError("device", `Cannot load a plan into ${name}: ${what} need host mode`, {
    kernel: name,
  });
}

/**
 * Opens all instances of the kernel of a build.
 *
 * @throws {OnpathError} `device` when the xclbin lacks the kernel, or XRT fails.
 */
export function openNetworkKernels(device: NetworkDevice, build: PlanBuild): NetworkKernels {
  const name = kernelOf(build);
  const instances = device.xclbin.kernels.find((kernel) => kernel.name === name)?.instances ?? [];
  if (instances.length === 0) {
    const known = device.xclbin.kernels.map((kernel) => kernel.name);
    throw new OnpathError(
      "device",
      `Cannot load a plan: it needs kernel ${name}, the card's xclbin has ${known.join(", ") || "none"}`,
      { kernel: name, known },
    );
  }
  const kernels: XrtKernel[] = [];
  const close = () => {
    for (const each of kernels.splice(0).reverse()) each.close();
  };
  // An xclbin may list instances in any order.
  const moverOf = (instance: string) =>
    instances.length === 1 ? MOVER.instance : instance.replace(name, MOVER.instance);
  try {
    for (const instance of instances) {
      kernels.push(device.kernel(`${name}:{${instance.name}}`, { exclusive: true }));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    instances: instances.map((instance) => instance.name),
    read: (counter) =>
      kernels.reduce((sum, kernel) => (sum + kernel.readRegister(counterAddress(counter))) >>> 0, 0),
    start: async (values, wait) => {
      for (const kernel of kernels) {
        using run = kernel.run();
        values.forEach((value, index) => run.set(index, value));
        await run.start(wait);
        await run.wait(wait);
      }
    },
    load: async (tables, wait) => {
      const bytes = tableStream(tables);
      if (bytes.length === 0) return;
      for (const instance of instances) {
        using mover = device.kernel(`${MOVER.kernel}:{${moverOf(instance.name)}}`, { exclusive: true });
        const group = mover.group(MOVER.buffer);
        using buffer = await device.allocate({ ...wait, bytes: bytes.length, group });
        buffer.map().set(bytes);
        await buffer.sync("toDevice", bytes.length, 0, wait);
        using move = mover.run();
        move.set(MOVER.buffer, buffer);
        move.set("size", bytes.length);
        move.set("dest", 0);
        await move.start(wait);
        await move.wait(wait);
      }
    },
    close,
  };
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
  requireNetworkMode(image);
  const kernels = openNetworkKernels(device, image.build);
  try {
    await kernels.start(image.values, options);
    await kernels.load(image.tables, options);
  } catch (error) {
    kernels.close();
    throw error;
  }
  const { instances, read, close } = kernels;
  return { instances, read, close };
}
