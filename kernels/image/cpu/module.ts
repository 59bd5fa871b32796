/**
 * Compiled loops over images, and the one block of memory that an executor holds.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { Channels } from "../../../serialize/sampling.ts";
import { IMAGES_WASM } from "./images_wasm.ts";

/** Samples one row of four-neighbour pixels; see `wasm/bilinear.ts`. */
export type Bilinear = (
  to: number,
  plane: number,
  top: number,
  bottom: number,
  columns: number,
  count: number,
  row: number,
  constants: number,
) => void;

/** Names of roundings in {@linkcode BilinearFunctions}. */
export type Rounding = "OpenCv" | "HalfUp" | "HalfEven" | "Scaled";

/** Four neighbours, for each number of channels and each rounding. */
export type BilinearFunctions = Readonly<Record<`bilinear${Channels}${Rounding}`, Bilinear>>;

/** Filters the columns of rows; see `wasm/columns.ts`. */
type Columns = (
  from: number,
  pitch: number,
  to: number,
  toPitch: number,
  rows: number,
  table: number,
  count: number,
  shift: number,
) => void;

/** Looks up levels in tables; see `wasm/finish.ts`. */
type LookUp = (
  from: number,
  pitch: number,
  to: number,
  toPitch: number,
  rows: number,
  count: number,
  table: number,
  channels: number,
) => void;

/** Normalizes levels by arithmetic; see `wasm/finish.ts`. */
type Finish = (
  from: number,
  pitch: number,
  to: number,
  toPitch: number,
  rows: number,
  count: number,
  constants: number,
  isUnit: number,
) => void;

/** Converts between planes and interleaved pixels; see `wasm/move.ts`. */
type Interleave = (to: number, plane: number, from: number, count: number) => void;

/** Compiled functions. Addresses are byte offsets into the memory. */
export interface ImageFunctions extends BilinearFunctions {
  /** Four neighbours whose column weights exceed 16 bits, or whose sums exceed 31. */
  readonly bilinearWide: (
    to: number,
    channels: number,
    top: number,
    bottom: number,
    columns: number,
    count: number,
    upper: number,
    lower: number,
    denominator: number,
    isEven: number,
  ) => void;
  /** Column filter, 1 channel. */
  readonly columns1: Columns;
  /** Column filter, 3 channels. */
  readonly columns3: Columns;
  /** Column filter, 4 channels. */
  readonly columns4: Columns;
  /** Column filter to i32, 1 channel. */
  readonly columnsWide1: Columns;
  /** Column filter to i32, 3 channels. */
  readonly columnsWide3: Columns;
  /** Column filter to i32, 4 channels. */
  readonly columnsWide4: Columns;
  /** Row filter over a ring of rows of i32. */
  readonly filterRowsWide: (
    to: number,
    ring: number,
    end: number,
    pitch: number,
    at: number,
    weights: number,
    taps: number,
    count: number,
    constants: number,
  ) => void;
  /** Row filter over a ring of rows. */
  readonly filterRows: (
    to: number,
    ring: number,
    end: number,
    pitch: number,
    at: number,
    weights: number,
    pairs: number,
    count: number,
    shift: number,
  ) => void;
  /** Four neighbours at any addresses. */
  readonly remapSamples: (to: number, map: number, count: number, channels: number) => void;
  /** Table lookup to 8 bits. */
  readonly lookUp8: LookUp;
  /** Table lookup to 16 bits. */
  readonly lookUp16: LookUp;
  /** Table lookup to 32 bits. */
  readonly lookUp32: LookUp;
  /** Normalization to f32. */
  readonly finishF32: Finish;
  /** Copies bytes. */
  readonly copy: (to: number, from: number, length: number) => void;
  /** Splits 3 channels into planes. */
  readonly deinterleave3: Interleave;
  /** Splits 4 channels into planes. */
  readonly deinterleave4: Interleave;
  /** Joins 3 planes. */
  readonly interleave3: Interleave;
  /** Joins 4 planes. */
  readonly interleave4: Interleave;
}

/** Memory of one executor, with the functions that work on it. */
export interface ImageMemory {
  /** All bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The compiled functions. */
  readonly functions: ImageFunctions;
}

/** Reserves ranges of a memory that does not exist yet, and keeps what they will hold. */
export interface Arena {
  /** Reserves bytes, aligned to 16, with {@linkcode SLACK} bytes after them. Returns their address. */
  readonly reserve: (length: number) => number;
  /** Reserves a range for the bytes of an array. Returns its address. */
  readonly put: (data: ArrayBufferView<ArrayBuffer>) => number;
  /** Creates the memory. */
  readonly build: () => ImageMemory;
}

/** Bytes after every range, which loops may read or overwrite. */
export const SLACK = 128;

/** Maximum bytes of memory of one executor (1 GiB). */
export const MAX_EXECUTOR_BYTES = 2 ** 30;

const PAGE = 65536;

/** First address that is reserved. Static data of the module lies below it. */
const FIRST_FREE = 4096;

let compiled: WebAssembly.Module | undefined;

/** Creates an arena. */
export function createArena(): Arena {
  const held: { readonly at: number; readonly data: ArrayBufferView<ArrayBuffer> }[] = [];
  let next = FIRST_FREE;
  const reserve = (length: number) => {
    const at = next;
    next = Math.ceil((at + length + SLACK) / 16) * 16;
    if (next > MAX_EXECUTOR_BYTES) {
      throw new OnpathError(
        "size",
        `Cannot hold an image plan in memory: it needs more than ${MAX_EXECUTOR_BYTES} bytes`,
        { needed: next, most: MAX_EXECUTOR_BYTES },
      );
    }
    return at;
  };
  return {
    reserve,
    put: (data) => {
      const at = reserve(data.byteLength);
      held.push({ at, data });
      return at;
    },
    build: () => {
      compiled ??= new WebAssembly.Module(
        Uint8Array.from(atob(IMAGES_WASM), (character) => character.charCodeAt(0)),
      );
      const pages = Math.ceil(next / PAGE);
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
      const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
      const bytes = new Uint8Array(memory.buffer as ArrayBuffer);
      for (const { at, data } of held) {
        bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
      }
      return { bytes, functions: exports as unknown as ImageFunctions };
    },
  };
}
