/**
 * Sampling maps: the input samples that each output sample needs, as integers.
 * The serializer copies the samples that a map lists. It computes neither positions nor weights.
 *
 * @module
 */

import { checkInteger, OnpathError } from "./errors.ts";
import { KIND, type Kind } from "./header.ts";

/** One axis of a separable map. Source index −1 selects the fill colour. */
export interface AxisMap {
  /** Index of the lower neighbour, one for each output index. */
  readonly low: Int32Array;
  /** Index of the upper neighbour, one for each output index. */
  readonly high: Int32Array;
  /** Weight set of each output index, below `phases`. */
  readonly phase: Uint16Array;
  /** Number of weight sets of the axis, at least 1. */
  readonly phases: number;
}

/** Map with independent rows and columns: resize, crop, pad. Its size grows with the axes. */
export interface SeparableMap {
  /** Discriminator of {@linkcode SamplingMap}. */
  readonly form: "separable";
  /** Map of the output rows. */
  readonly y: AxisMap;
  /** Map of the output columns. */
  readonly x: AxisMap;
  /** Factor of the weight index `y.phase · stride + x.phase`; at least `x.phases`. */
  readonly stride: number;
}

/** Map that lists every neighbour: rotation, warps. Its size grows with the output. */
export interface DenseMap {
  /** Discriminator of {@linkcode SamplingMap}. */
  readonly form: "dense";
  /** Output rows. */
  readonly height: number;
  /** Output columns. */
  readonly width: number;
  /**
   * Four neighbours of each output sample: upper left, upper right, lower left, lower right. Each is `row ·
   * width + column` of the source, or −1 for the fill colour.
   */
  readonly neighbours: Int32Array;
  /** Weight index of each output sample. */
  readonly weight: Uint32Array;
}

/** Input samples that each output sample needs. */
export type SamplingMap = SeparableMap | DenseMap;

/** Supported channel counts of cells and samples. */
export type Channels = 1 | 3 | 4;

/** Limit of a cell's weight index, which has 32 bits. */
export const MAX_WEIGHTS = 2 ** 32;

/**
 * Stride that splits a weight index into two halves: row phase in the upper 16 bits, column phase in the
 * lower.
 */
export const PHASE_STRIDE = 65536;

/** Longest axis of an image, in samples. */
export const MAX_AXIS = 65535;

/**
 * Bytes of a cell: four neighbours of each channel, the weight index (u32), and zero padding to a power of
 * two.
 * A 256-bit beat then holds a whole number of cells.
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

/** Bytes of one item in a request payload of a kind. */
export function itemBytes(kind: Kind, channels: Channels): number {
  return kind === KIND.cells ? cellBytes(channels) : kind === KIND.tiles ? 4 * channels : channels;
}

/**
 * Checks that a channel count is supported.
 *
 * @throws {OnpathError} `shape` unless the count is 1, 3 or 4.
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

/** Returns the output rows and columns of a map. */
export function mapSize(map: SamplingMap): { height: number; width: number } {
  return map.form === "dense"
    ? { height: map.height, width: map.width }
    : { height: map.y.low.length, width: map.x.low.length };
}

/**
 * Checks that a map stays inside the source and that its weight indexes fit 32 bits.
 *
 * @param map Map to check.
 * @param height Rows of the source.
 * @param width Columns of the source.
 * @throws {OnpathError} `shape` or `size`, with the first invalid value.
 */
export function checkMap(map: SamplingMap, height: number, width: number): void {
  checkInteger("image height", height, 1, MAX_AXIS);
  checkInteger("image width", width, 1, MAX_AXIS);
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
        `Cannot use a sampling map: a ${name} phase is ${axis.phases} or more`,
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
 * Expands a separable map into a dense one: the reference that tests compare the fast paths with.
 *
 * @param map Separable map.
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
