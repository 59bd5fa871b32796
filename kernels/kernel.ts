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
