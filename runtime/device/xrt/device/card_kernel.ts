/**
 * RTL kernel on a card with its two movers: arguments, counters and instance names.
 *
 * @module
 */

import { deviceBuild, type PlanBuild } from "../../../../kernels/rtl/builds.ts";
import { counterAddress } from "../../../../kernels/rtl/registers.ts";
import { MOVER, moverInstances, moversOf, WORDS_ERRORS } from "../../../../kernels/rtl/movers.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { XrtBuffer } from "../binding/buffer.ts";
import type { XrtDevice } from "../binding/device.ts";
import type { XrtKernel } from "../binding/kernel.ts";
import type { XrtRun } from "../binding/run.ts";

/** Kernel argument with the address of the external memory's contents. */
const WORDS = "words";

/** A kernel and its movers, opened exclusively. */
export interface CardKernel {
  /** Mover of the kernel's packets. */
  readonly packets: XrtKernel;
  /** Mover of the kernel's tables. */
  readonly tables: XrtKernel;
  /** Whether that mover reads ahead, and sends eight entries of a page in a word. */
  readonly readsAhead: boolean;
  /**
   * Sets the arguments and starts the kernel. Resolves when the kernel has read them.
   *
   * @param values Scalar arguments, in register order.
   * @param options Timeout and abort signal.
   * @param words Contents of the external memory. The caller keeps the buffer open while its plan is loaded.
   */
  readonly start: (values: readonly number[], options: WaitOptions, words?: XrtBuffer) => Promise<void>;
  /** Memory group of the buffer with the external memory's contents. */
  readonly group: () => number;
  /**
   * Refuses answers for which the card's memory refused words that the kernel itself has read since the last call.
   *
   * @throws {OnpathError} `device` when there are any.
   */
  readonly checkMemory: () => void;
  /** Reads a 32-bit counter by its index. */
  readonly read: (counter: number) => number;
  /** Closes the kernel and its movers. */
  readonly close: () => void;
}

/**
 * Opens a kernel and its movers.
 *
 * @param device Device with a loaded xclbin.
 * @param build Build of the RTL that names the kernel.
 * @param index Index of the instance among those of the kernel.
 * @throws {OnpathError} `device` when the xclbin lacks the kernel, the instance or its movers, or XRT fails.
 */
export function openCardKernel(device: XrtDevice, build: PlanBuild, index: number): CardKernel {
  const name = deviceBuild(build).device.kernel;
  const known = device.xclbin.kernels.map((kernel) => kernel.name);
  const instances = device.xclbin.kernels.find((kernel) => kernel.name === name)?.instances ?? [];
  const instance = instances[index]?.name;
  if (instance === undefined && instances.length > 0) {
    throw new OnpathError(
      "device",
      `Cannot load a plan: it needs instance ${index} of ${name}, the card's xclbin has ${instances.length}`,
      { kernel: name, instance: index, instances: instances.length },
    );
  }
  if (instance === undefined) {
    throw new OnpathError(
      "device",
      `Cannot load a plan: it needs kernel ${name}, the card's xclbin has ${known.join(", ") || "none"}`,
      { kernel: name, known },
    );
  }
  const movers = moverInstances(instance);
  const kinds = moversOf(name);
  const opened: XrtKernel[] = [];
  const open = (name: string) => {
    const kernel = device.kernel(name, { exclusive: true });
    opened.push(kernel);
    return kernel;
  };
  const close = () => {
    for (const each of opened.reverse()) each.close();
  };
  try {
    const kernel = open(`${name}:{${instance}}`);
    const packets = open(`${kinds.packets}:{${movers.packets}}`);
    const tables = open(`${kinds.tables}:{${movers.tables}}`);
    return {
      ...handle(kernel, kernel.run()),
      packets,
      tables,
      readsAhead: kinds.tables === MOVER.pages,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function handle(
  kernel: XrtKernel,
  run: XrtRun,
): Omit<CardKernel, "packets" | "tables" | "readsAhead" | "close"> {
  const readsMemory = kernel.metadata.arguments.some(({ name }) => name === WORDS);
  const errors = () => readsMemory ? kernel.readRegister(WORDS_ERRORS) : 0;
  // The register counts from reset, which may be another program's.
  let known = errors();
  return {
    checkMemory: () => {
      const now = errors();
      const failed = (now - known) >>> 0;
      known = now;
      if (failed === 0) return;
      throw new OnpathError(
        "device",
        `Cannot use the kernel's answers: the card's memory refused ${failed} words that ${kernel.metadata.name} read`,
        { failed, kernel: kernel.metadata.name },
      );
    },
    group: () => kernel.group(WORDS),
    read: (counter) => kernel.readRegister(counterAddress(counter)),
    start: async (values, options, words) => {
      if (run.running) await run.wait(options);
      values.forEach((value, index) => run.set(index, value));
      if (words !== undefined) run.set(WORDS, words);
      await run.start(options);
      await run.wait(options);
    },
  };
}
