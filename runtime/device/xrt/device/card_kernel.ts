/**
 * A kernel of the card interface with its movers: arguments, counters, and the names by which they are found.
 *
 * @module
 */

import { deviceBuild, type PlanBuild } from "../../../../kernels/rtl/builds.ts";
import { counterAddress } from "../../../../kernels/rtl/registers.ts";
import { MOVER, moverInstances } from "../../../../kernels/rtl/movers.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { XrtBuffer } from "../binding/buffer.ts";
import type { XrtDevice } from "../binding/device.ts";
import type { XrtKernel } from "../binding/kernel.ts";
import type { XrtRun } from "../binding/run.ts";

/** The argument for what external memory holds. */
const WORDS = "words";

/** A kernel and its movers, open for this process alone. */
export interface CardKernel {
  /** The mover of its packets. */
  readonly packets: XrtKernel;
  /** The mover of its tables. */
  readonly tables: XrtKernel;
  /**
   * Sets the arguments in their order, behind them what its external memory holds, and waits until the kernel has
   * taken them.
   */
  readonly start: (values: readonly number[], options: WaitOptions, words?: XrtBuffer) => Promise<void>;
  /** The memory group of what its external memory holds. */
  readonly group: () => number;
  /** Reads a counter of 32 bits by its place. */
  readonly read: (place: number) => number;
  /** Closes it and its movers. */
  readonly close: () => void;
}

/**
 * Opens a kernel and its movers.
 *
 * @param device A device with an xclbin.
 * @param build The build of the RTL that the kernel must be.
 * @throws {OnpathError} `device` when the xclbin lacks the kernel or its movers, or XRT refuses.
 */
export function openCardKernel(device: XrtDevice, build: PlanBuild): CardKernel {
  const name = deviceBuild(build).device.kernel;
  const known = device.xclbin.kernels.map((kernel) => kernel.name);
  const instance = device.xclbin.kernels.find((kernel) => kernel.name === name)?.instances[0]?.name;
  if (instance === undefined) {
    throw new OnpathError(
      "device",
      `Cannot load a plan: it wants kernel ${name}, the card's xclbin has ${known.join(", ") || "none"}`,
      { kernel: name, known },
    );
  }
  const movers = moverInstances(instance);
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
    const packets = open(`${MOVER.packets}:{${movers.packets}}`);
    const tables = open(`${MOVER.tables}:{${movers.tables}}`);
    return { ...handle(kernel, kernel.run()), packets, tables, close };
  } catch (error) {
    close();
    throw error;
  }
}

function handle(kernel: XrtKernel, run: XrtRun): Omit<CardKernel, "packets" | "tables" | "close"> {
  return {
    group: () => kernel.group(WORDS),
    read: (place) => kernel.readRegister(counterAddress(place)),
    start: async (values, options, words) => {
      if (run.running) await run.wait(options);
      values.forEach((value, place) => run.set(place, value));
      if (words !== undefined) run.set(WORDS, words);
      await run.start(options);
      await run.wait(options);
    },
  };
}
