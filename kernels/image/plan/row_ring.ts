/**
 * The ring of filtered rows in the RTL: how many words a row takes, and how many rows there are.
 *
 * @module
 */

import { type AxisFilter, filterAxis } from "../resample/coefficients.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { type Channels, itemBytes } from "../../../serialize/sampling.ts";
import { KIND } from "../../../serialize/header.ts";
import type { Partition } from "../../../serialize/partition.ts";
import type { ImagePlan, PlanPart } from "./plan.ts";

/** Taps that an output row's entry in `kernels/rtl` has room for. */
export const ROW_TAPS = 2 ** 10 - 1;

/** Bytes of a word. */
export const RING_WORD = 32;

/** Rows that are filtered ahead at most. */
const MOST_SLACK = 4;

/** Words of samples of an output row's packets: each packet begins with a word. Plain data. */
export interface RowWords {
  /** Samples of 8 bits of a packet, but for a row's last. */
  readonly bytes: number;
  /** Samples of 8 bits of a row's last packet. */
  readonly lastBytes: number;
  /** Words of each packet of a row. */
  readonly packets: readonly number[];
  /** Words of a row. */
  readonly row: number;
}

/** The ring. Plain data. */
export interface RowRing {
  /** Words of a row. */
  readonly words: RowWords;
  /** Rows. */
  readonly rows: number;
  /** Rows that may be filtered while those before are still needed. */
  readonly slack: number;
}

/** Words of the rows of a cut of answers. */
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

/** The most taps of an axis. */
export function mostTaps({ taps }: Pick<AxisFilter, "taps">): number {
  return taps.reduce((most, count) => Math.max(most, count), 1);
}

/**
 * The ring that a plan's rows go through.
 *
 * @param params Lengths before and after.
 * @param plan The layout, and the device whose ring it is.
 */
export function rowRing(
  params: ResampleParams,
  { target: device, body: { layout } }: PlanPart<"layout">,
): RowRing {
  const words = rowWords(layout.answers, layout.channels);
  const taps = mostTaps(filterAxis(params.y));
  const rows = Math.min(
    Math.floor((device.depths?.multiply?.["ring words"] ?? Infinity) / words.row),
    taps + MOST_SLACK,
  );
  return { words, rows, slack: rows - taps };
}

/**
 * What rows need beside tables, by the names of a profile's depths.
 *
 * @param params Lengths before and after.
 * @param columns Columns that are sent.
 * @param answers How output rows are cut.
 * @param channels Channels.
 */
export function rowNeeds(
  params: ResampleParams,
  columns: number,
  answers: Pick<Partition, "width" | "packetsPerRow" | "itemsPerPacket">,
  channels: Channels,
): Record<"row bytes" | "ring words" | "row taps", number> {
  const taps = mostTaps(filterAxis(params.y));
  return {
    "row bytes": columns * channels,
    "ring words": (taps + 1) * rowWords(answers, channels).row,
    "row taps": taps,
  };
}
