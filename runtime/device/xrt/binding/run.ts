/**
 * Runs: sets of arguments to start a kernel with, and to wait for.
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

/** States of `enum ert_cmd_state` that this module distinguishes. */
const STATE = { completed: 4, error: 5, abort: 6, timeout: 8, noresponse: 9, skcrashed: 11 } as const;

/**
 * Duration in ms of one wait on another thread, which cannot be interrupted. A timeout or abort releases the
 * thread after at most this time.
 */
const SLICE_MS = 50;

/** Shared promise of `wait` for runs that have already completed. */
const DONE = Promise.resolve();

/** Scalar sizes as bigints: Deno's fast calls take ten times as long with a number. */
const SIZES: Readonly<Record<number, bigint>> = { 1: 1n, 2: 2n, 4: 4n, 8: 8n };

/** Encoding and memory group of an argument. */
interface Slot {
  readonly name: string;
  readonly index: number;
  readonly format: ScalarFormat | "buffer" | "unset";
  readonly group: number;
}

/**
 * A reusable run of a kernel. Repeated starts reuse the handle, the arguments and the memory; XRT allocates
 * nothing. Closed by `close`, by `using`, or together with its kernel.
 */
export class XrtRun implements Disposable {
  /** Kernel that the run starts. */
  readonly kernel: RunKernel;
  readonly #xrt: Xrt;
  readonly #resource: Resource;
  readonly #slots: Slot[] = [];
  readonly #scratch = new Uint8Array(8);
  readonly #view = new DataView(this.#scratch.buffer);
  readonly #setV: NonNullable<Xrt["calls"]["xrtRunSetArgV"]> | null;
  /** Buffers by argument, kept reachable and unfreed while the kernel may use them. */
  readonly #buffers: (XrtBuffer | undefined)[] = [];
  /** Resource records of the buffers; a new list after each change. */
  #resources: readonly Resource[] = [];
  /** Resource records in use by the run in flight. */
  #used: readonly Resource[] = [];
  #running = false;
  #slice: Promise<number> | undefined;
  /** One function for all starts, which allocate nothing. */
  readonly #settleLater = async (options: WaitOptions): Promise<void> => {
    const { held } = this.#resource;
    if (held !== null) await this.#endOf(held, options);
  };

  /**
   * Takes ownership of a handle. Use `XrtKernel.run` to create a run.
   *
   * @param facts Handle and its description.
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

  /** Whether the run was started and no call has observed its end yet. */
  get running(): boolean {
    return this.#running;
  }

  /** XRT handle, for C functions that this class does not wrap. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether XRT has freed the run. After `close`, a run in flight delays this until it ends. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Sets an argument for all following starts.
   *
   * @param which Index or name of the argument.
   * @param value Buffer, number in the argument's C type, or bytes of a structure.
   * @throws {OnpathError} `device` when the argument is absent or a stream, or the buffer is closed or in
   * another memory group; `size` when a number is out of range or a structure has another length.
   */
  set(which: number | string, value: XrtBuffer | number | bigint | Uint8Array): void {
    const pointer = live(this.#resource);
    const slot = (typeof which === "number" ? this.#slots[which] : undefined) ??
      this.#slots[this.kernel.argument(which).index]!;
    let result: number;
    if (slot.format === "u32" && typeof value === "number" && value >>> 0 === value && this.#setV !== null) {
      // Fast path for 32-bit unsigned numbers, which nearly all scalars are.
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
   * Starts the kernel, blocking this thread: some microseconds on a card; in emulation until the device
   * process responds.
   *
   * @throws {OnpathError} `device` when the run is in flight, a buffer is closed, or XRT fails.
   */
  startNow(): void {
    const pointer = this.#prepare();
    this.#started(this.#xrt.calls.xrtRunStart(pointer));
  }

  /**
   * Starts the kernel on another thread.
   *
   * @param options Timeout of the start, and abort signal.
   * @throws {OnpathError} `timeout`, or as {@linkcode XrtRun.startNow}.
   */
  async start(options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const pointer = this.#prepare();
    const started = this.#xrt.tasks.xrtRunStart(pointer).then((result) => this.#started(result));
    await bounded(`kernel ${this.kernel.metadata.name} to start`, started, options);
  }

  /** Reads the state of the run from XRT. */
  state(): RunState | string {
    return stateName(this.#xrt.calls.xrtRunState(live(this.#resource)));
  }

  /**
   * Waits until the kernel has completed, without blocking the event loop.
   *
   * @param options Timeout and abort signal. After either the run is still in flight: call `wait` again. The
   * run and its buffers are freed only after it has ended.
   * @throws {OnpathError} `timeout`; `device` when the run was not started, or ended in a state other than
   * `completed`. An abort throws the signal's reason.
   */
  wait(options: WaitOptions = {}): Promise<void> {
    try {
      const pointer = live(this.#resource);
      options.signal?.throwIfAborted();
      if (!this.#running) throw this.#notStarted();
      if (this.#slice === undefined && this.#ended(this.#xrt.calls.xrtRunState(pointer))) {
        // The run has ended: this call returns at once, and XRT records that the wait is over.
        this.#finish(this.#xrt.calls.xrtRunWaitFor(pointer, SLICE_MS));
        return DONE;
      }
      return this.#endOf(pointer, options).then((state) => this.#finish(state));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Closes the run. Further calls do nothing. A run in flight is freed when a pending wait observes its end.
   * A run that never ends is never freed, because the card may still write to its buffers.
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

  /** Closes the run at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #setBuffer(pointer: Pointer, slot: Slot, buffer: XrtBuffer): number {
    if (slot.format !== "buffer") throw this.#wrongKind(slot, "a buffer");
    live(buffer.resource);
    if (buffer.group !== slot.group) {
      // XRT would accept the buffer, and the kernel would access the same address in the wrong memory.
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
    // XRT does the same with a buffer among varargs: it passes the address.
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

  /** Sets a scalar without xrtRunSetArgV, as a vararg with C's promotions. */
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
        `Cannot start kernel ${this.kernel.metadata.name}: the run is in flight`,
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
    this.#resource.settle = this.#settleLater;
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

  /** Waits for the final state of the run in flight. */
  async #endOf(pointer: Pointer, options: WaitOptions): Promise<number> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const left = Math.max(0, Math.ceil(deadline - performance.now()));
      // Pending waits of several callers share one thread.
      this.#slice ??= this.#waitSlice(pointer, Math.min(SLICE_MS, Math.max(1, left)));
      const state = await bounded(`kernel ${this.kernel.metadata.name}`, this.#slice, {
        timeoutMs: left,
        signal,
      });
      if (this.#ended(state)) return state;
    }
  }

  async #waitSlice(pointer: Pointer, ms: number): Promise<number> {
    begin(this.#resource);
    try {
      const state = await this.#xrt.tasks.xrtRunWaitFor(pointer, ms);
      // Settles the run even if all callers have timed out or aborted.
      if (this.#ended(state)) this.#settle();
      return state;
    } finally {
      this.#slice = undefined;
      end(this.#resource);
    }
  }

  /**
   * Whether a state is final. XRT also returns `timeout` for an elapsed slice, so that state is not final.
   */
  #ended(state: number): boolean {
    return state === STATE.completed || state === STATE.error || state === STATE.abort ||
      (state >= STATE.noresponse && state <= STATE.skcrashed);
  }

  /** Marks the run as ended, and releases the buffers that it used. */
  #settle(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#resource.settle = null;
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
