/**
 * Engine: one fixed block of WebAssembly memory, and the hot loops of serialization that run on it.
 * Packets are written and sealed in place, without a copy.
 *
 * The module has 3 KB and imports only its memory. It needs fixed-width SIMD: Node 16, Chrome 91, Firefox 89
 * or Safari 16.4.
 *
 * @module
 */

import { checkInteger, OnpathError } from "./errors.ts";
import { ENGINE_WASM } from "./engine_wasm.ts";

/** Compiled functions. Addresses are byte offsets into the engine's memory. See `wasm/engine.ts`. */
export interface EngineFunctions {
  /** CRC-32C of bytes, continued from `seed`; 0 starts a new CRC. The result is signed: apply `>>> 0`. */
  readonly crc32c: (address: number, length: number, seed: number) => number;
  /** CRC-32C of a packet, with its CRC field read as zero. The result is signed: apply `>>> 0`. */
  readonly packetCrc: (address: number, length: number) => number;
  /** Computes the CRC of a packet and writes it into the header. */
  readonly seal: (address: number, length: number) => void;
  /** Writes cells of 1 channel, 8 bytes each. */
  readonly cells1: WriteCells;
  /** Writes cells of 3 channels, 16 bytes each. */
  readonly cells3: WriteCells;
  /** Writes cells of 3 channels whose right neighbours directly follow the left ones. */
  readonly cells3Adjacent: WriteCells;
  /** Writes cells of 4 channels, 32 bytes each. */
  readonly cells4: WriteCells;
  /** Writes tiles of 1 channel, 4 bytes each. */
  readonly tiles1: WriteCells;
  /** Writes tiles of 3 channels, 12 bytes each. */
  readonly tiles3: WriteCells;
  /** Writes tiles of 4 channels, 16 bytes each. */
  readonly tiles4: WriteCells;
}

/**
 * Writes `count` cells to address `out` from two input rows at addresses `top` and `bottom`.
 * `columns` is the address of a table with 12 bytes a cell: left byte offset, right byte offset, and the
 * column's part of the weight index, u32 each.
 * `row` is the row's part of the weight index.
 */
export type WriteCells = (
  out: number,
  top: number,
  bottom: number,
  columns: number,
  count: number,
  row: number,
) => void;

/** WebAssembly memory, in a type that needs no library of the DOM. */
export interface EngineMemory {
  /** All bytes. */
  readonly buffer: ArrayBuffer;
}

/** Memory block of fixed size, with the functions that work on it. */
export interface Engine {
  /** Memory, for WebAssembly modules that share it. It never grows. */
  readonly memory: EngineMemory;
  /** All memory as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All memory, for numbers at any address. */
  readonly view: DataView<ArrayBuffer>;
  /** The compiled functions. */
  readonly functions: EngineFunctions;
  /**
   * Reserves bytes. They stay reserved until the engine is garbage-collected.
   *
   * @param length Number of bytes.
   * @param alignment Alignment of the address in bytes: a power of two from 64 to 65,536. Default 64. The
   * memory begins at a page of the machine, so the alignment also holds for machine addresses.
   * @returns Address of the first byte.
   * @throws {OnpathError} `size` when too little memory is left, or the alignment is invalid.
   */
  readonly reserve: (length: number, alignment?: number) => number;
}

/** Maximum capacity of an engine in bytes (1 GiB). */
export const MAX_ENGINE_BYTES = 2 ** 30;

/** First address that {@linkcode Engine.reserve} returns. The tables of `wasm/engine.ts` lie below it. */
export const FIRST_FREE = 21760;
const PAGE = 65536;

let compiled: WebAssembly.Module | undefined;

/**
 * Creates an engine.
 *
 * @param capacity Bytes that can be reserved, at most {@linkcode MAX_ENGINE_BYTES}.
 * @returns Engine whose memory is all zero.
 * @throws {OnpathError} `size` when the capacity exceeds {@linkcode MAX_ENGINE_BYTES}.
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
  checkInteger("engine capacity in bytes", capacity, 0, MAX_ENGINE_BYTES);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((FIRST_FREE + capacity + 128) / PAGE) });
  const end = memory.buffer.byteLength;
  let next = FIRST_FREE;
  return {
    memory,
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
    functions: engineFunctions(memory),
    reserve: (length, alignment = 64) => {
      checkInteger("log2 of an alignment", Math.log2(alignment), 6, 16);
      const address = Math.ceil(next / alignment) * alignment;
      const after = Math.ceil((address + length) / 64) * 64;
      if (after > end) {
        throw new OnpathError(
          "size",
          `Cannot reserve ${length} bytes in the engine: ${Math.max(0, end - address)} bytes are left`,
          { length, left: end - address },
        );
      }
      next = after;
      return address;
    },
  };
}

/**
 * Creates the functions over a memory that another module uses too.
 *
 * @param memory Memory whose first {@linkcode FIRST_FREE} bytes the functions own.
 */
export function engineFunctions(memory: EngineMemory): EngineFunctions {
  compiled ??= new WebAssembly.Module(decodeBase64(ENGINE_WASM));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory: memory as WebAssembly.Memory } });
  (exports["init"] as () => void)();
  return exports as unknown as EngineFunctions;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
