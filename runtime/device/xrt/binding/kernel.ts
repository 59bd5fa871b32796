/**
 * Kernels with their arguments and registers.
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
 * Constructor arguments of {@linkcode XrtKernel}.
 *
 * @internal
 */
export interface KernelFacts {
  /** Open XRT library. */
  readonly xrt: Xrt;
  /** Device, referenced to prevent its collection. */
  readonly owner: object;
  /** Resource record of the device. */
  readonly parent: Resource;
  /** XRT handle of the kernel. */
  readonly pointer: Pointer;
  /** Metadata of the kernel in the xclbin. */
  readonly metadata: XclbinKernel;
  /** Whether other processes are kept out. Only then are registers accessible. */
  readonly exclusive: boolean;
}

/**
 * A kernel of the loaded xclbin. Closed by `close`, by `using`, or together with its device; its runs close
 * first.
 */
export class XrtKernel implements Disposable, Registers {
  /** Metadata of the kernel in the xclbin. */
  readonly metadata: XclbinKernel;
  /** Whether the kernel is open exclusively for this process. */
  readonly exclusive: boolean;
  readonly #xrt: Xrt;
  readonly #resource: Resource;
  readonly #owner: object;
  readonly #value = new Uint32Array(1);
  readonly #bytes = new Uint8Array(this.#value.buffer);
  readonly #groups = new Map<number, number>();

  /**
   * Takes ownership of a handle. Use `XrtDevice.kernel` to open a kernel.
   *
   * @param facts Handle and its description.
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

  /** XRT handle, for C functions that this class does not wrap. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether XRT has closed the kernel. After `close`, a run in flight delays this until the run ends. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Finds an argument by index or name.
   *
   * @param which Index or name of the argument.
   * @throws {OnpathError} `device` when the argument is absent; the message lists the kernel's arguments.
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
   * Returns the index of the memory group that an argument's buffer must be in.
   *
   * @param which Index or name of the argument.
   * @throws {OnpathError} `device` when the argument is not a buffer, or XRT fails.
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
   * Returns the register offset of an argument, as XRT reports it.
   *
   * @param which Index or name of the argument.
   * @returns Bytes from the base of the kernel.
   * @throws {OnpathError} `device` when the argument is absent, or XRT fails.
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
   * Reads a 32-bit register, blocking this thread. Counters may follow the last argument.
   *
   * @param offset Bytes from the base of the kernel, a multiple of 4.
   * @throws {OnpathError} `size` when the offset is misaligned or out of range; `device` when the kernel is
   * not exclusive, or XRT fails.
   */
  readRegister(offset: number): number {
    checkRegister(offset, this.metadata.range);
    const pointer = live(this.#resource);
    const result = this.#xrt.calls.xrtKernelReadRegister(pointer, offset, this.#bytes);
    if (result !== 0) throw this.#registerFailure("read", "xrtKernelReadRegister", offset, result);
    return this.#value[0]!;
  }

  /**
   * Writes a 32-bit register, blocking this thread.
   *
   * @param offset Bytes from the base of the kernel, a multiple of 4.
   * @param value Value from 0 to 2^32 - 1.
   * @throws {OnpathError} As {@linkcode XrtKernel.readRegister}.
   */
  writeRegister(offset: number, value: number): void {
    checkRegister(offset, this.metadata.range, value);
    const pointer = live(this.#resource);
    const result = this.#xrt.calls.xrtKernelWriteRegister(pointer, offset, value);
    if (result !== 0) throw this.#registerFailure("write", "xrtKernelWriteRegister", offset, result);
  }

  /**
   * Creates a run: a set of arguments to start the kernel with, any number of times.
   *
   * @throws {OnpathError} `device` when XRT fails.
   */
  run(): XrtRun {
    const pointer = this.#xrt.calls.xrtRunOpen(live(this.#resource));
    if (pointer === null) {
      throw xrtFailure(`create a run of kernel ${this.metadata.name}`, "xrtRunOpen", null, {
        kernel: this.metadata.name,
      });
    }
    return new XrtRun({ xrt: this.#xrt, kernel: this, parent: this.#resource, pointer });
  }

  /** Closes the runs, then the kernel. Further calls do nothing. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /** Closes the kernel at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #registerFailure(verb: string, operation: string, offset: number, result: number): OnpathError {
    const { name } = this.metadata;
    return xrtFailure(`${verb} register 0x${offset.toString(16)} of kernel ${name}`, operation, result, {
      kernel: name,
      offset,
      exclusive: this.exclusive,
    });
  }
}
