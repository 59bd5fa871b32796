/**
 * The engine: one fixed block of WebAssembly memory with the hot loops of serialization beside the
 * bytes they work on. Packets written here are sealed in place, without a copy.
 *
 * The module is 3 KB, imports nothing but its memory, and needs fixed-width SIMD (Node 16, Chrome
 * 91, Firefox 89, Safari 16.4).
 *
 * @module
 */

import { checkWhole, OnpathError } from "./errors.ts";
import { ENGINE_WASM } from "./engine_wasm.ts";

/** The compiled functions; addresses are byte offsets into the engine's memory. See `wasm/engine.ts`. */
export interface EngineFunctions {
  /** CRC-32C of bytes, continuing from `seed` (0: none). The result is signed: `>>> 0` it. */
  readonly crc32c: (address: number, length: number, seed: number) => number;
  /** CRC-32C of a packet with its CRC field taken as zero. Signed. */
  readonly packetCrc: (address: number, length: number) => number;
  /** Writes a packet's CRC into its header. */
  readonly seal: (address: number, length: number) => void;
  /** Writes cells of 1 channel. */
  readonly cells1: WriteCells;
  /** Writes cells of 3 channels. */
  readonly cells3: WriteCells;
  /** Writes cells of 3 channels whose right neighbours follow the left ones. */
  readonly cells3Adjacent: WriteCells;
  /** Writes cells of 4 channels. */
  readonly cells4: WriteCells;
  /** Writes tiles of 1 channel. */
  readonly tiles1: WriteCells;
  /** Writes tiles of 3 channels. */
  readonly tiles3: WriteCells;
  /** Writes tiles of 4 channels. */
  readonly tiles4: WriteCells;
}

/**
 * Writes `count` cells to `out` from two rows at `top` and `bottom`; `columns` is the address of 12
 * bytes a cell (left and right byte offset, the column's part of the weight index), `row` the row's
 * part of the weight index.
 */
export type WriteCells = (
  out: number,
  top: number,
  bottom: number,
  columns: number,
  count: number,
  row: number,
) => void;

/** A block of memory and the functions that work in it. Its size never changes. */
export interface Engine {
  /** The whole memory as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The whole memory, for numbers at any address. */
  readonly view: DataView<ArrayBuffer>;
  /** The compiled functions. */
  readonly functions: EngineFunctions;
  /**
   * Reserves bytes until the engine is dropped.
   *
   * @param length Number of bytes.
   * @param alignment What their address is a multiple of, a power of two from 64 to 65,536. Default 64.
   * The memory itself begins at a page of the machine, so an alignment here is one there.
   * @returns Their address.
   * @throws {OnpathError} `size` when the engine has no room left, or the alignment is none.
   */
  readonly reserve: (length: number, alignment?: number) => number;
}

/** An engine holds at most this many bytes (1 GiB). */
export const MAX_ENGINE_BYTES = 2 ** 30;

/** First address that {@linkcode Engine.reserve} gives out; below lie the tables of `wasm/engine.ts`. */
const FIRST_FREE = 21760;
const PAGE = 65536;

let compiled: WebAssembly.Module | undefined;

/**
 * Makes an engine.
 *
 * @param capacity Bytes that can be reserved.
 * @returns The engine; all its memory is zero.
 * @throws {OnpathError} `size` when the capacity passes {@linkcode MAX_ENGINE_BYTES}.
 *
 * @example
 * ```ts
 * import { createEngine } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const engine = createEngine(1024);
 * const at = engine.reserve(9);
 * engine.bytes.set(new TextEncoder().encode("123456789"), at);
 * assert.equal(engine.functions.crc32c(at, 9, 0) >>> 0, 0xe3069283);
 * ```
 */
export function createEngine(capacity: number): Engine {
  checkWhole("an engine capacity in bytes of", capacity, 0, MAX_ENGINE_BYTES);
  compiled ??= new WebAssembly.Module(decodeBase64(ENGINE_WASM));
  const memory = new WebAssembly.Memory({ initial: Math.ceil((FIRST_FREE + capacity + 128) / PAGE) });
  const exports = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
  (exports["init"] as () => void)();
  const end = memory.buffer.byteLength;
  let next = FIRST_FREE;
  return {
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    functions: exports as unknown as EngineFunctions,
    reserve: (length, alignment = 64) => {
      checkWhole("an alignment of two to the power of", Math.log2(alignment), 6, 16);
      const address = Math.ceil(next / alignment) * alignment;
      const after = Math.ceil((address + length) / 64) * 64;
      if (after > end) {
        throw new OnpathError(
          "size",
          `Cannot reserve ${length} bytes in the engine: ${Math.max(0, end - address)} are left`,
          { length, left: end - address },
        );
      }
      next = after;
      return address;
    },
  };
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
