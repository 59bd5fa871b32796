/**
 * Free-running instances (AP_CTRL_NONE), such as VNx's network kernels: they have registers and no runs.
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
 * Constructor arguments of {@linkcode XrtIp}.
 *
 * @internal
 */
export interface IpFacts {
  /** Device library. */
  readonly shim: NativeLibrary<ShimSymbols>;
  /** Device, referenced to prevent its collection. */
  readonly owner: object;
  /** Resource record of the device. */
  readonly parent: Resource;
  /** Handle of the device in the device library. */
  readonly pointer: Pointer;
  /** Uuid of the loaded xclbin, 16 bytes. */
  readonly uuid: Uint8Array;
  /** Metadata of the instance in the xclbin. */
  readonly instance: XclbinInstance;
  /** Bytes of the register range. */
  readonly range: number;
}

/**
 * Registers of a free-running instance, opened exclusively by this process. XRT offers these in C++ only
 * (`xrt::ip`); this class calls the C functions that `xrt::ip` calls. Closed by `close`, by `using`, or
 * together with its device.
 */
export class XrtIp implements Disposable, Registers {
  /** Metadata in the xclbin. */
  readonly instance: XclbinInstance;
  /** Bytes of the register range. */
  readonly range: number;
  readonly #shim: NativeLibrary<ShimSymbols>;
  readonly #owner: object;
  readonly #resource: Resource;
  readonly #value = new Uint32Array(1);
  readonly #bytes = new Uint8Array(this.#value.buffer);

  /**
   * Opens the instance. Use `XrtDevice.ip`.
   *
   * @param facts Instance and device.
   * @throws {OnpathError} `device` when XRT fails.
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

  /** Whether XRT has closed the instance. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Reads a 32-bit register, blocking this thread.
   *
   * @param offset Bytes from the base of the instance, a multiple of 4.
   * @throws {OnpathError} `size` when the offset is misaligned or out of range; `device` when XRT fails.
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
   * Writes a 32-bit register, blocking this thread.
   *
   * @param offset Bytes from the base of the instance, a multiple of 4.
   * @param value Value from 0 to 2^32 - 1.
   * @throws {OnpathError} As {@linkcode XrtIp.readRegister}.
   */
  writeRegister(offset: number, value: number): void {
    checkRegister(offset, this.range, value);
    const result = this.#shim.calls.xclRegWrite(live(this.#resource), this.instance.index, offset, value);
    if (result !== 0) throw this.#failure("write", "xclRegWrite", offset, result);
  }

  /** Closes the instance. Further calls do nothing. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /** Closes the instance at the end of a `using` block. */
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
