/**
 * A kernel of the card interface with its movers: arguments, counters, and the names by which they are found.
 *
 * @module
 */

import { CARD_KERNEL } from "../../rtl/build.ts";
import { COUNTER, counterAddress, DROP_REASONS } from "../../../../kernels/rtl/registers.ts";
import { MOVER, moverInstances } from "../../../../kernels/rtl/movers.ts";
import type { RtlProgram } from "../../../../kernels/image/rtl/program.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { XrtBuffer } from "../binding/buffer.ts";
import type { XrtDevice } from "../binding/device.ts";
import type { XrtKernel } from "../binding/kernel.ts";
import type { XrtRun } from "../binding/run.ts";

/** A build of the RTL on a card. */
export type CardBuild = RtlProgram["build"] | "tokenize";

/** What a kernel has counted since it was opened here. */
export interface KernelCounts {
  /** Cycles with a packet inside, and those of loading tables. */
  readonly cycles: number;
  /** Cycles in which a packet waited for a table. */
  readonly stalls: number;
  /** Pages that were taken into use. */
  readonly swaps: number;
  /** Packets dropped, by the number of the check. */
  readonly drops: readonly number[];
}

/** The argument for what external memory holds. */
const WORDS = "words";

/** The counters of 32 bits that are read; those of drops stand behind, one a reason. */
const READ = ["cycles", "cyclesUpper", "words", "stalls", "swaps", "packets"] as const;

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
  /** What a counter of its own has gained since it was opened here, by its place among counters. */
  readonly read: (place: number) => number;
  /** Packets that are inside now. */
  readonly present: () => number;
  /** Packets that have left since it was opened here. */
  readonly left: () => number;
  /** Reads the counters; those of drops only where some may have changed. */
  readonly counts: (drops: boolean) => KernelCounts;
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
export function openCardKernel(device: XrtDevice, build: CardBuild): CardKernel {
  const name = CARD_KERNEL[build];
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
  const read = (place: number) => kernel.readRegister(counterAddress(place));
  const readAll = () => READ.map((name) => read(COUNTER[name]));
  const readDrops = () => DROP_REASONS.map((_, reason) => read(COUNTER.drops + reason));
  // A card counts from its reset on, whoever had it before.
  const before = { counts: readAll(), drops: readDrops() };
  let drops = before.drops;
  const own = new Map<number, number>();
  /** What a counter of 32 bits has gained, once around at most. */
  const gained = (now: number, then: number) => (now - then) >>> 0;
  return {
    group: () => kernel.group(WORDS),
    read: (place) => {
      const now = read(place);
      const then = own.get(place) ?? now;
      own.set(place, then);
      return gained(now, then);
    },
    start: async (values, options, words) => {
      if (run.running) await run.wait(options);
      values.forEach((value, place) => run.set(place, value));
      if (words !== undefined) run.set(WORDS, words);
      await run.start(options);
      await run.wait(options);
    },
    present: () => read(COUNTER.present),
    left: () => gained(read(COUNTER.packets), before.counts[READ.indexOf("packets")]!),
    counts: (withDrops) => {
      const now = readAll();
      const of = (name: (typeof READ)[number]) => now[READ.indexOf(name)]!;
      const was = (name: (typeof READ)[number]) => before.counts[READ.indexOf(name)]!;
      if (withDrops) drops = readDrops();
      return {
        cycles: of("cycles") - was("cycles") + 2 ** 32 * (of("cyclesUpper") - was("cyclesUpper")) +
          gained(of("words"), was("words")),
        stalls: gained(of("stalls"), was("stalls")),
        swaps: gained(of("swaps"), was("swaps")),
        drops: drops.map((count, reason) => gained(count, before.drops[reason]!)),
      };
    },
  };
}
