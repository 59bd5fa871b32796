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

/** Rounding of each match. */
const ROUNDING = { exact: "HalfUp", torchvision: "HalfEven", opencv: "OpenCv" } as const;

/** Maximum product of both denominators whose sums fit 31 bits; see `docs/cpu.md`. */
export const MAX_DENOMINATOR: number = 2 ** 21;

/** Fraction bits of scaled row weights. */
const SCALED_BITS = 24;

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
  const denominator = y.denominator * x.denominator;
  const isWide = params.match !== "opencv" &&
    (x.denominator > MAX_COLUMN_WEIGHT || denominator > MAX_DENOMINATOR);
  const count = columns.end - columns.start;
  const table = arena.put(isWide ? wideTable(x, channels, columns) : narrowTable(x, channels, columns));
  const isScaled = params.match === "exact" && 1020 * x.denominator * denominator < 2 ** SCALED_BITS;
  const scaled = (weight: number) => Math.ceil(weight * 2 ** SCALED_BITS / denominator);
  const doubled = (weight: number) => 2 * weight;
  const own = (weight: number) => weight;
  const weights = arena.put(
    weightVectors(y, isScaled ? scaled : params.match === "opencv" ? own : doubled),
  );
  const constants = arena.put(constantVectors(denominator, isScaled ? 2 ** (SCALED_BITS - 1) : denominator));
  const first = y.low.slice(rows.start, rows.end), last = y.high.slice(rows.start, rows.end);
  return {
    columns: { start: from, end: to },
    blocks: blocksWithRows({ first, last }, (to - from) * channels),
    isPlanar: !isWide,
    connect: ({ functions }) => {
      const sample = functions[`bilinear${channels}${isScaled ? "Scaled" : ROUNDING[params.match]}`];
      return {
        give: (output, target, plane, { row, address, pitch }) => {
          const top = address + (first[output]! - row) * pitch;
          const bottom = address + (last[output]! - row) * pitch;
          const phase = y.phase[rows.start + output]!;
          if (!isWide) {
            return sample(target, plane, top, bottom, table, count, weights + 32 * phase, constants);
          }
          const [upper, lower] = y.pairs[phase]!;
          const isEven = params.match === "torchvision" ? 1 : 0;
          functions.bilinearWide(
            target,
            channels,
            top,
            bottom,
            table,
            count,
            upper,
            lower,
            denominator,
            isEven,
          );
        },
      };
    },
  };
}

/** Weights of the upper and the lower row of each phase, as vectors. */
function weightVectors({ pairs }: AxisWeights, stored: (weight: number) => number) {
  const vectors = new Int32Array(8 * pairs.length);
  pairs.forEach(([upper, lower], phase) => {
    vectors.fill(stored(upper), 8 * phase, 8 * phase + 4);
    vectors.fill(stored(lower), 8 * phase + 4, 8 * phase + 8);
  });
  return vectors;
}

/** Vectors of `wasm/levels.ts`: the scale of doubled sums, one half, twice the denominator, 2^23 and 2. */
function constantVectors(denominator: number, half: number) {
  const vectors = new Int32Array(20);
  const floats = new Float32Array(vectors.buffer);
  floats.fill(1 / (2 * denominator), 0, 4);
  vectors.fill(half, 4, 8);
  vectors.fill(2 * denominator, 8, 12);
  floats.fill(2 ** 23, 12, 16);
  vectors.fill(2, 16, 20);
  return vectors;
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
