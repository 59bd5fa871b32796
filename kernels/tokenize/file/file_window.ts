/**
 * Window on the body of a file in the memory of WebAssembly. A copy of the whole body would touch as many new pages
 * as it has, which costs more than to read it.
 *
 * @module
 */

import { engineFunctions, type EngineMemory } from "../../../serialize/engine.ts";
import { FIRST_FREE } from "../engine_functions.ts";

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
    show: (half, { at, width }, from, to) => {
      // The memory grew since.
      if (bytes.length === 0) bytes = new Uint8Array(memory.buffer, FIRST_FREE, WINDOW_BYTES);
      const first = at + from * width / 8, offset = half * WINDOW_BYTES / 2;
      bytes.set(body.subarray(first, first + Math.ceil((to - from) * width / 8) + SLACK), offset);
      return FIRST_FREE + offset;
    },
  };
}
