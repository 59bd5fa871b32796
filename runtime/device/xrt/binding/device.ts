/**
 * Cards, and emulated ones, as XRT knows them.
 *
 * @module
 */

import { bounded, type WaitOptions } from "../../../../serialize/wait.ts";
import { checkWhole, OnpathError } from "../../../../serialize/errors.ts";
import { BUFFER_KINDS, type BufferKind, HOST_ALIGNMENT, MAX_BUFFER_BYTES, XrtBuffer } from "./buffer.ts";
import { checkIndex, checkMode, findKernel, instanceOf, readXclbinFile } from "./device_checks.ts";
import { checkXrtEnvironment, emulationMode, SHIMS } from "./environment.ts";
import { xrtFailure } from "./failures.ts";
import { XrtIp } from "./ip.ts";
import { XrtKernel } from "./kernel.ts";
import { openShim, openXrt, type Xrt, type XrtOptions } from "./library.ts";
import { cString, type Pointer } from "./native.ts";
import { abandon, close, hold, isFreed, live, RANK, type Resource } from "./resource.ts";
import type { Xclbin } from "../xclbin/xclbin.ts";
import { readXclbin } from "../xclbin/xclbin_read.ts";

/** Which device is opened. */
export interface OpenOptions extends XrtOptions, WaitOptions {
  /** Its number. Default 0. */
  readonly index?: number | undefined;
  /** Its PCIe address in place of a number, such as `0000:3b:00.1`. */
  readonly bdf?: string | undefined;
}

/** A buffer that is wanted. */
export interface AllocateOptions extends WaitOptions {
  /** Bytes. */
  readonly bytes: number;
  /** Number of a memory group, from `XrtKernel.group`. Default 0. */
  readonly group?: number | undefined;
  /** Its kind. Default `normal`. */
  readonly kind?: BufferKind | undefined;
}

/**
 * A device. Closing it closes its runs, kernels and buffers before it, in that order.
 *
 * Calls that end in `Now`, and all that return no promise, keep this thread until XRT answers. The others
 * run on another thread and are bounded by a timeout.
 */
export class XrtDevice implements Disposable {
  /** XRT. */
  readonly xrt: Xrt;
  /** Its number; null where it was opened by its address. */
  readonly index: number | null;
  readonly #resource: Resource;
  #xclbin: Xclbin | undefined;

  /** The device that lent its handle: it is not collected before this one. */
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
   * Another object for the same open device, with the xclbin that is loaded: closing it closes what was opened through it, and the device stays
   * open. A program that opens one device again and again keeps it and lends it: XRT starts a thread for each
   * device that it opens, and ends none before the process ends.
   *
   * @returns The object. It closes with this one at the latest.
   * @throws {OnpathError} `device` when this one is closed.
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
   * @param options Which one, how XRT is found, how long to wait.
   * @throws {OnpathError} `device` when XRT is not installed, the environment would end the process, or
   * there is no such device; `timeout`.
   */
  static async open(options: OpenOptions = {}): Promise<XrtDevice> {
    const { index = 0, bdf } = options;
    checkWhole("a device's number of", index, 0, 255);
    const xrt = await openXrt(options);
    checkXrtEnvironment(xrt);
    checkIndex(index, bdf);
    options.signal?.throwIfAborted();
    const what = bdf === undefined ? `device ${index}` : `device ${bdf}`;
    const operation = bdf === undefined ? "xrtDeviceOpen" : "xrtDeviceOpenByBDF";
    const name = bdf === undefined ? null : cString(bdf);
    const opened = name === null ? xrt.tasks.xrtDeviceOpen(index) : xrt.tasks.xrtDeviceOpenByBDF(name);
    // One that is opened after everybody has gone is closed again.
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

  /** XRT's handle, for what this class does not cover. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether it is freed. After `close` it may take until a run that is under way has ended. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /** The xclbin that was loaded through this object. */
  get xclbin(): Xclbin {
    if (this.#xclbin !== undefined) return this.#xclbin;
    throw new OnpathError("device", `Cannot use the kernels of ${this.#resource.what}: no xclbin is loaded`);
  }

  /**
   * Loads an xclbin. It is read and checked here first: XRT believes every length in it.
   *
   * @param source Its path or its bytes.
   * @param options How long to wait, and a signal.
   * @returns What it says about itself.
   * @throws {OnpathError} `file` when it cannot be read or is none; `device` when it is for another kind of
   * device than this process has, or XRT refuses; `timeout`.
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
   * The uuid of what is loaded, as XRT says it.
   *
   * @returns 16 bytes.
   * @throws {OnpathError} `device` when nothing is loaded.
   */
  uuid(): Uint8Array {
    const uuid = new Uint8Array(16);
    const result = this.xrt.calls.xrtDeviceGetXclbinUUID(live(this.#resource), uuid);
    if (result !== 0) throw xrtFailure("read the uuid of what is loaded", "xrtDeviceGetXclbinUUID", result);
    return uuid;
  }

  /**
   * Opens a kernel of the loaded xclbin.
   *
   * @param name Its name: `kernel` for all its instances, `kernel:{instance}` for one.
   * @param options Whether it is for this process alone; then its registers can be read and written.
   * @throws {OnpathError} `device` when there is no such kernel, with those there are, or XRT refuses.
   */
  kernel(name: string, options: { readonly exclusive?: boolean } = {}): XrtKernel {
    const { exclusive = false } = options;
    const metadata = findKernel(this.xclbin, name);
    if (
      metadata.instances.length > 0 && metadata.instances.every(({ control }) => control === "AP_CTRL_NONE")
    ) {
      throw new OnpathError(
        "device",
        `Cannot open kernel ${name}: it runs by itself (AP_CTRL_NONE). Use ip("${name}") for its registers`,
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
   * Opens an instance that runs by itself, for its registers.
   *
   * @param name `kernel:{instance}`, or `kernel` where it has one instance.
   * @throws {OnpathError} `device` when there is no such instance, with those there are, or XRT refuses.
   */
  ip(name: string): XrtIp {
    const kernel = findKernel(this.xclbin, name);
    const wanted = instanceOf(name);
    const instance = kernel.instances.find((each) => each.name === (wanted ?? kernel.instances[0]!.name));
    if (
      instance === undefined || instance.index < 0 || (wanted === undefined && kernel.instances.length > 1)
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
   *
   * @param options How large, where, of which kind, how long to wait.
   * @throws {OnpathError} `size` when the size is outside its limits; `device` when XRT refuses; `timeout`.
   */
  async allocate(options: AllocateOptions): Promise<XrtBuffer> {
    const { bytes, group = 0, kind = "normal" } = options;
    checkWhole("a buffer in bytes of", bytes, 1, MAX_BUFFER_BYTES);
    checkWhole("a memory group of", group, 0, 0xffff);
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
    // XRT's software emulation takes a refusal of the device process for a buffer at address 0, where it
    // has had one of its own when it loaded the xclbin.
    if (buffer.address !== 0n || this.#xclbin === undefined || emulationMode() !== "sw_emu") return buffer;
    buffer.close();
    throw xrtFailure(`allocate a ${kind} buffer of ${bytes} bytes in group ${group}`, "xrtBOAlloc", null, {
      bytes,
      group,
      kind,
    });
  }

  /**
   * Makes a buffer of memory that is there already, such as an engine's: what is written to it needs no
   * copy on the host. The driver takes such memory for its ordinary buffers as well.
   *
   * @param memory The bytes; they must begin at a multiple of 4096, and not move: memory of WebAssembly
   * and large ArrayBuffers do not.
   * @param group Number of a memory group.
   * @param options How long to wait, and a signal.
   * @throws {OnpathError} `size` when the memory begins elsewhere; `device` when XRT refuses; `timeout`.
   */
  async wrap(memory: Uint8Array, group = 0, options: WaitOptions = {}): Promise<XrtBuffer> {
    const bytes = checkWhole("a buffer in bytes of", memory.length, 1, MAX_BUFFER_BYTES);
    const place = this.xrt.provider.pointerTo(memory);
    const misplaced = Number(this.xrt.provider.address(place) % BigInt(HOST_ALIGNMENT));
    if (misplaced !== 0) {
      throw new OnpathError(
        "size",
        `Cannot make a buffer of memory that begins ${misplaced} bytes behind a multiple of ${HOST_ALIGNMENT}`,
        { misplaced, alignment: HOST_ALIGNMENT },
      );
    }
    options.signal?.throwIfAborted();
    const task = this.xrt.tasks.xrtBOAllocUserPtr(live(this.#resource), place, bytes, 0, group);
    const pointer = await bounded(`a buffer of ${bytes} bytes`, task, options);
    if (pointer === null) {
      throw xrtFailure(`make a buffer of ${bytes} bytes of memory`, "xrtBOAllocUserPtr", null, {
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
   * Takes a buffer that another process lent.
   *
   * @param handle What `XrtBuffer.export` gave, as this process has it.
   * @param group Number of the memory group that it is in.
   * @throws {OnpathError} `device` when XRT refuses.
   */
  import(handle: number, group = 0): XrtBuffer {
    const pointer = this.xrt.calls.xrtBOImport(live(this.#resource), handle);
    if (pointer === null) throw xrtFailure("import a buffer", "xrtBOImport", null, { handle });
    const bytes = Number(this.xrt.calls.xrtBOSize(pointer));
    const { xrt } = this;
    return new XrtBuffer({ xrt, owner: this, parent: this.#resource, pointer, bytes, kind: "normal", group });
  }

  /** Closes runs, kernels, buffers and the device, in that order. May be called again. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /**
   * Forgets the device and all that is open on it without a call: for one that no longer answers, where
   * every call would wait for ever. XRT keeps what it holds until the process ends.
   */
  abandon(): void {
    abandon(this.#resource);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}
