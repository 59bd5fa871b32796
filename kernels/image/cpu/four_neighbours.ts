/**
 * Four-neighbour bilinear sampling of rows and columns.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import { type AxisWeights, resizeAxes } from "../resize/positions.ts";
import type { ResizeParams } from "../resize/spec.ts";
import { blocksWithRows } from "./blocks.ts";
import type { Arena } from "./module.ts";
import type { Range, Sampler } from "./sampler.ts";

/** Roundings of `wasm/bilinear.ts`. */
const ROUNDING = { exact: 0, torchvision: 1, opencv: 2, wide: 3 } as const;

/** Maximum product of both denominators that binary32 rounds exactly; see `docs/cpu.md`. */
export const MAX_NARROW_DENOMINATOR = 2048;

/** Maximum column weight that fits 16 bits. */
const MAX_COLUMN_WEIGHT = 32767;

/**
 * Creates the sampler of a resize by four neighbours.
 *
 * @param arena Memory for its tables.
 * @param params Axes and rounding.
 * @param channels Channels of a pixel.
 * @param rows Rows of the resized image that are needed.
 * @param columns Columns of the resized image that are needed.
 */
export function fourNeighbours(
  arena: Arena,
  params: ResizeParams,
  channels: Channels,
  rows: Range,
  columns: Range,
): Sampler {
  const { y, x } = resizeAxes(params);
  const from = x.low[columns.start]!;
  const to = x.high[columns.end - 1]! + 1;
  const isWide = x.denominator > MAX_COLUMN_WEIGHT;
  const count = columns.end - columns.start;
  const table = arena.put(isWide ? wideTable(x, channels, columns) : narrowTable(x, channels, columns));
  const { rounding, scale } = roundingOf(params.match, y.denominator * x.denominator, isWide);
  const first = y.low.slice(rows.start, rows.end), last = y.high.slice(rows.start, rows.end);
  return {
    columns: { start: from, end: to },
    blocks: blocksWithRows({ first, last }, (to - from) * channels),
    isPlanar: !isWide,
    connect: ({ functions }) => {
      const sample = isWide
        ? functions.bilinearWide
        : channels === 1
        ? functions.bilinear1
        : channels === 3
        ? functions.bilinear3
        : functions.bilinear4;
      return {
        give: (output, target, plane, { row, address, pitch }) => {
          const top = address + (first[output]! - row) * pitch;
          const bottom = address + (last[output]! - row) * pitch;
          const [upper, lower] = y.pairs[y.phase[rows.start + output]!]!;
          const second = isWide ? channels : plane;
          sample(target, second, top, bottom, table, count, upper, lower, rounding, scale);
        },
      };
    },
  };
}

function roundingOf(match: ResizeParams["match"], denominator: number, isWide: boolean) {
  if (match === "opencv") return { rounding: ROUNDING.opencv, scale: 1 };
  if (isWide || denominator > MAX_NARROW_DENOMINATOR) {
    return { rounding: ROUNDING.wide + ROUNDING[match], scale: 1 / denominator };
  }
  // The factor takes ties up, and no other sum over an edge.
  return match === "exact"
    ? { rounding: ROUNDING.exact, scale: (1 + 2 ** -21) / denominator }
    : { rounding: ROUNDING.torchvision, scale: 1 / denominator };
}

/** Four pixels in 32 bytes: offsets of the left neighbours, and weights of both neighbours. */
function narrowTable({ low, phase, pairs }: AxisWeights, channels: number, { start, end }: Range) {
  const groups = Math.ceil((end - start) / 4);
  const offsets = new Uint32Array(8 * groups);
  const weights = new Int16Array(offsets.buffer);
  for (let i = 0; i < 4 * groups; i++) {
    const o = Math.min(start + i, end - 1), group = i >> 2, at = i & 3;
    offsets[8 * group + at] = (low[o]! - low[start]!) * channels;
    weights.set(pairs[phase[o]!]!, 16 * group + 8 + 2 * at);
  }
  return offsets;
}

/** One pixel in 24 bytes: offset of the left neighbour, and weights of both neighbours in binary64. */
function wideTable({ low, phase, pairs }: AxisWeights, channels: number, { start, end }: Range) {
  const table = new Float64Array(3 * (end - start));
  const offsets = new Uint32Array(table.buffer);
  for (let o = start, at = 0; o < end; o++, at += 3) {
    offsets[2 * at] = (low[o]! - low[start]!) * channels;
    table.set(pairs[phase[o]!]!, at + 1);
  }
  return table;
}
