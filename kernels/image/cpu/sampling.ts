/**
 * Choice of the sampler of a geometry, and of the source rows that it needs.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import { type AxisWindow, wholeAxis } from "../geometry/axis.ts";
import type { Geometry } from "../plan/geometry.ts";
import { denseMap } from "../plan/map.ts";
import { FILTER_BITS, filterAxis } from "../resample/coefficients.ts";
import { blockRows } from "./blocks.ts";
import { filtered, type FilterPasses } from "./filtered.ts";
import { fourNeighbours } from "./four_neighbours.ts";
import type { Arena } from "./module.ts";
import { copied, remapped } from "./moved.ts";
import type { Range, Sampler } from "./sampler.ts";
import { createSource, type Source } from "./source.ts";

/** Shape of an input image. */
interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: Channels;
}

/** Sampler and source of a plan, and the window of the output that they fill. */
export interface Sampling {
  /** Computes rows of levels. */
  readonly sampler: Sampler;
  /** Loads rows of the input. */
  readonly source: Source;
  /** Rows of the output. */
  readonly height: number;
  /** Columns of the output. */
  readonly width: number;
  /** Output rows that are computed; the others show the fill colour. */
  readonly rows: Range;
  /** Output columns that are computed; the others show the fill colour. */
  readonly columns: Range;
}

/** Prepares the sampling of a geometry. */
export function prepareSampling(arena: Arena, geometry: Geometry, image: ImageShape): Sampling {
  const { before, sampling, after, fill } = geometry;
  if (sampling?.kernel === "remap") return prepareRemap(arena, geometry, image);
  const { channels } = image;
  const [height, width] = [after.y.length, after.x.length];
  let [rows, columns] = [shownBy(after.y), shownBy(after.x)];
  if (rows.start === rows.end || columns.start === columns.end) {
    [rows, columns] = [{ start: 0, end: 0 }, { start: 0, end: 0 }];
  }
  const [sampledRows, sampledColumns] = [moved(rows, after.y.offset), moved(columns, after.x.offset)];
  let sampler: Sampler;
  if (sampling === null || rows.end === 0) {
    sampler = copied(channels, sampledRows, sampledColumns);
  } else if (sampling.kernel === "resize") {
    sampler = fourNeighbours(arena, sampling.params, channels, sampledRows, sampledColumns);
  } else {
    const { y, x, filter } = sampling.params;
    const passes: FilterPasses = {
      x: filterAxis(x, filter),
      y: filterAxis(y, filter),
      columnShift: FILTER_BITS,
      between: "u8",
      snapShift: 0,
      rowShift: FILTER_BITS,
      ties: "up",
    };
    sampler = filtered(arena, passes, channels, sampledRows, sampledColumns);
  }
  const source = createSource(arena, {
    ...before,
    columns: sampler.columns,
    rows: blockRows(sampler.blocks),
    channels,
    fill,
    isDense: false,
  });
  return { sampler, source, height, width, rows, columns };
}

/** A remap: its map holds the windows, and lists neighbours in the whole input. */
function prepareRemap(arena: Arena, geometry: Geometry, image: ImageShape): Sampling {
  const { height, width, channels } = image;
  const source = createSource(arena, {
    y: wholeAxis(height),
    x: wholeAxis(width),
    columns: { start: 0, end: width },
    rows: height,
    channels,
    fill: geometry.fill,
    isDense: true,
  });
  const fill = arena.put(Uint8Array.from(geometry.fill));
  const map = denseMap(geometry, width);
  const sampler = remapped(arena, map, source.address, image, fill);
  const rows = { start: 0, end: map.height }, columns = { start: 0, end: map.width };
  return { sampler, source, height: map.height, width: map.width, rows, columns };
}

/** Indexes of a window that show samples. */
function shownBy({ length, offset, low, high }: AxisWindow): Range {
  const start = Math.min(Math.max(0, low - offset), length);
  return { start, end: Math.max(start, Math.min(length, high - offset)) };
}

function moved({ start, end }: Range, by: number): Range {
  return { start: start + by, end: end + by };
}
