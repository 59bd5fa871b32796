/**
 * Ring of stages for one kernel: each stage has its own run and its own part of every buffer.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { BufferKind, XrtBuffer } from "./buffer.ts";
import type { XrtDevice } from "./device.ts";
import type { XrtKernel } from "./kernel.ts";
import { overlap } from "./overlap.ts";
import type { XrtRun } from "./run.ts";

/** Memory of one argument in every stage. */
export interface RingBuffer {
  /** Bytes per stage. */
  readonly bytes: number;
  /** Direction of the copies: `in` to the kernel, `out` of it, or `both`. */
  readonly direction: "in" | "out" | "both";
  /** Kind of memory. Default `normal`. */
  readonly kind?: BufferKind | undefined;
  /**
   * Host memory to wrap for all stages: `depth * bytes` bytes, stage n at `n * bytes`. Default: XRT
   * allocates.
   */
  readonly memory?: Uint8Array | undefined;
}

/** Depth, buffers, timeout and abort signal of a ring. */
export interface RingOptions extends WaitOptions {
  /** Number of stages, 1 to 64. Default 3. */
  readonly depth?: number | undefined;
  /** Buffers, by name of the kernel argument. */
  readonly buffers: Readonly<Record<string, RingBuffer>>;
}

/** One stage of the ring. */
export interface RingStage {
  /** Index, from 0. */
  readonly index: number;
  /** Run of this stage. Set its scalar arguments in `fill`. */
  readonly run: XrtRun;
  /** Buffers of this stage, by name of the kernel argument. */
  readonly buffers: Readonly<Record<string, XrtBuffer>>;
}

/** Host steps of each item. */
export interface RingSteps<T> {
  /** Writes an item into a stage's buffers and sets arguments. */
  readonly fill: (stage: RingStage, item: T) => void | Promise<void>;
  /** Reads the result from a stage's buffers, in the order of the items. */
  readonly drain: (stage: RingStage, item: T) => void | Promise<void>;
}

/** Ring of stages for one kernel. Closed by `close` or `using`. */
export class XrtRing implements Disposable {
  /** Stages in order of their index. */
  readonly stages: readonly RingStage[];
  readonly #buffers: Readonly<Record<string, RingBuffer>>;
  readonly #whole: readonly XrtBuffer[];

  private constructor(
    stages: readonly RingStage[],
    buffers: Readonly<Record<string, RingBuffer>>,
    whole: readonly XrtBuffer[],
  ) {
    this.stages = stages;
    this.#buffers = buffers;
    this.#whole = whole;
  }

  /**
   * Creates a ring: one buffer per argument, divided among the stages.
   *
   * @param device Open device.
   * @param kernel Kernel of the device.
   * @param options Depth, buffers, timeout and abort signal.
   * @throws {OnpathError} `size` when `memory` has another length; otherwise as `XrtDevice.allocate`,
   * `XrtDevice.wrap` and `XrtKernel.group`. All memory is freed after an error.
   */
  static async create(device: XrtDevice, kernel: XrtKernel, options: RingOptions): Promise<XrtRing> {
    const depth = checkWhole("stage count", options.depth ?? 3, 1, 64);
    const whole: XrtBuffer[] = [];
    const runs: XrtRun[] = [];
    try {
      const parts: [string, XrtBuffer[]][] = [];
      for (const [name, { bytes, kind, memory }] of Object.entries(options.buffers)) {
        const group = kernel.group(name);
        if (memory !== undefined && memory.length !== depth * bytes) {
          throw new OnpathError(
            "size",
            `Cannot make a ring: ${depth} stages of ${bytes} bytes need ${
              depth * bytes
            }, the memory has ${memory.length}`,
            { argument: name, depth, bytes, memory: memory.length },
          );
        }
        const buffer = memory === undefined
          ? await device.allocate({ ...options, bytes: depth * bytes, group, kind })
          : await device.wrap(memory, group, options);
        whole.push(buffer);
        parts.push([name, Array.from({ length: depth }, (_, stage) => buffer.part(bytes, stage * bytes))]);
      }
      const stages = Array.from({ length: depth }, (_, index): RingStage => {
        const run = kernel.run();
        runs.push(run);
        const buffers = Object.fromEntries(parts.map(([name, list]) => [name, list[index]!]));
        for (const [name, buffer] of Object.entries(buffers)) run.set(name, buffer);
        return { index, run, buffers };
      });
      return new XrtRing(stages, options.buffers, whole);
    } catch (error) {
      for (const each of [...runs, ...whole]) each.close();
      throw error;
    }
  }

  /**
   * Runs items through the kernel: item n+1 is written while n runs and n-1 is read back.
   *
   * @param items Items to process.
   * @param steps Host steps of each item.
   * @param options Timeout of each copy and each run, and abort signal.
   * @returns Number of items.
   * @throws {OnpathError} `timeout` or `device`. Errors of a step pass unchanged. After a timeout, stages may
   * still be in flight: create a new ring.
   */
  run<T>(
    items: Iterable<T> | AsyncIterable<T>,
    steps: RingSteps<T>,
    options: WaitOptions = {},
  ): Promise<number> {
    const going = (way: "in" | "out") =>
      Object.keys(this.#buffers).filter((name) => [way, "both"].includes(this.#buffers[name]!.direction));
    const [inward, outward] = [going("in"), going("out")];
    return overlap(items, this.stages.length, {
      fill: (stage, item) => steps.fill(this.stages[stage]!, item),
      launch: async (stage) => {
        const { buffers, run } = this.stages[stage]!;
        for (const name of inward) await buffers[name]!.sync("toDevice", undefined, 0, options);
        await run.start(options);
      },
      collect: async (stage) => {
        const { buffers, run } = this.stages[stage]!;
        await run.wait(options);
        for (const name of outward) await buffers[name]!.sync("fromDevice", undefined, 0, options);
      },
      drain: (stage, item) => steps.drain(this.stages[stage]!, item),
    });
  }

  /** Closes the runs and buffers. Further calls do nothing. */
  close(): void {
    for (const { run } of this.stages) run.close();
    for (const buffer of this.#whole) buffer.close();
  }

  /** Closes the ring at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
