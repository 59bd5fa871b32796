/**
 * Sampling maps: which input samples an output sample needs, as whole numbers. The serializer copies
 * what a map names; it neither computes positions nor knows weights.
 *
 * @module
 */

import { checkWhole, OnpathError } from "./errors.ts";
import { KIND, type Kind } from "./header.ts";

/** One axis of a separable map. A source index of −1 names the fill colour. */
export interface AxisMap {
  /** Index of the lower neighbour for each output index. */
  readonly low: Int32Array;
  /** Index of the upper neighbour for each output index. */
  readonly high: Int32Array;
  /** Which of the axis's weights the output index uses. */
  readonly phase: Uint16Array;
  /** Number of phases, at least 1. */
  readonly phases: number;
}

/** A map whose rows and columns are chosen apart: resize, crop, pad. Its size grows with the axes. */
export interface SeparableMap {
  /** Which form the map has. */
  readonly form: "separable";
  /** Rows. */
  readonly y: AxisMap;
  /** Columns. */
  readonly x: AxisMap;
  /** The weight index of a cell is `y.phase · stride + x.phase`; at least `x.phases`. */
  readonly stride: number;
}

/** A map that names every neighbour: rotation, warps. Its size grows with the output. */
export interface DenseMap {
  /** Which form the map has. */
  readonly form: "dense";
  /** Output rows. */
  readonly height: number;
  /** Output columns. */
  readonly width: number;
  /** For each output sample its four neighbours (upper left, upper right, lower left, lower right)
   * as `row · width + column` of the source, or −1 for the fill colour. */
  readonly neighbours: Int32Array;
  /** For each output sample its weight index. */
  readonly weight: Uint32Array;
}

/** Which input samples each output sample needs. */
export type SamplingMap = SeparableMap | DenseMap;

/** Numbers of channels that cells and samples come in. */
export type Channels = 1 | 3 | 4;

/** A cell's weight index is 32 bits wide. */
export const MAX_WEIGHTS = 2 ** 32;

/** The stride that makes a weight index two halves: the row's phase above, the column's below. */
export const PHASE_STRIDE = 65536;

/** Longest axis of an image, in samples. */
export const MAX_AXIS = 65535;

/**
 * Bytes of a cell: four neighbours of each channel, the weight index (u32), and zero bytes up to a
 * power of two, so that a 256-bit beat holds a whole number of cells.
 *
 * | channels | neighbours | weight index at | cell | cells a beat |
 * |---|---|---|---|---|
 * | 1 | 4 | 4 | 8 | 4 |
 * | 3 | 12 | 12 | 16 | 2 |
 * | 4 | 16 | 16 | 32 | 1 |
 */
export function cellBytes(channels: Channels): 8 | 16 | 32 {
  return channels === 1 ? 8 : channels === 3 ? 16 : 32;
}

/** Bytes of one item of a kind of payload that goes to the device. */
export function itemBytes(kind: Kind, channels: Channels): number {
  return kind === KIND.cells ? cellBytes(channels) : kind === KIND.tiles ? 4 * channels : channels;
}

/**
 * Refuses a number of channels that no cell has.
 *
 * @throws {OnpathError} `shape` for any number but 1, 3 and 4.
 */
export function checkChannels(channels: number): Channels {
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new OnpathError(
      "shape",
      `Cannot serialize an image of ${channels} channels: expected 1 (grayscale), 3 (RGB) or 4 (RGBA)`,
      { channels },
    );
  }
  return channels;
}

/** Output rows and columns of a map. */
export function mapSize(map: SamplingMap): { height: number; width: number } {
  return map.form === "dense"
    ? { height: map.height, width: map.width }
    : { height: map.y.low.length, width: map.x.low.length };
}

/**
 * Refuses a map that names a sample outside the source or a weight beyond the index's width.
 *
 * @param map The map.
 * @param height Rows of the source.
 * @param width Columns of the source.
 * @throws {OnpathError} `shape` or `size`, naming the first offender.
 */
export function checkMap(map: SamplingMap, height: number, width: number): void {
  checkWhole("an image height of", height, 1, MAX_AXIS);
  checkWhole("an image width of", width, 1, MAX_AXIS);
  if (map.form === "dense") {
    const items = map.height * map.width;
    if (map.neighbours.length !== 4 * items || map.weight.length !== items) {
      throw new OnpathError(
        "shape",
        `Cannot use a dense sampling map of ${map.height} x ${map.width}: expected ${
          4 * items
        } neighbours and ` +
          `${items} weights, found ${map.neighbours.length} and ${map.weight.length}`,
        { items, neighbours: map.neighbours.length, weights: map.weight.length },
      );
    }
    checkIndexes("neighbour", map.neighbours, height * width);
    return;
  }
  for (const [name, axis, length] of [["row", map.y, height], ["column", map.x, width]] as const) {
    if (axis.low.length !== axis.high.length || axis.low.length !== axis.phase.length) {
      throw new OnpathError("shape", `Cannot use a sampling map: its ${name} arrays differ in length`, {
        axis: name,
      });
    }
    checkIndexes(name, axis.low, length);
    checkIndexes(name, axis.high, length);
    if (axis.phase.some((phase) => phase >= axis.phases)) {
      throw new OnpathError(
        "shape",
        `Cannot use a sampling map: a ${name} phase is not below ${axis.phases}`,
        {
          axis: name,
        },
      );
    }
  }
  if (map.stride < map.x.phases || map.stride * map.y.phases > MAX_WEIGHTS) {
    throw new OnpathError(
      "size",
      `Cannot use a sampling map: a stride of ${map.stride} for ${map.y.phases} x ${map.x.phases} phases, ` +
        `expected at least ${map.x.phases} and weight indexes below ${MAX_WEIGHTS}`,
      { rows: map.y.phases, columns: map.x.phases, stride: map.stride, most: MAX_WEIGHTS },
    );
  }
}

/**
 * The same map with every neighbour named: the plain form that the fast paths are tested against.
 *
 * @param map A separable map.
 * @param width Columns of the source.
 */
export function toDenseMap(map: SeparableMap, width: number): DenseMap {
  const { height: rows, width: columns } = mapSize(map);
  const neighbours = new Int32Array(4 * rows * columns);
  const weight = new Uint32Array(rows * columns);
  for (let row = 0, item = 0; row < rows; row++) {
    const ys = [map.y.low[row]!, map.y.high[row]!];
    for (let column = 0; column < columns; column++, item++) {
      const xs = [map.x.low[column]!, map.x.high[column]!];
      for (let n = 0; n < 4; n++) {
        const y = ys[n >> 1]!;
        const x = xs[n & 1]!;
        neighbours[4 * item + n] = y < 0 || x < 0 ? -1 : y * width + x;
      }
      weight[item] = map.y.phase[row]! * map.stride + map.x.phase[column]!;
    }
  }
  return { form: "dense", height: rows, width: columns, neighbours, weight };
}

function checkIndexes(name: string, indexes: Int32Array, length: number): void {
  const at = indexes.findIndex((index) => index < -1 || index >= length);
  if (at >= 0) {
    throw new OnpathError(
      "shape",
      `Cannot use a sampling map: its ${name} ${
        indexes[at]
      } at output ${at} is not in the source of ${length}`,
      { name, at, index: indexes[at], length },
    );
  }
}
