/**
 * Buffers: memory that the host and the card share.
 *
 * @module
 */

import { bounded, type WaitOptions } from "../../../../serialize/wait.ts";
import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import type { Xrt } from "./library.ts";
import type { Pointer } from "./native.ts";
import { xrtFailure } from "./failures.ts";
import { begin, close, end, hold, isFreed, live, RANK, type Resource } from "./resource.ts";

/**
 * Buffer kinds and their XRT flags (`XCL_BO_FLAGS_*`).
 *
 * | kind | memory |
 * |---|---|
 * | `normal` | one copy on the host and one on the card; `sync` copies between them |
 * | `cacheable` | as `normal`, and cached on edge devices |
 * | `device-only` | only on the card: `map` and `sync` throw |
 * | `host-only` | only on the host; the card accesses it over PCIe. The memory bank must be HOST |
 * | `p2p` | on the card; the host and other PCIe devices access it without a copy |
 */
export const BUFFER_KINDS = {
  normal: 0,
  cacheable: 2 ** 24,
  "device-only": 2 ** 28,
  "host-only": 2 ** 29,
  p2p: 2 ** 30,
} as const;

/** Kind of a buffer: a key of {@linkcode BUFFER_KINDS}. */
export type BufferKind = keyof typeof BUFFER_KINDS;

/** Directions of a copy and their XRT values (`enum xclBOSyncDirection`). */
export const DIRECTION = { toDevice: 0, fromDevice: 1 } as const;

/** Direction of a copy between host and card. */
export type Direction = keyof typeof DIRECTION;

/** Maximum bytes of a buffer, 2^40: addresses on the card have about 40 bits. */
export const MAX_BUFFER_BYTES = 2 ** 40;

/** Alignment in bytes of host memory that `XrtDevice.wrap` accepts. */
export const HOST_ALIGNMENT = 4096;

/**
 * Constructor arguments of {@linkcode XrtBuffer}.
 *
 * @internal
 */
export interface BufferFacts {
  /** Open XRT library. */
  readonly xrt: Xrt;
  /** Device, or the buffer that contains this part. Referenced to prevent its collection. */
  readonly owner: XrtBuffer | object;
  /** Resource record of the owner. */
  readonly parent: Resource;
  /** XRT handle of the buffer. */
  readonly pointer: Pointer;
  /** Size in bytes. */
  readonly bytes: number;
  /** Kind of memory. */
  readonly kind: BufferKind;
  /** Index of the memory group that contains the buffer. */
  readonly group: number;
  /** Wrapped host memory, if any. Referenced to prevent its collection. */
  readonly memory?: Uint8Array | undefined;
}

/** A buffer that host and card share. Closed by `close`, by `using`, or together with its device. */
export class XrtBuffer implements Disposable {
  /** Size in bytes. */
  readonly bytes: number;
  /** Kind of memory. */
  readonly kind: BufferKind;
  /** Index of the memory group. A kernel argument accepts only buffers of its own group. */
  readonly group: number;
  /** Address of the first byte on the card. A part has its address within the whole buffer. */
  readonly address: bigint;
  readonly #xrt: Xrt;
  readonly #size: bigint;
  readonly #resource: Resource;
  // References that keep the owner and the wrapped memory from being collected.
  readonly #owner: object;
  readonly #memory: Uint8Array | undefined;
  #mapped: ArrayBuffer | undefined;

  /**
   * Takes ownership of a handle. Use `XrtDevice.allocate` and `XrtDevice.wrap` to create buffers.
   *
   * @param facts Handle and its description.
   * @internal
   */
  constructor(facts: BufferFacts) {
    const { xrt, owner, parent, pointer, bytes, kind, group, memory } = facts;
    this.#xrt = xrt;
    this.#owner = owner;
    this.#memory = memory;
    this.bytes = bytes;
    this.#size = BigInt(bytes);
    this.kind = kind;
    this.group = group;
    this.address = BigInt(xrt.calls.xrtBOAddress(pointer));
    this.#resource = hold(this, {
      what: `buffer of ${bytes} bytes`,
      rank: RANK.buffer,
      parent,
      operation: "xrtBOFree",
      free: (held) => xrt.calls.xrtBOFree(held),
      pointer,
    });
  }

  /**
   * Resource record, for the runs that use the buffer.
   *
   * @internal
   */
  get resource(): Resource {
    return this.#resource;
  }

  /** XRT handle, for C functions that this class does not wrap. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether XRT has freed the buffer. After `close`, a run in flight delays this until the run ends. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * Maps the host side of the buffer, without a copy. Do not use the result after the buffer is closed.
   *
   * @returns View of the same ArrayBuffer on each call; the wrapped memory itself for a wrapped buffer.
   * @throws {OnpathError} `device` when the buffer is closed, `device-only`, or XRT fails.
   */
  map(): Uint8Array<ArrayBuffer> {
    const pointer = live(this.#resource);
    if (this.#memory !== undefined) return this.#memory as Uint8Array<ArrayBuffer>;
    if (this.#mapped === undefined) {
      // XRT returns null for a device-only buffer, and its sync never returns.
      this.#refuseDeviceOnly("map");
      const memory = this.#xrt.calls.xrtBOMap(pointer);
      if (memory === null) {
        throw xrtFailure(`map a buffer of ${this.bytes} bytes`, "xrtBOMap", null, this.#details());
      }
      this.#mapped = this.#xrt.provider.view(memory, this.bytes);
    }
    return new Uint8Array(this.#mapped);
  }

  /**
   * Copies bytes between host and card, blocking this thread.
   * @param direction Direction of the copy.
   * @param bytes Bytes to copy. Default: the size of the buffer.
   * @param offset First byte in the buffer.
   * @throws {OnpathError} `size` when the range is outside the buffer; `device` when XRT fails.
   */
  syncNow(direction: Direction, bytes: number = this.bytes, offset = 0): void {
    const pointer = this.#ready(bytes, offset);
    // Deno's fast calls accept a size as a bigint; a number takes ten times as long.
    const result = this.#xrt.calls.xrtBOSync(
      pointer,
      DIRECTION[direction],
      bytes === this.bytes ? this.#size : BigInt(bytes),
      offset === 0 ? 0n : BigInt(offset),
    );
    if (result !== 0) throw this.#syncFailure(direction, bytes, offset, result);
  }

  /**
   * Copies bytes between host and card on another thread.
   * @param direction Direction of the copy.
   * @param bytes Bytes to copy. Default: the size of the buffer.
   * @param offset First byte in the buffer.
   * @param options Timeout and abort signal. The copy continues after a timeout or abort.
   * @throws {OnpathError} `timeout`, or as {@linkcode XrtBuffer.syncNow}.
   */
  async sync(
    direction: Direction,
    bytes: number = this.bytes,
    offset = 0,
    options: WaitOptions = {},
  ): Promise<void> {
    const pointer = this.#ready(bytes, offset);
    options.signal?.throwIfAborted();
    begin(this.#resource);
    const moved = this.#xrt.tasks.xrtBOSync(pointer, DIRECTION[direction], bytes, offset)
      .finally(() => end(this.#resource));
    const result = await bounded(`${bytes} bytes to be moved ${direction}`, moved, options);
    if (result !== 0) throw this.#syncFailure(direction, bytes, offset, result);
  }

  /**
   * Creates a buffer that shares a range of this buffer's memory on host and card.
   *
   * @param bytes Bytes of the part.
   * @param offset First byte in this buffer.
   * @returns The part. Closing this buffer closes the part first.
   * @throws {OnpathError} `size` when the range is outside the buffer; `device` when XRT fails.
   */
  part(bytes: number, offset: number): XrtBuffer {
    const parent = live(this.#resource);
    this.#checkRange(bytes, offset);
    const pointer = this.#xrt.calls.xrtBOSubAlloc(parent, bytes, offset);
    const details = { bytes, offset, whole: this.bytes };
    if (pointer === null) throw xrtFailure(`take a part of a buffer`, "xrtBOSubAlloc", null, details);
    return new XrtBuffer({
      xrt: this.#xrt,
      owner: this,
      parent: this.#resource,
      pointer,
      bytes,
      kind: this.kind,
      group: this.group,
      memory: this.#memory?.subarray(offset, offset + bytes),
    });
  }

  /**
   * Copies from another buffer within the card, on another thread.
   * @param source Buffer to copy from.
   * @param bytes Bytes to copy.
   * @param to First byte in this buffer.
   * @param from First byte in `source`.
   * @param options Timeout and abort signal. The copy continues after a timeout or abort.
   * @throws {OnpathError} `size` when a range is outside its buffer; `device` when XRT fails; `timeout`.
   */
  async copyFrom(
    source: XrtBuffer,
    bytes: number,
    to = 0,
    from = 0,
    options: WaitOptions = {},
  ): Promise<void> {
    const target = live(this.#resource);
    this.#checkRange(bytes, to);
    source.#checkRange(bytes, from);
    const other = live(source.#resource);
    options.signal?.throwIfAborted();
    begin(this.#resource);
    begin(source.#resource);
    const copied = this.#xrt.tasks.xrtBOCopy(target, other, bytes, to, from).finally(() => {
      end(this.#resource);
      end(source.#resource);
    });
    const result = await bounded(`${bytes} bytes to be copied on the card`, copied, options);
    if (result !== 0) {
      throw xrtFailure(`copy ${bytes} bytes on the card`, "xrtBOCopy", result, { bytes, to, from });
    }
  }

  /**
   * Exports the buffer to other processes.
   *
   * @returns File descriptor, for `XrtDevice.import`.
   * @throws {OnpathError} `device` when the driver does not support export.
   */
  export(): number {
    const handle = this.#xrt.calls.xrtBOExport(live(this.#resource));
    if (handle < 0) throw xrtFailure("export a buffer", "xrtBOExport", handle, this.#details());
    return handle;
  }

  /** Frees the parts, then the buffer. Further calls do nothing. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /** Frees the buffer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #ready(bytes: number, offset: number): Pointer {
    const pointer = live(this.#resource);
    this.#refuseDeviceOnly("sync");
    this.#checkRange(bytes, offset);
    return pointer;
  }

  #checkRange(bytes: number, offset: number): void {
    checkInteger("buffer offset", offset, 0, this.bytes - 1);
    checkInteger("byte count", bytes, 1, this.bytes - offset);
  }

  #refuseDeviceOnly(what: string): void {
    if (this.kind !== "device-only") return;
    throw new OnpathError(
      "device",
      `Cannot ${what} a buffer of ${this.bytes} bytes: it is only on the device. Use another kind of buffer, or copyFrom`,
      this.#details(),
    );
  }

  #syncFailure(direction: Direction, bytes: number, offset: number, result: number): OnpathError {
    return xrtFailure(`move ${bytes} bytes ${direction}`, "xrtBOSync", result, {
      ...this.#details(),
      direction,
      bytes,
      offset,
    });
  }

  #details() {
    return {
      bytes: this.bytes,
      kind: this.kind,
      group: this.group,
      address: `0x${this.address.toString(16)}`,
    };
  }
}
