/**
 * Buffers: memory that host and card both know.
 *
 * @module
 */

import { bounded, type WaitOptions } from "../../../../serialize/wait.ts";
import { checkWhole, OnpathError } from "../../../../serialize/errors.ts";
import type { Xrt } from "./library.ts";
import type { Pointer } from "./native.ts";
import { xrtFailure } from "./failures.ts";
import { begin, close, end, hold, isFreed, live, RANK, type Resource } from "./resource.ts";

/**
 * Kinds of buffers and their flags (`XCL_BO_FLAGS_*`).
 *
 * | kind | memory |
 * |---|---|
 * | `normal` | a copy on the host, one on the card; `sync` moves bytes |
 * | `cacheable` | the same, cached on edge devices |
 * | `device-only` | on the card alone: no `map`, no `sync` |
 * | `host-only` | on the host alone; the card reads and writes it over PCIe. The bank must be HOST |
 * | `p2p` | on the card, and seen by the host and other PCIe devices without a copy |
 */
export const BUFFER_KINDS = {
  normal: 0,
  cacheable: 2 ** 24,
  "device-only": 2 ** 28,
  "host-only": 2 ** 29,
  p2p: 2 ** 30,
} as const;

/** What sort of memory a buffer is. */
export type BufferKind = keyof typeof BUFFER_KINDS;

/** Which way bytes go (`enum xclBOSyncDirection`). */
export const DIRECTION = { toDevice: 0, fromDevice: 1 } as const;

/** A way that bytes go. */
export type Direction = keyof typeof DIRECTION;

/** A buffer has at most this many bytes (2^40): an address of the card has about 40 bits. */
export const MAX_BUFFER_BYTES = 2 ** 40;

/** The bytes of memory of the host that become a buffer begin at a multiple of this. */
export const HOST_ALIGNMENT = 4096;

/**
 * What is needed to make a buffer's object.
 *
 * @internal
 */
export interface BufferFacts {
  /** XRT. */
  readonly xrt: Xrt;
  /** Whose it is: a device, or the buffer that it is a part of. */
  readonly owner: XrtBuffer | object;
  /** The owner's record. */
  readonly parent: Resource;
  /** XRT's handle. */
  readonly pointer: Pointer;
  /** Bytes. */
  readonly bytes: number;
  /** Its kind. */
  readonly kind: BufferKind;
  /** Number of the memory group that it is in. */
  readonly group: number;
  /** Memory of this process that it stands for; it must not go away before. */
  readonly memory?: Uint8Array | undefined;
}

/** A buffer. It is closed by `close`, by `using`, or with its device. */
export class XrtBuffer implements Disposable {
  /** Bytes. */
  readonly bytes: number;
  /** Its kind. */
  readonly kind: BufferKind;
  /** Number of the memory group that it is in; it must be that of the argument it is given to. */
  readonly group: number;
  /** Address of its first byte, as the card sees it; that of a part lies within that of the whole. */
  readonly address: bigint;
  readonly #xrt: Xrt;
  readonly #size: bigint;
  readonly #resource: Resource;
  // Keeps what it is a part of, and the memory that it stands for, from being collected.
  readonly #owner: object;
  readonly #memory: Uint8Array | undefined;
  #mapped: ArrayBuffer | undefined;

  /**
   * Takes a handle over. Use `XrtDevice.allocate` and `XrtDevice.wrap`.
   *
   * @param facts The handle and what it is.
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
   * Its record, for runs that use it.
   *
   * @internal
   */
  get resource(): Resource {
    return this.#resource;
  }

  /** XRT's handle, for what this class does not cover. */
  get pointer(): Pointer {
    return live(this.#resource);
  }

  /** Whether it is freed. After `close` it may take until the run that uses it has ended. */
  get freed(): boolean {
    return isFreed(this.#resource);
  }

  /**
   * The host's side of the buffer, without a copy: what is written there is there. It must not be used
   * once the buffer is closed.
   *
   * @returns Always the same ArrayBuffer; for memory that was wrapped, the one of that memory.
   * @throws {OnpathError} `device` when the buffer is closed or on the device alone.
   */
  map(): Uint8Array<ArrayBuffer> {
    const pointer = live(this.#resource);
    if (this.#memory !== undefined) return this.#memory as Uint8Array<ArrayBuffer>;
    if (this.#mapped === undefined) {
      // XRT gives null for this one, and sync of it waits for ever.
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
   * Moves bytes between host and card on this thread.
   *
   * @param direction Which way.
   * @param bytes How many. Default: all from the offset on.
   * @param offset The first one.
   * @throws {OnpathError} `size` when the range is not within the buffer; `device` when XRT refuses.
   */
  syncNow(direction: Direction, bytes: number = this.bytes, offset = 0): void {
    const pointer = this.#ready(bytes, offset);
    // Deno's fast calls take a size as a bigint; a number costs ten times as much.
    const result = this.#xrt.calls.xrtBOSync(
      pointer,
      DIRECTION[direction],
      bytes === this.bytes ? this.#size : BigInt(bytes),
      offset === 0 ? 0n : BigInt(offset),
    );
    if (result !== 0) throw this.#syncFailure(direction, bytes, offset, result);
  }

  /**
   * Moves bytes between host and card on another thread.
   *
   * @param direction Which way.
   * @param bytes How many.
   * @param offset The first one.
   * @param options How long to wait, and a signal. A move that is waited for no longer still goes on.
   * @throws {OnpathError} As {@linkcode XrtBuffer.syncNow}, and `timeout`.
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
   * A part of the buffer as a buffer of its own: the same memory, on the host and on the card.
   *
   * @param bytes Its bytes.
   * @param offset Where it begins.
   * @returns The part; it is closed before the whole.
   * @throws {OnpathError} `size` when it is not within the buffer; `device` when XRT refuses.
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
   * Copies from another buffer on the card.
   *
   * @param source The other buffer.
   * @param bytes How many.
   * @param to First byte here.
   * @param from First byte there.
   * @param options How long to wait, and a signal.
   * @throws {OnpathError} `size`, `device` or `timeout`.
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
   * Lends the buffer to other processes.
   *
   * @returns A file descriptor, for `XrtDevice.import`.
   * @throws {OnpathError} `device` when the driver cannot.
   */
  export(): number {
    const handle = this.#xrt.calls.xrtBOExport(live(this.#resource));
    if (handle < 0) throw xrtFailure("export a buffer", "xrtBOExport", handle, this.#details());
    return handle;
  }

  /** Frees it, its parts first. May be called again. */
  close(): void {
    if (this.#resource.pointer !== null) close(this.#resource);
  }

  /** Frees it. */
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
    checkWhole("a place in a buffer of", offset, 0, this.bytes - 1);
    checkWhole("a number of bytes of", bytes, 1, this.bytes - offset);
  }

  #refuseDeviceOnly(what: string): void {
    if (this.kind !== "device-only") return;
    throw new OnpathError(
      "device",
      `Cannot ${what} a buffer of ${this.bytes} bytes: it is on the device alone. Take another kind, or copyFrom`,
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
