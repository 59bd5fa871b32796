/**
 * Samplers: what computes rows of levels from source rows in memory.
 *
 * @module
 */

import type { Block } from "./blocks.ts";
import type { ImageMemory } from "./module.ts";

/** Part of an axis. */
export interface Range {
  /** First index. */
  readonly start: number;
  /** Index behind the last one. */
  readonly end: number;
}

/** Source rows in memory. */
export interface LoadedRows {
  /** Number of the first row. */
  readonly row: number;
  /** Address of its first needed column. */
  readonly address: number;
  /** Distance of rows in bytes. */
  readonly pitch: number;
}

/** Computes rows of levels, once its tables are in memory. */
export interface Sampler {
  /** Columns of the source that are needed. */
  readonly columns: Range;
  /** Blocks of source rows and output rows, in order. */
  readonly blocks: readonly Block[];
  /** Whether `give` can write planes; otherwise it writes interleaved pixels. */
  readonly isPlanar: boolean;
  /** Connects the sampler to the memory that its tables are in. */
  readonly connect: (memory: ImageMemory) => Rows;
}

/** A connected sampler. */
export interface Rows {
  /** Takes the rows of a block; absent if `give` reads them where they are. */
  readonly take?: ((loaded: LoadedRows, rows: number) => void) | undefined;
  /**
   * Writes one row of levels at `to`. Up to 16 bytes after it are overwritten. `plane` is the distance of planes
   * in bytes, 0 for interleaved pixels.
   */
  readonly give: (output: number, to: number, plane: number, loaded: LoadedRows) => void;
}
