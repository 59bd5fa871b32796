/**
 * What a kernel is: one operation on the NIC, as data and functions.
 *
 * @module
 */

import type { DType } from "../serialize/mod.ts";
import type { Schema } from "./schema.ts";

/** Items as they travel inside a packet. Plain data. */
export interface ItemType {
  /** `cells` are tiles with a weight index; `samples` are the channels of a pixel. */
  readonly kind: "cells" | "samples";
  /** Element type. */
  readonly dtype: DType;
  /** Channels of a pixel. */
  readonly channels: number;
  /** Whether a packet holds its pixels plane by plane, one plane a channel. */
  readonly planar: boolean;
}

/** A lookup table as the planner and the report see it. Its bytes are made on demand. Plain data. */
export interface TableInfo {
  /** Name, unique within the stage. */
  readonly name: string;
  /** How entries are addressed, e.g. `weight x pixel`. */
  readonly index: string;
  /** Number of entries. */
  readonly entries: number;
  /** Bits of an entry. */
  readonly bits: number;
  /** Bytes when packed without holes. */
  readonly bytes: number;
  /** Lookups that one output sample needs. */
  readonly lookups: number;
}

/** A stage's tables and its packet-by-packet model, ready to run. */
export interface Stage {
  /** Items that come in. */
  readonly input: ItemType;
  /** Items that go out. */
  readonly output: ItemType;
  /** Bytes of one output item, all its channels together. */
  readonly outputItemBytes: number;
  /** The tables, for reports and budgets. */
  readonly tables: readonly TableInfo[];
  /**
   * Processes one packet's items, bit for bit as the hardware does.
   *
   * @param source Bytes that hold the input items.
   * @param from Offset of the first one.
   * @param items Number of items.
   * @param target Bytes for the output items.
   * @param to Offset of the first one.
   * @returns The name of what is wrong with the items, or null.
   */
  readonly process: (
    source: Uint8Array,
    from: number,
    items: number,
    target: Uint8Array,
    to: number,
  ) => "weight" | null;
}

/**
 * A stage that takes whole input rows in order and holds as many of them as an output row needs. Its
 * input is interleaved u8 samples. The device says when: it takes a row when its last packet is there,
 * and gives every output row whose `last` row that was.
 */
export interface RowStage {
  /** Input rows of an image. */
  readonly rows: number;
  /** Input columns. */
  readonly columns: number;
  /** Channels of the input. */
  readonly channels: number;
  /** Output rows of an image. */
  readonly outputRows: number;
  /** Items of an output row. */
  readonly outputColumns: number;
  /** Items that go out. */
  readonly output: ItemType;
  /** Bytes of one output item, all its channels together. */
  readonly outputItemBytes: number;
  /** For each output row the first input row that it needs. Never falls. */
  readonly first: Int32Array;
  /** For each output row the last input row that it needs: when that is there it can be given. Never falls. */
  readonly last: Int32Array;
  /** The tables, for reports and budgets. */
  readonly tables: readonly TableInfo[];
  /** Bytes of the row buffers on the device. */
  readonly bufferBytes: number;
  /** Forgets every row: a new image begins. */
  readonly restart: () => void;
  /**
   * Takes an input row of the current image.
   *
   * @param row Its number, above that of the row before.
   * @param source Bytes that hold it.
   * @param from Offset of its first sample.
   */
  readonly take: (row: number, source: Uint8Array, from: number) => void;
  /**
   * Computes an output row from the rows that are held.
   *
   * @param row Its number.
   * @param target Bytes for its items.
   * @param to Offset of the first one.
   * @returns False, with nothing written, when a row that it needs is not held.
   */
  readonly give: (row: number, target: Uint8Array, to: number) => boolean;
}

/** A bound on the difference to what a plan equals. Plain data. */
export interface Bound {
  /** What the output is compared with. */
  readonly versus: string;
  /** Greatest difference: levels of 1/255 for a resize, units of the output for the rest. */
  readonly levels: number;
  /** Why, in one sentence. */
  readonly because: string;
}

/** One operation on the NIC. `P` is its resolved parameters, which stand in a plan. */
export interface Kernel<P> {
  /** Name in plans. */
  readonly name: string;
  /** What it computes, in one line. */
  readonly summary: string;
  /** Checks parameters that come from outside. */
  readonly params: Schema<P>;
  /** Describes the tables without making them. */
  readonly describe: (params: P) => readonly TableInfo[];
  /** What the output equals. */
  readonly bound: (params: P) => Bound;
  /** Makes the tables and the model. */
  readonly prepare: (params: P, input: ItemType) => Stage;
}

/** Bytes of a table when its entries are packed without holes. */
export function packedBytes(entries: number, bits: number): number {
  return Math.ceil((entries * bits) / 8);
}
