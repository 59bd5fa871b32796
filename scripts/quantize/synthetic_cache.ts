/**
 * Synthetic KV caches with the two features that decide what a format loses (KIVI, section 3): a few channels of
 * K stand out in all tokens and have an offset, while V has no such channels but tokens of different magnitude.
 *
 * @module
 */

import type { Tensor } from "../../serialize/tensor.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import { type Cache, type CacheShape, emptyCache } from "./cache.ts";
import { createDraws } from "./draws.ts";
import { headShape, placeHead } from "./head_values.ts";

/** Cache with queries, each layers x heads x rows x channels. */
export interface SyntheticCache {
  readonly keys: Float32Array;
  readonly values: Float32Array;
  readonly queries: Float32Array;
}

/** Shape of a synthetic cache. */
export interface SyntheticShape {
  readonly layers: number;
  readonly heads: number;
  readonly tokens: number;
  readonly channels: number;
  /** Number of queries of each head. */
  readonly queries: number;
}

/** Number of channels of K that stand out, in each head. */
export const OUTLIER_CHANNELS = 4;

/**
 * Makes a cache from a seed, the same one on every engine.
 *
 * Keys are normal; outlier channels are 3 to 8 times as wide, with an offset of 5 to 12 times their width. Half of
 * the queries are normal, the others add the key of a token (without outliers) to noise, so that its logit leads.
 *
 * @param shape Shape of the cache.
 * @param seed Seed of the draws.
 */
export function syntheticCache(shape: SyntheticShape, seed: number): SyntheticCache {
  const { layers, heads, tokens, channels } = shape, count = layers * heads;
  const { integer, uniform, normals } = createDraws(seed);
  const row = new Float64Array(2 * channels), query = row.subarray(0, channels);
  const keys = new Float32Array(count * tokens * channels), values = new Float32Array(keys.length);
  const queries = new Float32Array(count * shape.queries * channels);
  for (let head = 0; head < count; head++) {
    const width = new Float64Array(channels).fill(1), offset = new Float64Array(channels);
    for (let i = 0; i < OUTLIER_CHANNELS; i++) {
      const channel = integer() % channels;
      width[channel] = 3 + 5 * uniform();
      offset[channel] = width[channel]! * (5 + 7 * uniform()) * (uniform() < 0.5 ? -1 : 1);
    }
    const start = head * tokens * channels;
    for (let t = 0; t < tokens; t++) {
      const magnitude = 0.3 + uniform();
      normals(row);
      for (let c = 0; c < channels; c++) {
        const at = start + t * channels + c;
        keys[at] = offset[c]! + width[c]! * row[2 * c]!;
        values[at] = magnitude * row[2 * c + 1]!;
      }
    }
    for (let q = 0; q < shape.queries; q++) {
      const token = start + (integer() % tokens) * channels, lead = q % 2 === 0 ? 0 : 0.4;
      normals(query);
      for (let c = 0; c < channels; c++) {
        const key = width[c] === 1 ? keys[token + c]! : 0;
        queries[(head * shape.queries + q) * channels + c] = lead * key + query[c]!;
      }
    }
  }
  return { keys, values, queries };
}

/**
 * Makes a synthetic cache in the tensors of any layout. Both parts of MLA are like keys.
 *
 * @param shape Description of the tensors.
 * @param seed Seed of the draws.
 * @returns The cache, and its tensors by name.
 * @throws {OnpathError} As `emptyCache`.
 */
export function syntheticTensors(
  shape: CacheShape,
  seed: number,
): { cache: Cache; tensors: Map<string, Tensor<FloatDType>> } {
  const made = emptyCache(shape), { heads, layers } = shape.sizes;
  for (let layer = 0; layer < layers; layer++) {
    const views = made.cache.parts.map((part) => part.layers[layer]!);
    const cacheOf = (at: number) =>
      syntheticCache({ layers: 1, heads, ...headShape(views[at]!), queries: 0 }, seed + 2 * layer + at);
    const first = cacheOf(0);
    const second = shape.content === "mla" ? cacheOf(1).keys : first.values;
    for (const [at, values] of [first.keys, second].entries()) {
      const length = values.length / heads;
      for (let head = 0; head < heads; head++) {
        placeHead(views[at]!, head, values.subarray(head * length, (head + 1) * length));
      }
    }
  }
  return made;
}
