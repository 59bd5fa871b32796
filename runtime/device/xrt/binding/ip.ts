/**
 * Instances that run by themselves (AP_CTRL_NONE), such as VNx's network kernels: registers and no runs.
 *
 * @module
 */

import type { NativeLibrary, Pointer } from "./native.ts";
import { xrtFailure } from "./failures.ts";
import { checkRegister, type Registers } from "./registers.ts";
import { close, hold, isFreed, live, RANK, type Resource } from "./resource.ts";
import type { ShimSymbols } from "./symbols.ts";
import type { XclbinInstance } from "../xclbin/xclbin.ts";

/**
 * What is needed to make an instance's object.
 *
 * @internal
 */
export interface IpFacts {
  /** The library of the device. */
  readonly shim: NativeLibrary<ShimSymbols>;
  /** The device. */
  readonly owner: object;
  /** The device's record. */
  readonly parent: Resource;
  /** The device's handle in its own library. */
  readonly pointer: Pointer;
  /** The loaded xclbin's uuid. */
  readonly uuid: Uint8Array;
  /** What the xclbin says about the instance. */
  readonly instance: XclbinInstance;
  /** Bytes of its registers. */
  readonly range: number;
}

/**
 * An instance, opened for this process alone. XRT has C++ only for these (`xrt::ip`); this does the same with
 * the C functions below it. It is closed by `close`, by `using`, or with its device.
 */
export class XrtIp implements Disposable, Registers {
  /** What the xclbin says about it. */
  readonly instance: XclbinInstance;
  /** Bytes of its registers. */
  readonly range: number;
  readonly #shim: NativeLibrary<ShimSymbols>;
  readonly #owner: object;
  readonly #resource: Resource;
  readonly #value = new Uint32Array(1);
  readonly #bytes = new Uint8Array(this.#value.buffer);

  /**
   * Opens it. Use `XrtDevice.ip`.
   *
   * @param facts The instance and its device.
   * @throws {OnpathError} `device` when XRT refuses.
   * @internal
   */
  constructor({ shim, owner, parent, pointer, uuid, instance, range }: IpFacts) {
    const result = shim.calls.xclOpenContext(pointer, uuid, instance.index, 0);
    if (result !== 0) {
      throw xrtFailure(`open instance ${instance.name}`, "xclOpenContext", result, {
        instance: instance.name,
      });
    }
    this.instance = instance;
    this.range = range;
    this.#shim = shim;
    this.#owner = owner;
    this.#resource = hold(this, {
      what: `instance ${instance.name}`,
      rank: RANK.kernel,
      parent,
      operation: "xclCloseContext",
      free: (held) => shim.calls.xclCloseContext(held, uuid, instance.index),
      pointer,
    });
  }

  /** Whether it is freed. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Reads a register, on this thread.
   *
   * @param offset Its place, in bytes from the instance's base.
   * @throws {OnpathError} `size` when that is no multiple of 4 within its range; `device` when XRT refuses.
   */
  readRegister(offset: number): number {
    checkRegister(offset, this.range);
    const result = this.#shim.calls.xclRegRead(
      live(this.#resource),
      this.instance.index,
      offset,
      this.#bytes,
    );
    if (result !== 0) throw this.#failure("read", "xclRegRead", offset, result);
    return this.#value[0]!;
  }

  /**
   * Writes a register, on this thread.
   *
   * @param offset Its place, in bytes from the instance's base.
   * @param value From 0 to 2^32 - 1.
   * @throws {OnpathError} As {@linkcode XrtIp.readRegister}.
   */
  writeRegister(offset: number, value: number): void {
    checkRegister(offset, this.range, value);
    const result = this.#shim.calls.xclRegWrite(live(this.#resource), this.instance.index, offset, value);
    if (result !== 0) throw this.#failure("write", "xclRegWrite", offset, result);
  }

  /** Closes it. May be called again. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #failure(verb: string, operation: string, offset: number, result: number) {
    const { name } = this.instance;
    return xrtFailure(`${verb} register 0x${offset.toString(16)} of instance ${name}`, operation, result, {
      instance: name,
      offset,
    });
  }
}
