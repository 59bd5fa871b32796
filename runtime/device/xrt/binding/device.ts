/**
 * Devices of XRT: cards and emulated cards.
 *
 * @module
 */

import { bounded, type WaitOptions } from "../../../../serialize/wait.ts";
import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import { BUFFER_KINDS, type BufferKind, HOST_ALIGNMENT, MAX_BUFFER_BYTES, XrtBuffer } from "./buffer.ts";
import { checkIndex, checkMode, findKernel, instanceOf, readXclbinFile } from "./device_checks.ts";
import { checkXrtEnvironment, emulationMode, SHIMS } from "./environment.ts";
import { xrtFailure } from "./failures.ts";
import { XrtIp } from "./ip.ts";
import { XrtKernel } from "./kernel.ts";
import { openShim, openXrt, type Xrt, type XrtOptions } from "./library.ts";
import { cString, type Pointer } from "./native.ts";
import { abandon, close, hold, isFreed, live, RANK, type Resource, settle } from "./resource.ts";
import type { Xclbin } from "../xclbin/xclbin.ts";
import { readXclbin } from "../xclbin/xclbin_read.ts";

/** Device to open, library, timeout and abort signal. */
export interface OpenOptions extends XrtOptions, WaitOptions {
  /** Device index, 0 to 255. Default 0. */
  readonly index?: number | undefined;
  /** PCIe address that replaces the index, such as `0000:3b:00.1`. */
  readonly bdf?: string | undefined;
}

/** Size, memory group and kind of a buffer to allocate. */
export interface AllocateOptions extends WaitOptions {
  /** Size in bytes, 1 to {@linkcode MAX_BUFFER_BYTES}. */
  readonly bytes: number;
  /** Index of a memory group, from `XrtKernel.group`. Default 0. */
  readonly group?: number | undefined;
  /** Kind of memory. Default `normal`. */
  readonly kind?: BufferKind | undefined;
}

/**
 * An open device. Closing it closes its runs, kernels and buffers first, in that order.
 *
 * Methods that return no promise block this thread until XRT returns. Methods that return a promise run on
 * another thread and have a timeout.
 */
export class XrtDevice implements Disposable {
  /** Open XRT library. */
  readonly xrt: Xrt;
  /** Device index; null when opened by its PCIe address. */
  readonly index: number | null;
  readonly #resource: Resource;
  #xclbin: Xclbin | undefined;

  /** Device that owns the handle of a lent object. Referenced to prevent its collection. */
  readonly #lender: XrtDevice | null;

  private constructor(xrt: Xrt, pointer: Pointer, index: number | null, what: string, lender?: XrtDevice) {
    this.xrt = xrt;
    this.index = index;
    this.#lender = lender ?? null;
    this.#resource = hold(this, {
      what,
      rank: RANK.device,
      parent: lender === undefined ? null : lender.#resource,
      operation: "xrtDeviceClose",
      free: lender === undefined ? (held) => xrt.calls.xrtDeviceClose(held) : () => 0,
      pointer,
    });
  }

  /**
   * Returns a second object for the same open device and loaded xclbin. Closing the second object closes
   * everything opened through it; the device stays open. Use it in place of repeated opens: XRT starts a
   * thread for each open, and the thread runs until the process ends.
   *
   * @returns Object that shares the handle. Closing the original closes it too.
   * @throws {OnpathError} `device` when this object is closed.
   */
  lend(): XrtDevice {
    const lender = this.#lender ?? this;
    const lent = new XrtDevice(this.xrt, live(this.#resource), this.index, this.#resource.what, lender);
    lent.#xclbin = this.#xclbin;
    return lent;
  }

  /**
   * Opens a device.
   *
   * @param options Device, path of the XRT library, timeout and abort signal.
   * @throws {OnpathError} `device` when XRT is not installed, the device is absent, or XRT would end the
   * process because of its environment; `timeout`.
   */
  static async open(options: OpenOptions = {}): Promise<XrtDevice> {
    const { index = 0, bdf } = options;
    checkInteger("device index", index, 0, 255);
    const xrt = await openXrt(options);
    checkXrtEnvironment(xrt);
    checkIndex(index, bdf);
    options.signal?.throwIfAborted();
    const what = bdf === undefined ? `device ${index}` : `device ${bdf}`;
    const operation = bdf === undefined ? "xrtDeviceOpen" : "xrtDeviceOpenByBDF";
    const name = bdf === undefined ? null : cString(bdf);
    const opened = name === null ? xrt.tasks.xrtDeviceOpen(index) : xrt.tasks.xrtDeviceOpenByBDF(name);
    // A device that opens after the timeout or abort is closed again.
    let gone = false;
    const settled = opened.then((pointer) => {
      if (gone && pointer !== null) xrt.calls.xrtDeviceClose(pointer);
      return pointer;
    });
    let pointer: Pointer | null;
    try {
      pointer = await bounded(`${what} to open`, settled, options);
    } catch (error) {
      gone = true;
      throw error;
    }
    if (pointer === null) {
      throw xrtFailure(`open ${what}`, operation, null, { index, bdf: bdf ?? null, mode: emulationMode() });
    }
    return new XrtDevice(xrt, pointer, bdf === undefined ? index : null, what);
  }

  /** XRT handle, for C functions that this class does not wrap. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether XRT has closed the device. After `close`, a run in flight delays this until the run ends. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Waits until no run of this device is in flight, also after `close`: what was closed is freed then.
   *
   * @param options Timeout and abort signal.
   * @throws {OnpathError} `timeout`; an abort throws the signal's reason.
   */
  settle(options: WaitOptions = {}): Promise<void> {
    return settle(this.#resource, options);
  }

  /**
   * The xclbin loaded through this object.
   *
   * @throws {OnpathError} `device` when no xclbin is loaded.
   */
  get xclbin(): Xclbin {
    if (this.#xclbin !== undefined) return this.#xclbin;
    throw new OnpathError("device", `Cannot use the kernels of ${this.#resource.what}: no xclbin is loaded`);
  }

  /**
   * Checks an xclbin and loads it into the device. XRT itself does not check the lengths in the file.
   *
   * @param source Path or bytes of the xclbin.
   * @param options Timeout and abort signal.
   * @returns Metadata of the xclbin.
   * @throws {OnpathError} `file` when the file is unreadable or invalid; `device` when the xclbin is for
   * another emulation mode, or XRT fails; `timeout`.
   */
  async load(source: string | Uint8Array, options: WaitOptions = {}): Promise<Xclbin> {
    const bytes = typeof source === "string" ? await readXclbinFile(source) : source;
    const xclbin = readXclbin(bytes);
    checkMode(xclbin);
    options.signal?.throwIfAborted();
    const loaded = this.xrt.tasks.xrtDeviceLoadXclbin(live(this.#resource), bytes);
    const result = await bounded(
      `${this.#resource.what} to load an xclbin`,
      loaded.finally(() => bytes),
      options,
    );
    if (result !== 0) {
      throw xrtFailure(
        `load xclbin ${xclbin.uuid} into ${this.#resource.what}`,
        "xrtDeviceLoadXclbin",
        result,
        {
          uuid: xclbin.uuid,
          platform: xclbin.platform,
          mode: xclbin.mode,
        },
      );
    }
    this.#xclbin = xclbin;
    return xclbin;
  }

  /**
   * Reads the uuid of the loaded xclbin from XRT.
   *
   * @returns 16 bytes.
   * @throws {OnpathError} `device` when no xclbin is loaded.
   */
  uuid(): Uint8Array {
    const uuid = new Uint8Array(16);
    const result = this.xrt.calls.xrtDeviceGetXclbinUUID(live(this.#resource), uuid);
    if (result !== 0) {
      throw xrtFailure("read the uuid of the loaded xclbin", "xrtDeviceGetXclbinUUID", result);
    }
    return uuid;
  }

  /**
   * Opens a kernel of the loaded xclbin.
   *
   * @param name `kernel` for all instances of the kernel, `kernel:{instance}` for one of them.
   * @param options `exclusive` keeps other processes out and permits register access. Default false.
   * @throws {OnpathError} `device` when the xclbin lacks the kernel (the message lists its kernels), or XRT
   * fails.
   */
  kernel(name: string, options: { readonly exclusive?: boolean } = {}): XrtKernel {
    const { exclusive = false } = options;
    const metadata = findKernel(this.xclbin, name);
    if (
      metadata.instances.length > 0 && metadata.instances.every(({ control }) => control === "AP_CTRL_NONE")
    ) {
      throw new OnpathError(
        "device",
        `Cannot open kernel ${name}: it is free-running (AP_CTRL_NONE). Use ip("${name}") for its registers`,
        { kernel: name },
      );
    }
    const operation = exclusive ? "xrtPLKernelOpenExclusive" : "xrtPLKernelOpen";
    const pointer = this.xrt.calls[operation](live(this.#resource), this.uuid(), cString(name));
    if (pointer === null) {
      throw xrtFailure(`open kernel ${name}`, operation, null, { kernel: name, exclusive });
    }
    return new XrtKernel({
      xrt: this.xrt,
      owner: this,
      parent: this.#resource,
      pointer,
      metadata,
      exclusive,
    });
  }

  /**
   * Opens the registers of a free-running instance (AP_CTRL_NONE).
   *
   * @param name `kernel:{instance}`, or `kernel` if it has one instance.
   * @throws {OnpathError} `device` when the xclbin lacks the instance (the message lists its instances), or
   * XRT fails.
   */
  ip(name: string): XrtIp {
    const kernel = findKernel(this.xclbin, name);
    const instanceName = instanceOf(name);
    const instance = kernel.instances.find((each) =>
      each.name === (instanceName ?? kernel.instances[0]!.name)
    );
    if (
      instance === undefined || instance.index < 0 ||
      (instanceName === undefined && kernel.instances.length > 1)
    ) {
      throw new OnpathError(
        "device",
        `Cannot open ${name}: expected one instance, kernel ${kernel.name} has ${kernel.instances.length} with registers`,
        { name, instances: kernel.instances.map(({ name }) => name) },
      );
    }
    const pointer = this.xrt.calls.xrtDeviceToXclDevice(live(this.#resource));
    if (pointer === null) throw xrtFailure(`open ${name}`, "xrtDeviceToXclDevice", null, { name });
    const shim = openShim(this.xrt, SHIMS[emulationMode()]);
    const { range } = kernel;
    return new XrtIp({
      shim,
      owner: this,
      parent: this.#resource,
      pointer,
      uuid: this.uuid(),
      instance,
      range,
    });
  }

  /**
   * Allocates a buffer.
   * @param options Size, memory group, kind, timeout and abort signal.
   * @throws {OnpathError} `size` when the size or group is out of range; `device` when XRT fails; `timeout`.
   */
  async allocate(options: AllocateOptions): Promise<XrtBuffer> {
    const { bytes, group = 0, kind = "normal" } = options;
    checkInteger("buffer bytes", bytes, 1, MAX_BUFFER_BYTES);
    checkInteger("memory group", group, 0, 0xffff);
    options.signal?.throwIfAborted();
    const task = this.xrt.tasks.xrtBOAlloc(live(this.#resource), bytes, BUFFER_KINDS[kind], group);
    const pointer = await bounded(`a buffer of ${bytes} bytes`, task, options);
    if (pointer === null) {
      throw xrtFailure(`allocate a ${kind} buffer of ${bytes} bytes in group ${group}`, "xrtBOAlloc", null, {
        bytes,
        group,
        kind,
      });
    }
    const buffer = new XrtBuffer({
      xrt: this.xrt,
      owner: this,
      parent: this.#resource,
      pointer,
      bytes,
      kind,
      group,
    });
    // If the device process refuses an allocation, XRT's software emulation returns a buffer at address 0.
    // No valid buffer has that address after an xclbin is loaded: XRT's own buffer occupies it.
    if (buffer.address !== 0n || this.#xclbin === undefined || emulationMode() !== "sw_emu") return buffer;
    buffer.close();
    throw xrtFailure(`allocate a ${kind} buffer of ${bytes} bytes in group ${group}`, "xrtBOAlloc", null, {
      bytes,
      group,
      kind,
    });
  }

  /**
   * Creates a buffer from existing host memory, such as a WebAssembly engine's, without a copy on the host.
   * @param memory Bytes whose address is a multiple of 4096 and never changes. Memory of WebAssembly and
   * large ArrayBuffers keep their address.
   * @param group Index of a memory group. Default 0.
   * @param options Timeout and abort signal.
   * @throws {OnpathError} `size` when the memory is misaligned; `device` when XRT fails; `timeout`.
   */
  async wrap(memory: Uint8Array, group = 0, options: WaitOptions = {}): Promise<XrtBuffer> {
    const bytes = checkInteger("buffer bytes", memory.length, 1, MAX_BUFFER_BYTES);
    const start = this.xrt.provider.pointerTo(memory);
    const misplaced = Number(this.xrt.provider.address(start) % BigInt(HOST_ALIGNMENT));
    if (misplaced !== 0) {
      throw new OnpathError(
        "size",
        `Cannot wrap host memory as a buffer: its address is ${misplaced} bytes past a multiple of ${HOST_ALIGNMENT}`,
        { misplaced, alignment: HOST_ALIGNMENT },
      );
    }
    options.signal?.throwIfAborted();
    const task = this.xrt.tasks.xrtBOAllocUserPtr(live(this.#resource), start, bytes, 0, group);
    const pointer = await bounded(`a buffer of ${bytes} bytes`, task, options);
    if (pointer === null) {
      throw xrtFailure(`wrap ${bytes} bytes of host memory as a buffer`, "xrtBOAllocUserPtr", null, {
        bytes,
        group,
      });
    }
    const { xrt } = this;
    return new XrtBuffer({
      xrt,
      owner: this,
      parent: this.#resource,
      pointer,
      bytes,
      kind: "normal",
      group,
      memory,
    });
  }

  /**
   * Imports a buffer that another process exported.
   *
   * @param handle File descriptor from `XrtBuffer.export`, as valid in this process.
   * @param group Index of the memory group that contains the buffer. Default 0.
   * @throws {OnpathError} `device` when XRT fails.
   */
  import(handle: number, group = 0): XrtBuffer {
    const pointer = this.xrt.calls.xrtBOImport(live(this.#resource), handle);
    if (pointer === null) throw xrtFailure("import a buffer", "xrtBOImport", null, { handle });
    const bytes = Number(this.xrt.calls.xrtBOSize(pointer));
    const { xrt } = this;
    return new XrtBuffer({ xrt, owner: this, parent: this.#resource, pointer, bytes, kind: "normal", group });
  }

  /** Closes runs, kernels, buffers and the device, in that order. Further calls do nothing. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /**
   * Drops the device and everything open on it without calling XRT. Use it for a device that no longer
   * responds, where every call would block forever. XRT keeps the resources until the process ends.
   */
  abandon(): void {
    abandon(this.#resource);
  }

  /** Closes the device at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
