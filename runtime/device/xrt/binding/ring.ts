/**
 * Ring of slots for one kernel: each slot has its own run and its own part of every buffer.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { BufferKind, XrtBuffer } from "./buffer.ts";
import type { XrtDevice } from "./device.ts";
import type { XrtKernel } from "./kernel.ts";
import { keepInFlight } from "./in_flight.ts";
import type { XrtRun } from "./run.ts";

/** Memory of one argument in every slot. */
export interface RingBuffer {
  /** Bytes per slot. */
  readonly bytes: number;
  /** Direction of the copies: `in` to the kernel, `out` of it, or `both`. */
  readonly direction: "in" | "out" | "both";
  /** Kind of memory. Default `normal`. */
  readonly kind?: BufferKind | undefined;
  /**
   * Host memory to wrap for all slots: `depth * bytes` bytes, slot n at `n * bytes`. Default: XRT
   * allocates.
   */
  readonly memory?: Uint8Array | undefined;
}

/** Depth, buffers, timeout and abort signal of a ring. */
export interface RingOptions extends WaitOptions {
  /** Number of slots, 1 to 64. Default 3. */
  readonly depth?: number | undefined;
  /** Buffers, by name of the kernel argument. */
  readonly buffers: Readonly<Record<string, RingBuffer>>;
}

/** One slot of the ring. */
export interface RingSlot {
  /** Index, from 0. */
  readonly index: number;
  /** Run of this slot. Set its scalar arguments in `fill`. */
  readonly run: XrtRun;
  /** Buffers of this slot, by name of the kernel argument. */
  readonly buffers: Readonly<Record<string, XrtBuffer>>;
}

/** Host steps of each item. */
export interface RingSteps<T> {
  /** Writes an item into a slot's buffers and sets arguments. */
  readonly fill: (slot: RingSlot, item: T) => void | Promise<void>;
  /** Reads the result from a slot's buffers, in the order of the items. */
  readonly drain: (slot: RingSlot, item: T) => void | Promise<void>;
}

/** Ring of slots for one kernel. Closed by `close` or `using`. */
export class XrtRing implements Disposable {
  /** Slots in order of their index. */
  readonly slots: readonly RingSlot[];
  readonly #buffers: Readonly<Record<string, RingBuffer>>;
  readonly #whole: readonly XrtBuffer[];

  private constructor(
    slots: readonly RingSlot[],
    buffers: Readonly<Record<string, RingBuffer>>,
    whole: readonly XrtBuffer[],
  ) {
    this.slots = slots;
    this.#buffers = buffers;
    this.#whole = whole;
  }

  /**
   * Creates a ring: one buffer per argument, divided among the slots.
   *
   * @param device Open device.
   * @param kernel Kernel of the device.
   * @param options Depth, buffers, timeout and abort signal.
   * @throws {OnpathError} `size` when `memory` has another length; otherwise as `XrtDevice.allocate`,
   * `XrtDevice.wrap` and `XrtKernel.group`. All memory is freed after an error.
   */
  static async create(device: XrtDevice, kernel: XrtKernel, options: RingOptions): Promise<XrtRing> {
    const depth = checkInteger("slot count", options.depth ?? 3, 1, 64);
    const whole: XrtBuffer[] = [];
    const runs: XrtRun[] = [];
    try {
      const parts: [string, XrtBuffer[]][] = [];
      for (const [name, { bytes, kind, memory }] of Object.entries(options.buffers)) {
        const group = kernel.group(name);
        if (memory !== undefined && memory.length !== depth * bytes) {
          throw new OnpathError(
            "size",
            `Cannot make a ring: ${depth} slots of ${bytes} bytes need ${
              depth * bytes
            }, the memory has ${memory.length}`,
            { argument: name, depth, bytes, memory: memory.length },
          );
        }
        const buffer = memory === undefined
          ? await device.allocate({ ...options, bytes: depth * bytes, group, kind })
          : await device.wrap(memory, group, options);
        whole.push(buffer);
        parts.push([name, Array.from({ length: depth }, (_, slot) => buffer.part(bytes, slot * bytes))]);
      }
      const slots = Array.from({ length: depth }, (_, index): RingSlot => {
        const run = kernel.run();
        runs.push(run);
        const buffers = Object.fromEntries(parts.map(([name, list]) => [name, list[index]!]));
        for (const [name, buffer] of Object.entries(buffers)) run.set(name, buffer);
        return { index, run, buffers };
      });
      return new XrtRing(slots, options.buffers, whole);
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
   * @throws {OnpathError} `timeout` or `device`. Errors of a step pass unchanged. After a timeout, slots may
   * still be in flight: create a new ring.
   */
  run<T>(
    items: Iterable<T> | AsyncIterable<T>,
    steps: RingSteps<T>,
    options: WaitOptions = {},
  ): Promise<number> {
    const named = (direction: "in" | "out") =>
      Object.keys(this.#buffers).filter((name) =>
        [direction, "both"].includes(this.#buffers[name]!.direction)
      );
    const [inputs, outputs] = [named("in"), named("out")];
    return keepInFlight(items, this.slots.length, {
      fill: (slot, item) => steps.fill(this.slots[slot]!, item),
      launch: async (slot) => {
        const { buffers, run } = this.slots[slot]!;
        for (const name of inputs) await buffers[name]!.sync("toDevice", undefined, 0, options);
        await run.start(options);
      },
      collect: async (slot) => {
        const { buffers, run } = this.slots[slot]!;
        await run.wait(options);
        for (const name of outputs) await buffers[name]!.sync("fromDevice", undefined, 0, options);
      },
      drain: (slot, item) => steps.drain(this.slots[slot]!, item),
    });
  }

  /** Closes the runs and buffers. Further calls do nothing. */
  close(): void {
    for (const { run } of this.slots) run.close();
    for (const buffer of this.#whole) buffer.close();
  }

  /** Closes the ring at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
