/**
 * Sampling without a filter: copied rows, and pixels at any positions.
 *
 * @module
 */

import type { Channels, DenseMap } from "../../../serialize/sampling.ts";
import { POSITION_STEPS } from "../remap/positions.ts";
import { blocksWithRows } from "./blocks.ts";
import type { Arena } from "./module.ts";
import type { Range, Sampler } from "./sampler.ts";

/** Creates the sampler that copies rows. */
export function copied(channels: Channels, rows: Range, columns: Range): Sampler {
  const width = (columns.end - columns.start) * channels;
  const first = Int32Array.from({ length: rows.end - rows.start }, (_, o) => rows.start + o);
  return {
    columns,
    blocks: blocksWithRows({ first, last: first }, width),
    isPlanar: channels === 1,
    connect: ({ functions }) => ({
      give: (output, to, _plane, { row, address, pitch }) =>
        functions.copy(to, address + (first[output]! - row) * pitch, width),
    }),
  };
}

/**
 * Creates the sampler of a map that lists every neighbour. It holds the whole image and 24 bytes a sample.
 *
 * @param arena Memory for the map.
 * @param map Neighbours in the whole image, and weight indexes of a remap.
 * @param image Address of the image, which is dense with interleaved channels.
 * @param shape Shape of the image.
 * @param fill Address of a pixel of the fill colour.
 */
export function remapped(
  arena: Arena,
  map: DenseMap,
  image: number,
  shape: { readonly height: number; readonly width: number; readonly channels: Channels },
  fill: number,
): Sampler {
  const { channels } = shape;
  const { height, width, neighbours, weight } = map;
  const table = new Uint32Array(6 * weight.length);
  const weights = new Uint16Array(table.buffer);
  for (let item = 0; item < weight.length; item++) {
    const below = Math.floor(weight[item]! / POSITION_STEPS), right = weight[item]! % POSITION_STEPS;
    for (let n = 0; n < 4; n++) {
      const at = neighbours[4 * item + n]!;
      table[6 * item + n] = at < 0 ? fill : image + at * channels;
      weights[12 * item + 8 + n] = (n >> 1 === 1 ? below : POSITION_STEPS - below) *
        ((n & 1) === 1 ? right : POSITION_STEPS - right);
    }
  }
  const start = arena.put(table);
  return {
    columns: { start: 0, end: shape.width },
    blocks: [{ row: 0, rows: shape.height, output: 0, outputs: height }],
    isPlanar: channels === 1,
    connect: ({ functions }) => ({
      give: (output, to) => functions.remapSamples(to, start + 24 * width * output, width, channels),
    }),
  };
}
