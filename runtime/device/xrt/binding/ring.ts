/**
 * A ring of buffers around a kernel: each stage has a part of every buffer and a run of its own.
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

/** The bytes that each stage has for one argument. */
export interface RingBuffer {
  /** Bytes of one stage. */
  readonly bytes: number;
  /** Which way they go: `in` to the kernel, `out` of it, or both. */
  readonly direction: "in" | "out" | "both";
  /** Its kind. Default `normal`. */
  readonly kind?: BufferKind | undefined;
  /** Memory to take in place of XRT's own, for all stages: stage n is its nth piece of `bytes` bytes. */
  readonly memory?: Uint8Array | undefined;
}

/** What a ring is made of. */
export interface RingOptions extends WaitOptions {
  /** Stages. Default 3. */
  readonly depth?: number | undefined;
  /** Buffers by the argument that they are for. */
  readonly buffers: Readonly<Record<string, RingBuffer>>;
}

/** A place in the ring. */
export interface RingStage {
  /** Its number. */
  readonly index: number;
  /** Its run: arguments that are no buffers are set here. */
  readonly run: XrtRun;
  /** Its parts of the buffers, by argument. */
  readonly buffers: Readonly<Record<string, XrtBuffer>>;
}

/** What is done on the host with every item. */
export interface RingSteps<T> {
  /** Writes an item into a stage's buffers and sets arguments. */
  readonly fill: (stage: RingStage, item: T) => void | Promise<void>;
  /** Takes an answer out of a stage's buffers, in the order of the items. */
  readonly drain: (stage: RingStage, item: T) => void | Promise<void>;
}

/** A ring. It is closed by `close` or `using`. */
export class XrtRing implements Disposable {
  /** The stages. */
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
   * Makes a ring: one buffer an argument, of which every stage has a part.
   *
   * @param device The device.
   * @param kernel A kernel of it.
   * @param options Stages and buffers.
   * @throws {OnpathError} As `XrtDevice.allocate`, `XrtDevice.wrap` and `XrtKernel.group`; nothing stays
   * allocated then.
   */
  static async create(device: XrtDevice, kernel: XrtKernel, options: RingOptions): Promise<XrtRing> {
    const depth = checkWhole("a number of stages of", options.depth ?? 3, 1, 64);
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
   * Takes items through the kernel: item n+1 is written while n runs and n-1 is read back.
   *
   * @param items The items.
   * @param steps What is done on the host.
   * @param options Longest wait for each move and each run, and a signal.
   * @returns Number of items.
   * @throws {OnpathError} `timeout` or `device`; or what a step throws. After a timeout stages may be under
   * way still: make a new ring.
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

  /** Closes its runs and buffers. May be called again. */
  close(): void {
    for (const { run } of this.stages) run.close();
    for (const buffer of this.#whole) buffer.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}
