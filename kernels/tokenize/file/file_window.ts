/**
 * Window on the body of a file in the memory of WebAssembly. A copy of the whole body would touch as many new pages
 * as it has, which costs more than to read it.
 *
 * @module
 */

import { engineFunctions, type EngineMemory } from "../../../serialize/engine.ts";
import { type EngineFunctions, FIRST_FREE, instantiate, type LoadFunctions } from "../engine_functions.ts";
import type { NumberArray } from "./bits.ts";

/** Numbers that a window shows at once; a multiple of 8, so that each begins with a byte. */
export const STEP = 4096;
/** Bytes of the window. Each half holds {@linkcode STEP} numbers of 23 bits, the widest. */
const WINDOW_BYTES = 2 ** 15;
/** Bytes that a number of up to 32 bits may be read beyond its own. */
const SLACK = 4;
const PAGE = 65536;

/** Place of an array of numbers in a file's body. */
export interface Packed {
  /** Offset of the first number's bits. */
  readonly at: number;
  /** Bits of a number. */
  readonly width: number;
}

/** Window on a file's body. */
export interface FileWindow {
  /** Memory of the window, and of the tables to be. */
  readonly memory: EngineMemory;
  /** Functions over that memory, made at their first use. */
  readonly functions: () => EngineFunctions & LoadFunctions;
  /** First address behind the window. */
  readonly end: number;
  /** CRC-32C of the whole body. */
  readonly checksum: () => number;
  /**
   * Shows numbers of an array.
   *
   * @param half 0 or 1, one for each array that is shown at once.
   * @param array Place of the array.
   * @param from First number, a multiple of 8.
   * @param to Exclusive end, at most {@linkcode STEP} numbers later.
   * @returns Address of the first number's bits.
   */
  readonly show: (half: number, array: Packed, from: number, to: number) => number;
  /**
   * Unpacks a whole array: JavaScript that runs once is slower by far.
   *
   * @param array Place of the array.
   * @param into Destination; its length is the count.
   * @returns The greatest number.
   */
  readonly unpack: (array: Packed, into: NumberArray) => number;
}

/**
 * Creates a window, with a memory of its own.
 *
 * @param body Body of the file.
 * @returns The window, or null where WebAssembly is forbidden.
 */
export function createWindow(body: Uint8Array): FileWindow | null {
  if (typeof WebAssembly === "undefined") return null;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((FIRST_FREE + WINDOW_BYTES) / PAGE) });
  let crc32c;
  try {
    ({ crc32c } = engineFunctions(memory));
  } catch (error) {
    // The policy of a page can forbid compiling; the plain path needs none.
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
  let functions: ReturnType<FileWindow["functions"]> | undefined;
  const loaded = () => functions ??= instantiate(memory);
  const show: FileWindow["show"] = (half, { at, width }, from, to) => {
    // The memory grew since.
    if (bytes.length === 0) bytes = new Uint8Array(memory.buffer, FIRST_FREE, WINDOW_BYTES);
    const first = at + from * width / 8, offset = half * WINDOW_BYTES / 2;
    bytes.set(body.subarray(first, first + Math.ceil((to - from) * width / 8) + SLACK), offset);
    return FIRST_FREE + offset;
  };
  let bytes = new Uint8Array(memory.buffer, FIRST_FREE, WINDOW_BYTES);
  return {
    memory,
    end: FIRST_FREE + WINDOW_BYTES,
    checksum: () => {
      let crc = 0;
      for (let at = 0; at < body.length; at += WINDOW_BYTES) {
        const part = body.subarray(at, at + WINDOW_BYTES);
        bytes.set(part);
        crc = crc32c(FIRST_FREE, part.length, crc);
      }
      return crc >>> 0;
    },
    functions: loaded,
    show,
    unpack: (array, into) => {
      const { unpack } = loaded();
      // The other half takes the numbers.
      const out = FIRST_FREE + WINDOW_BYTES / 2;
      let greatest = 0;
      for (let from = 0; from < into.length; from += STEP) {
        const count = Math.min(STEP, into.length - from);
        greatest = Math.max(
          greatest,
          unpack(show(0, array, from, from + count), array.width, out, 4, count) >>> 0,
        );
        into.set(new Uint32Array(memory.buffer, out, count), from);
      }
      return greatest;
    },
  };
}
