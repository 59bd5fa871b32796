/**
 * Runs: a kernel with its arguments, started and waited for.
 *
 * @module
 */

import { bounded, DEFAULT_TIMEOUT_MS, type WaitOptions } from "../../../../serialize/wait.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import { type ScalarFormat, scalarFormat, writeScalar } from "./argument.ts";
import { XrtBuffer } from "./buffer.ts";
import { type RunState, stateName, xrtFailure } from "./failures.ts";
import type { Xrt } from "./library.ts";
import type { Pointer } from "./native.ts";
import { begin, close, end, hold, isFreed, live, RANK, type Resource } from "./resource.ts";
import type { RunFacts, RunKernel } from "./run_facts.ts";

/** States of `enum ert_cmd_state` that are told apart. */
const STATE = { completed: 4, error: 5, abort: 6, timeout: 8, noresponse: 9, skcrashed: 11 } as const;

/**
 * Milliseconds of a wait on another thread, which cannot be cut short: a run that is given up is let go
 * after no longer than this.
 */
const SLICE_MS = 50;

/** One promise for all runs that have ended by the time somebody asks. */
const DONE = Promise.resolve();

/** Sizes of scalars as Deno's fast calls take them: a number instead of a bigint costs ten times as much. */
const SIZES: Readonly<Record<number, bigint>> = { 1: 1n, 2: 2n, 4: 4n, 8: 8n };

/** An argument, ready to be set. */
interface Slot {
  readonly name: string;
  readonly index: number;
  readonly format: ScalarFormat | "buffer" | "unset";
  readonly group: number;
}

/**
 * A run. Starting and waiting again and again makes nothing in XRT: handle, arguments and memory stay.
 * It is closed by `close`, by `using`, or with its kernel.
 */
export class XrtRun implements Disposable {
  /** The kernel. */
  readonly kernel: RunKernel;
  readonly #xrt: Xrt;
  readonly #resource: Resource;
  readonly #slots: Slot[] = [];
  readonly #scratch = new Uint8Array(8);
  readonly #view = new DataView(this.#scratch.buffer);
  readonly #setV: NonNullable<Xrt["calls"]["xrtRunSetArgV"]> | null;
  /** Buffers by argument, kept reachable and unfreed while the kernel may use them. */
  readonly #buffers: (XrtBuffer | undefined)[] = [];
  /** Their records; another list whenever an argument is another buffer. */
  #resources: readonly Resource[] = [];
  /** Those of the run that is under way. */
  #used: readonly Resource[] = [];
  #running = false;
  #slice: Promise<number> | undefined;

  /**
   * Takes a handle over. Use `XrtKernel.run`.
   *
   * @param facts The handle and what it is.
   * @internal
   */
  constructor({ xrt, kernel, parent, pointer }: RunFacts) {
    this.#xrt = xrt;
    this.kernel = kernel;
    this.#setV = xrt.calls.xrtRunSetArgV ?? xrt.calls.xrtRunSetArgVMangled;
    for (const argument of kernel.metadata.arguments) {
      const { name, index, kind } = argument;
      const buffer = kind === "buffer" || kind === "constant";
      const format = buffer ? "buffer" : kind === "scalar" ? scalarFormat(argument) : "unset";
      const slot: Slot = { name, index, format, group: buffer ? kernel.group(index) : -1 };
      this.#slots[index] = slot;
    }
    this.#resource = hold(this, {
      what: `run of kernel ${kernel.metadata.name}`,
      rank: RANK.run,
      parent,
      operation: "xrtRunClose",
      free: (held) => xrt.calls.xrtRunClose(held),
      pointer,
    });
  }

  /** Whether it was started and nobody has seen it end. */
  get running(): boolean {
    return this.#running;
  }

  /** XRT's handle, for what this class does not cover. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether it is freed. After `close` it may take until it has ended. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Sets an argument; it stays for all starts that follow.
   *
   * @param which Its number or name.
   * @param value A buffer; or a number, written as the argument's C type; or the bytes of a structure.
   * @throws {OnpathError} `device` when there is no such argument, it is a stream, or the buffer is closed
   * or in a memory that the kernel does not reach; `size` when a number does not fit.
   */
  set(which: number | string, value: XrtBuffer | number | bigint | Uint8Array): void {
    const pointer = live(this.#resource);
    const slot = (typeof which === "number" ? this.#slots[which] : undefined) ??
      this.#slots[this.kernel.argument(which).index]!;
    let result: number;
    if (slot.format === "u32" && typeof value === "number" && value >>> 0 === value && this.#setV !== null) {
      // Nearly all scalars of a kernel, by the shortest way.
      this.#view.setUint32(0, value, true);
      result = this.#setV(pointer, slot.index, this.#scratch, 4n);
    } else if (typeof value === "object") {
      result = value instanceof XrtBuffer
        ? this.#setBuffer(pointer, slot, value)
        : this.#setBytes(pointer, slot, value);
    } else {
      if (slot.format === "buffer" || slot.format === "unset") throw this.#wrongKind(slot, "a value");
      const bytes = writeScalar(this.#view, slot.format, value, slot.name);
      result = this.#setV === null
        ? this.#setVariadic(pointer, slot, value)
        : this.#setV(pointer, slot.index, this.#scratch, SIZES[bytes]!);
    }
    if (result !== 0) throw this.#setFailure(slot, result);
  }

  /**
   * Starts the kernel, on this thread: some microseconds with a card; in emulation as long as the device
   * process takes to answer.
   *
   * @throws {OnpathError} `device` when the run is under way, a buffer is closed, or XRT refuses.
   */
  startNow(): void {
    const pointer = this.#prepare();
    this.#started(this.#xrt.calls.xrtRunStart(pointer));
  }

  /**
   * Starts the kernel, on another thread.
   *
   * @param options How long to wait for the start, and a signal.
   * @throws {OnpathError} As {@linkcode XrtRun.startNow}, and `timeout`.
   */
  async start(options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const pointer = this.#prepare();
    const started = this.#xrt.tasks.xrtRunStart(pointer).then((result) => this.#started(result));
    await bounded(`kernel ${this.kernel.metadata.name} to start`, started, options);
  }

  /** What XRT knows of it at this moment. */
  state(): RunState | string {
    return stateName(this.#xrt.calls.xrtRunState(live(this.#resource)));
  }

  /**
   * Waits until the kernel has ended, and never keeps the event loop waiting.
   *
   * @param options How long, and a signal. A run that is given up stays under way: it can be waited for
   * again, and neither it nor its buffers are freed before it has ended.
   * @throws {OnpathError} `timeout`; `device` when the run was not started or ended in another state than
   * `completed`; or the signal's reason.
   */
  wait(options: WaitOptions = {}): Promise<void> {
    try {
      const pointer = live(this.#resource);
      options.signal?.throwIfAborted();
      if (!this.#running) throw this.#notStarted();
      if (this.#slice === undefined && this.#ended(this.#xrt.calls.xrtRunState(pointer))) {
        // It has ended: this only tells XRT that we know.
        this.#finish(this.#xrt.calls.xrtRunWaitFor(pointer, SLICE_MS));
        return DONE;
      }
      return this.#waitInSlices(pointer, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Closes it. May be called again. A run that is under way is freed when somebody who waits for it sees it
   * end, and never where it never ends: the card may still write to its buffers.
   */
  close(): void {
    const { pointer } = this.#resource;
    if (pointer === null) return;
    if (this.#running && this.#slice === undefined && this.#ended(this.#xrt.calls.xrtRunState(pointer))) {
      this.#xrt.calls.xrtRunWaitFor(pointer, SLICE_MS);
      this.#settle();
    }
    close(this.#resource);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #setBuffer(pointer: Pointer, slot: Slot, buffer: XrtBuffer): number {
    if (slot.format !== "buffer") throw this.#wrongKind(slot, "a buffer");
    live(buffer.resource);
    if (buffer.group !== slot.group) {
      // XRT takes it, and the kernel then reads what stands at that address in its own memory.
      throw new OnpathError(
        "device",
        `Cannot set argument ${slot.name} of ${this.kernel.metadata.name}: the buffer is in memory group ` +
          `${buffer.group}, the argument is connected to ${slot.group}. Allocate it with group: kernel.group("${slot.name}")`,
        { argument: slot.name, group: buffer.group, expected: slot.group },
      );
    }
    if (this.#buffers[slot.index] !== buffer) {
      this.#buffers[slot.index] = buffer;
      this.#resources = this.#buffers.flatMap((each) => each === undefined ? [] : [each.resource]);
    }
    if (this.#setV === null) {
      return this.#xrt.calls.xrtRunSetArgPointer(pointer, slot.index, live(buffer.resource));
    }
    // The same that XRT does with a buffer among varargs: it takes the address.
    this.#view.setBigUint64(0, buffer.address, true);
    return this.#setV(pointer, slot.index, this.#scratch, 8n);
  }

  #setBytes(pointer: Pointer, slot: Slot, bytes: Uint8Array): number {
    if (slot.format === "buffer" || slot.format === "unset") throw this.#wrongKind(slot, "bytes");
    const expected = this.kernel.argument(slot.index).bytes;
    if (bytes.length === expected && this.#setV !== null) {
      return this.#setV(pointer, slot.index, bytes, BigInt(expected));
    }
    throw new OnpathError(
      "size",
      `Cannot set argument ${slot.name} to ${bytes.length} bytes: ` +
        (this.#setV === null ? "this XRT exports no xrtRunSetArgV" : `it has ${expected}`),
      { argument: slot.name, bytes: bytes.length, expected },
    );
  }

  /** Without xrtRunSetArgV: as a vararg, promoted as C does. */
  #setVariadic(pointer: Pointer, { index, format }: Slot, value: number | bigint): number {
    const { calls } = this.#xrt;
    if (format === "f32" || format === "f64") return calls.xrtRunSetArgF64(pointer, index, Number(value));
    if (format === "u64" || format === "i64") {
      return calls.xrtRunSetArgU64(pointer, index, this.#view.getBigUint64(0, true));
    }
    return calls.xrtRunSetArgU32(pointer, index, Number(BigInt.asUintN(32, BigInt(value))));
  }

  #prepare(): Pointer {
    const pointer = live(this.#resource);
    if (this.#running) {
      throw new OnpathError(
        "device",
        `Cannot start kernel ${this.kernel.metadata.name}: the run is under way`,
        {
          kernel: this.kernel.metadata.name,
        },
      );
    }
    const used = this.#resources;
    for (let i = 0; i < used.length; i++) live(used[i]!);
    this.#running = true;
    this.#used = used;
    begin(this.#resource);
    for (let i = 0; i < used.length; i++) begin(used[i]!);
    return pointer;
  }

  #started(result: number): void {
    if (result === 0) return;
    this.#settle();
    throw xrtFailure(`start kernel ${this.kernel.metadata.name}`, "xrtRunStart", result, {
      kernel: this.kernel.metadata.name,
      buffers: this.#buffers.map((buffer) => buffer?.bytes ?? null),
    });
  }

  async #waitInSlices(pointer: Pointer, options: WaitOptions): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const left = Math.max(0, Math.ceil(deadline - performance.now()));
      // Waits of several callers share one thread.
      this.#slice ??= this.#waitAside(pointer, Math.min(SLICE_MS, Math.max(1, left)));
      const state = await bounded(`kernel ${this.kernel.metadata.name}`, this.#slice, {
        timeoutMs: left,
        signal,
      });
      if (this.#ended(state)) return this.#finish(state);
    }
  }

  async #waitAside(pointer: Pointer, ms: number): Promise<number> {
    begin(this.#resource);
    try {
      const state = await this.#xrt.tasks.xrtRunWaitFor(pointer, ms);
      // A run whose waiters have all gone is still noticed to have ended.
      if (this.#ended(state)) this.#settle();
      return state;
    } finally {
      this.#slice = undefined;
      end(this.#resource);
    }
  }

  /** XRT says `timeout` of a slice too: that is no end. */
  #ended(state: number): boolean {
    return state === STATE.completed || state === STATE.error || state === STATE.abort ||
      (state >= STATE.noresponse && state <= STATE.skcrashed);
  }

  /** The run is over: what it used is free again. */
  #settle(): void {
    if (!this.#running) return;
    this.#running = false;
    const used = this.#used;
    for (let i = 0; i < used.length; i++) end(used[i]!);
    end(this.#resource);
  }

  #finish(state: number): void {
    this.#settle();
    if (state === STATE.completed) return;
    throw new OnpathError(
      "device",
      `Cannot complete kernel ${this.kernel.metadata.name}: it ended in state ${
        stateName(state)
      }. Usually an ` +
        `address or length among its arguments is wrong, or the card was reset`,
      { kernel: this.kernel.metadata.name, state: stateName(state) },
    );
  }

  #notStarted(): OnpathError {
    const { name } = this.kernel.metadata;
    return new OnpathError("device", `Cannot wait for a run of ${name}: it is not started`, { kernel: name });
  }

  #wrongKind({ name, format }: Slot, given: string): OnpathError {
    const kind = format === "unset" ? "stream, which the host does not set" : format;
    return new OnpathError(
      "device",
      `Cannot set argument ${name} of ${this.kernel.metadata.name} to ${given}: it is a ${kind}`,
      { argument: name, kind: format },
    );
  }

  #setFailure({ name, index }: Slot, result: number): OnpathError {
    return xrtFailure(`set argument ${name} of ${this.kernel.metadata.name}`, "xrtRunSetArg", result, {
      argument: name,
      index,
    });
  }
}
