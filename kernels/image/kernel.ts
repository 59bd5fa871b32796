/**
 * What a kernel is: one operation on the NIC, as data and functions.
 *
 * @module
 */

import type { Channels } from "../../serialize/sampling.ts";
import type { DType } from "../../serialize/dtype.ts";
import type { Schema } from "../schema.ts";

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
  /** Lookups that one output sample, or one output item, needs; a mean where it differs. */
  readonly lookups: number;
  /** What the lookups are counted for. */
  readonly per: "sample" | "item";
}

/** Names of the forms that tables come in; `docs/tables.md` tells them apart. */
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

/** One of {@linkcode FORMS}: how a kernel's operands are held in tables. */
export type FormName = (typeof FORMS)[number];

/** One way to hold a kernel's operands in tables. Plain data; no table is made for it. */
export interface TableForm {
  /** Its name. */
  readonly form: FormName;
  /** Levels that it may be off, beyond what the kernel's match is. */
  readonly levels: number;
  /** Why, in one sentence. */
  readonly because: string;
  /** The tables; with pages, those of one page come last. */
  readonly tables: readonly TableInfo[];
  /** How many of the tables, counted from the end, stand once a page slot. */
  readonly paged: number;
  /** Whether a cell's weight index numbers pairs of phases or is two halves, row above column. */
  readonly index: "pairs" | "phases";
  /** The pages, one a row phase; null where everything stays on chip. */
  readonly pages: { readonly count: number; readonly bytes: number } | null;
}

/** A stage's packet-by-packet model, ready to run. */
export interface Stage {
  /** Items that come in. */
  readonly input: ItemType;
  /** Items that go out. */
  readonly output: ItemType;
  /** Bytes of one output item, all its channels together. */
  readonly outputItemBytes: number;
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
  ) => "weight" | "page" | null;
  /** The page slots, in forms that have pages. */
  readonly pages?: PageSlots | undefined;
}

/** On-chip memory for pages. */
export interface PageSlots {
  /** Puts a page into a slot; what stood there is gone. */
  readonly install: (slot: number, page: number, bytes: Uint8Array) => void;
  /** Empties a slot, as the beginning of a load does. */
  readonly clear: (slot: number) => void;
  /** The page that was not there when `process` last returned `page`. */
  readonly wanted: () => number;
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
  /** The forms that its tables can have, described without making them. */
  readonly forms: (params: P) => readonly TableForm[];
  /** What the output equals with tables of a form. */
  readonly bound: (params: P, form: TableForm) => Bound;
  /** Makes the tables of a form and the model; absent where the kernel takes whole rows. */
  readonly prepare?: (params: P, input: ItemType, form: FormName, slots: number) => Stage;
  /** Makes the tables and the model of a kernel that takes whole rows. */
  readonly prepareRows?: (params: P, channels: Channels, form: FormName) => RowStage;
  /** Makes a page's bytes: 32-bit words, little-endian. */
  readonly page?: (params: P, form: FormName, page: number) => Uint8Array<ArrayBuffer>;
}

/**
 * A table as the planner sees it.
 *
 * @param name Name, unique within the stage.
 * @param index How entries are addressed.
 * @param entries Number of entries.
 * @param bits Bits of an entry.
 * @param lookups Lookups that one output sample or item needs.
 * @param per Which of the two.
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

/** Bits that tell a number of values apart. */
export function bitsFor(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(values)));
}

/** Bytes of a table when its entries are packed without holes. */
export function packedBytes(entries: number, bits: number): number {
  return Math.ceil((entries * bits) / 8);
}
