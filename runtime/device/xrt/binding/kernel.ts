/**
 * Kernels: their arguments and registers.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import { xrtFailure } from "./failures.ts";
import type { Xrt } from "./library.ts";
import type { Pointer } from "./native.ts";
import { checkRegister, type Registers } from "./registers.ts";
import { close, hold, isFreed, live, RANK, type Resource } from "./resource.ts";
import { XrtRun } from "./run.ts";
import type { XclbinArgument, XclbinKernel } from "../xclbin/xclbin.ts";

/**
 * What is needed to make a kernel's object.
 *
 * @internal
 */
export interface KernelFacts {
  /** XRT. */
  readonly xrt: Xrt;
  /** The device. */
  readonly owner: object;
  /** The device's record. */
  readonly parent: Resource;
  /** XRT's handle. */
  readonly pointer: Pointer;
  /** What the xclbin says about it. */
  readonly metadata: XclbinKernel;
  /** Whether no other process may use it meanwhile; registers can be read and written then. */
  readonly exclusive: boolean;
}

/** A kernel. It is closed by `close`, by `using`, or with its device; its runs are closed before. */
export class XrtKernel implements Disposable, Registers {
  /** What the xclbin says about it. */
  readonly metadata: XclbinKernel;
  /** Whether it is opened for this process alone. */
  readonly exclusive: boolean;
  readonly #xrt: Xrt;
  readonly #resource: Resource;
  readonly #owner: object;
  readonly #value = new Uint32Array(1);
  readonly #bytes = new Uint8Array(this.#value.buffer);
  readonly #groups = new Map<number, number>();

  /**
   * Takes a handle over. Use `XrtDevice.kernel`.
   *
   * @param facts The handle and what it is.
   * @internal
   */
  constructor({ xrt, owner, parent, pointer, metadata, exclusive }: KernelFacts) {
    this.#xrt = xrt;
    this.#owner = owner;
    this.metadata = metadata;
    this.exclusive = exclusive;
    this.#resource = hold(this, {
      what: `kernel ${metadata.name}`,
      rank: RANK.kernel,
      parent,
      operation: "xrtKernelClose",
      free: (held) => xrt.calls.xrtKernelClose(held),
      pointer,
    });
  }

  /** XRT's handle, for what this class does not cover. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether it is freed. After `close` it may take until its run has ended. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Finds an argument.
   *
   * @param which Its number or name.
   * @throws {OnpathError} `device` when the kernel has no such argument, with those it has.
   */
  argument(which: number | string): XclbinArgument {
    const found = this.metadata.arguments.find(({ index, name }) => index === which || name === which);
    if (found !== undefined) return found;
    const known = this.metadata.arguments.map(({ index, name }) => `${index} ${name}`);
    throw new OnpathError(
      "device",
      `Cannot find argument ${which} of kernel ${this.metadata.name}: it has ${known.join(", ")}`,
      { kernel: this.metadata.name, argument: which, known },
    );
  }

  /**
   * The memory group that an argument's buffer must be in.
   *
   * @param which Its number or name.
   * @throws {OnpathError} `device` when it is no buffer.
   */
  group(which: number | string): number {
    const { index, kind, name } = this.argument(which);
    let group = this.#groups.get(index);
    if (group === undefined) {
      if (kind !== "buffer" && kind !== "constant") {
        throw new OnpathError(
          "device",
          `Cannot find the memory of argument ${name} of kernel ${this.metadata.name}: it is a ${kind}`,
          { kernel: this.metadata.name, argument: name, kind },
        );
      }
      group = this.#xrt.calls.xrtKernelArgGroupId(live(this.#resource), index);
      if (group < 0) {
        throw xrtFailure(`find the memory of argument ${name}`, "xrtKernelArgGroupId", group, {
          argument: index,
        });
      }
      this.#groups.set(index, group);
    }
    return group;
  }

  /**
   * Where an argument's register stands, as XRT sees it.
   *
   * @param which Its number or name.
   * @returns Bytes from the kernel's base.
   */
  offset(which: number | string): number {
    const { index, name } = this.argument(which);
    const offset = this.#xrt.calls.xrtKernelArgOffset(live(this.#resource), index);
    if (offset === 0xffff_ffff) {
      throw xrtFailure(`find the register of argument ${name}`, "xrtKernelArgOffset", -1, {
        argument: index,
      });
    }
    return offset;
  }

  /**
   * Reads a register, on this thread. Counters may stand behind the last argument.
   *
   * @param offset Its place, in bytes from the kernel's base.
   * @throws {OnpathError} `size` when that is no multiple of 4 within the kernel; `device` when XRT refuses,
   * as it does where the kernel is shared.
   */
  readRegister(offset: number): number {
    checkRegister(offset, this.metadata.range);
    const pointer = live(this.#resource);
    const result = this.#xrt.calls.xrtKernelReadRegister(pointer, offset, this.#bytes);
    if (result !== 0) throw this.#registerFailure("read", "xrtKernelReadRegister", offset, result);
    return this.#value[0]!;
  }

  /**
   * Writes a register, on this thread.
   *
   * @param offset Its place, in bytes from the kernel's base.
   * @param value From 0 to 2^32 - 1.
   * @throws {OnpathError} As {@linkcode XrtKernel.readRegister}.
   */
  writeRegister(offset: number, value: number): void {
    checkRegister(offset, this.metadata.range, value);
    const pointer = live(this.#resource);
    const result = this.#xrt.calls.xrtKernelWriteRegister(pointer, offset, value);
    if (result !== 0) throw this.#registerFailure("write", "xrtKernelWriteRegister", offset, result);
  }

  /**
   * Makes a run: a set of arguments that the kernel can be started with, any number of times.
   *
   * @throws {OnpathError} `device` when XRT refuses.
   */
  run(): XrtRun {
    const pointer = this.#xrt.calls.xrtRunOpen(live(this.#resource));
    if (pointer === null) {
      throw xrtFailure(`make a run of kernel ${this.metadata.name}`, "xrtRunOpen", null, {
        kernel: this.metadata.name,
      });
    }
    return new XrtRun({ xrt: this.#xrt, kernel: this, parent: this.#resource, pointer });
  }

  /** Closes it, its runs first. May be called again. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #registerFailure(verb: string, operation: string, offset: number, result: number): OnpathError {
    const { name } = this.metadata;
    const place = `0x${offset.toString(16)}`;
    return xrtFailure(`${verb} register ${place} of kernel ${name}`, operation, result, {
      kernel: name,
      offset,
      exclusive: this.exclusive,
    });
  }
}
