/**
 * Ring of filtered rows in the RTL: words of a row, and number of rows.
 *
 * @module
 */

import { maxTaps } from "../resample/bound.ts";
import { filterProgram } from "../resample/program.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { type Channels, itemBytes } from "../../../serialize/sampling.ts";
import { KIND } from "../../../serialize/header.ts";
import type { Partition } from "../../../serialize/partition.ts";
import type { PlanPart } from "./plan.ts";

/** Maximum taps of an output row: the capacity of a row entry in `kernels/rtl`. */
export const ROW_TAPS = 2 ** 10 - 1;

/** Bytes of a ring word. */
export const RING_WORD = 32;

/** Maximum rows that are filtered ahead. */
const MAX_SLACK = 4;

/** Ring words of an output row's packets. Every packet starts with a new word. Plain data. */
export interface RowWords {
  /** 8-bit samples of a packet, except the last of a row. */
  readonly bytes: number;
  /** 8-bit samples of the last packet of a row. */
  readonly lastBytes: number;
  /** Words of each packet of a row. */
  readonly packets: readonly number[];
  /** Words of a whole row. */
  readonly row: number;
}

/** Size of the ring. Plain data. */
export interface RowRing {
  /** Words of each packet and of a row. */
  readonly words: RowWords;
  /** Capacity of the ring in rows. */
  readonly rows: number;
  /** Rows that can be filtered while earlier ones are still needed. */
  readonly slack: number;
}

/** Computes the ring words of a row in a partition of answers. */
export function rowWords(
  { width, packetsPerRow, itemsPerPacket }: Pick<Partition, "width" | "packetsPerRow" | "itemsPerPacket">,
  channels: Channels,
): RowWords {
  const item = itemBytes(KIND.samples, channels);
  const bytes = itemsPerPacket * item;
  const lastBytes = width * item - (packetsPerRow - 1) * bytes;
  const packets = Array.from(
    { length: packetsPerRow },
    (_, at) => Math.ceil((at === packetsPerRow - 1 ? lastBytes : bytes) / RING_WORD),
  );
  return { bytes, lastBytes, packets, row: packets.reduce((sum, words) => sum + words, 0) };
}

/**
 * Computes the ring for a plan's rows.
 *
 * @param params Lengths of the axes before and after.
 * @param plan Layout, and the device that has the ring.
 */
export function rowRing(
  params: ResampleParams,
  { target: device, body: { layout } }: PlanPart<"layout">,
): RowRing {
  const words = rowWords(layout.answers, layout.channels);
  const taps = maxTaps(filterProgram(params).y);
  const rows = Math.min(
    Math.floor((device.depths?.multiply?.["ring words"] ?? Infinity) / words.row),
    taps + MAX_SLACK,
  );
  return { words, rows, slack: rows - taps };
}

/**
 * Computes the buffer needs of rows, by the names in a profile's `depths`.
 *
 * @param params Lengths of the axes before and after.
 * @param columns Columns that are sent.
 * @param answers Partition of the output rows.
 * @param channels Channels of a pixel.
 */
export function rowNeeds(
  params: ResampleParams,
  columns: number,
  answers: Pick<Partition, "width" | "packetsPerRow" | "itemsPerPacket">,
  channels: Channels,
): Record<"row bytes" | "ring words" | "row taps", number> {
  const taps = maxTaps(filterProgram(params).y);
  return {
    "row bytes": columns * channels,
    "ring words": (taps + 1) * rowWords(answers, channels).row,
    "row taps": taps,
  };
}
