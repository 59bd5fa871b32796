/**
 * The kernel interface: one operation on the NIC, as data and functions.
 *
 * @module
 */

import type { Channels } from "../../serialize/sampling.ts";
import type { DType } from "../../serialize/dtype.ts";
import type { Schema } from "../schema.ts";

/** Type of the items in a packet. Plain data. */
export interface ItemType {
  /** `cells` are tiles with a weight index; `samples` are the channels of a pixel. */
  readonly kind: "cells" | "samples";
  /** Element type of the samples. */
  readonly dtype: DType;
  /** Channels of a pixel. */
  readonly channels: number;
  /** Whether a packet stores its pixels plane by plane, one plane a channel. */
  readonly planar: boolean;
}

/** Size and use of a lookup table, for planner and report. Contents are generated on demand. Plain data. */
export interface TableInfo {
  /** Table name, unique within the stage. */
  readonly name: string;
  /** Address of an entry, e.g. `weight x pixel`. */
  readonly index: string;
  /** Number of entries. */
  readonly entries: number;
  /** Bits of an entry. */
  readonly bits: number;
  /** Total bytes if entries are packed without gaps. */
  readonly bytes: number;
  /** Lookups for one output sample or item; the mean if they vary. */
  readonly lookups: number;
  /** Unit that the lookups refer to. */
  readonly per: "sample" | "item";
}

/** Names of the table forms; `docs/tables.md` describes them. */
export const FORMS = [
  "distinct",
  "nibble",
  "two-pass",
  "universal",
  "row-pages",
  "positions",
  "products",
  "multiply",
  "levels",
] as const;

/** One of {@linkcode FORMS}: how tables store a kernel's operands. */
export type FormName = (typeof FORMS)[number];

/** Table form of a kernel with given parameters. Plain data; it describes tables without generating them. */
export interface TableForm {
  /** Name of the form. */
  readonly form: FormName;
  /** Error in levels of 1/255, in addition to that of the kernel's match. */
  readonly levels: number;
  /** Reason for the error bound, in one sentence. */
  readonly because: string;
  /** Tables of the form. With pages, the tables of one page come last. */
  readonly tables: readonly TableInfo[];
  /** Number of tables, counted from the end, that exist once for each page slot. */
  readonly paged: number;
  /**
   * Meaning of a cell's weight index: `pairs` numbers pairs of phases, `phases` has the row phase above the
   * column phase.
   */
  readonly index: "pairs" | "phases";
  /** Number and size of the pages, one for each row phase; null if all tables stay on chip. */
  readonly pages: { readonly count: number; readonly bytes: number } | null;
}

/** Stage of the model: processes packets, ready to run. */
export interface Stage {
  /** Type of the input items. */
  readonly input: ItemType;
  /** Type of the output items. */
  readonly output: ItemType;
  /** Bytes of one output item, all channels together. */
  readonly outputItemBytes: number;
  /**
   * Processes the items of one packet. Results equal the hardware's bit for bit.
   *
   * @param source Memory that holds the input items.
   * @param from Offset of the first input item in bytes.
   * @param items Number of items.
   * @param target Memory for the output items.
   * @param to Offset of the first output item in bytes.
   * @returns Null, or the reason why the items are invalid: weight index out of range, or page not resident.
   */
  readonly process: (
    source: Uint8Array,
    from: number,
    items: number,
    target: Uint8Array,
    to: number,
  ) => "weight" | "page" | null;
  /** Page slots; absent in forms without pages. */
  readonly pages?: PageSlots | undefined;
}

/** On-chip memory for pages. */
export interface PageSlots {
  /** Stores a page in a slot and replaces the previous one. */
  readonly install: (slot: number, page: number, bytes: Uint8Array) => void;
  /** Empties a slot, as the start of a load does. */
  readonly clear: (slot: number) => void;
  /** Number of the page that was missing when `process` last returned `page`. */
  readonly wanted: () => number;
}

/**
 * Stage that receives whole input rows in order, and holds as many as an output row needs. Input is
 * interleaved u8 samples.
 * The device calls `take` when a row is complete. It then calls `give` for every output row whose `last`
 * input row it was.
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
  /** Output columns of an image; an item is one pixel. */
  readonly outputColumns: number;
  /** Type of the output items. */
  readonly output: ItemType;
  /** Bytes of one output item, all channels together. */
  readonly outputItemBytes: number;
  /** First input row that each output row needs. Never decreases. */
  readonly first: Int32Array;
  /** Last input row that each output row needs: with it, the output row can be computed. Never decreases. */
  readonly last: Int32Array;
  /** Bytes of the row buffers on the device. */
  readonly bufferBytes: number;
  /** Drops all rows, because a new image starts. */
  readonly restart: () => void;
  /**
   * Stores an input row of the current image.
   *
   * @param row Row number, greater than the previous one.
   * @param source Memory that holds the row.
   * @param from Offset of its first sample in bytes.
   */
  readonly take: (row: number, source: Uint8Array, from: number) => void;
  /**
   * Computes an output row from the stored rows.
   *
   * @param row Output row number, from 0.
   * @param target Memory for the output items.
   * @param to Offset of the first output item in bytes.
   * @returns False if a needed row is not stored; nothing is then written.
   */
  readonly give: (row: number, target: Uint8Array, to: number) => boolean;
}

/** Bound on the difference between a plan's output and its reference. Plain data. */
export interface Bound {
  /** Reference that the output is compared with. */
  readonly versus: string;
  /** Maximum difference: levels of 1/255 for a resize, otherwise units of the output. */
  readonly levels: number;
  /** Reason for the bound, in one sentence. */
  readonly because: string;
}

/** One operation on the NIC. `P` is the type of its resolved parameters, which a plan stores. */
export interface Kernel<P> {
  /** Kernel name in plans. */
  readonly name: string;
  /** Computation of the kernel, in one line. */
  readonly summary: string;
  /** Schema of parameters from outside. */
  readonly params: Schema<P>;
  /** Returns the available table forms, without generating tables. */
  readonly forms: (params: P) => readonly TableForm[];
  /** Returns the bound of the output's error with a table form. */
  readonly bound: (params: P, form: TableForm) => Bound;
  /** Generates the tables of a form and the model. Absent for kernels that process whole rows. */
  readonly prepare?: (params: P, input: ItemType, form: FormName, slots: number) => Stage;
  /** Generates the tables and the model of a kernel that processes whole rows. */
  readonly prepareRows?: (params: P, channels: Channels, form: FormName) => RowStage;
  /** Generates the contents of a page: 32-bit words, little-endian. */
  readonly page?: (params: P, form: FormName, page: number) => Uint8Array<ArrayBuffer>;
}

/**
 * Creates the description of a table.
 *
 * @param name Table name, unique within the stage.
 * @param index Address of an entry, e.g. `weight x pixel`.
 * @param entries Number of entries.
 * @param bits Bits of one entry.
 * @param lookups Lookups for one output sample or item.
 * @param per Unit that the lookups refer to. Default `sample`.
 */
export function tableInfo(
  name: string,
  index: string,
  entries: number,
  bits: number,
  lookups: number,
  per: TableInfo["per"] = "sample",
): TableInfo {
  return { name, index, entries, bits, bytes: packedBytes(entries, bits), lookups, per };
}

/** Returns the bits needed to number `values` values, at least 1. */
export function bitsFor(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(values)));
}

/** Returns the bytes of a table whose entries are packed without gaps. */
export function packedBytes(entries: number, bits: number): number {
  return Math.ceil((entries * bits) / 8);
}
