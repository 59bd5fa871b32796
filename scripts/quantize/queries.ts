/**
 * Queries for a report: those of a file, or synthetic ones.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { FLOAT_BYTES, type FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { BlockShape } from "../../kernels/quantize/formats/group_order.ts";
import { createDraws } from "./draws.ts";
import { gatherHead } from "./head_values.ts";

/**
 * Makes the queries of a head.
 *
 * @param layer Index of the layer.
 * @param head Index of the head in its layer.
 * @param keys Tokens x channels of the head.
 * @param shape Shape of the keys.
 * @returns Queries x channels.
 */
export type QuerySource = (
  layer: number,
  head: number,
  keys: Float32Array,
  shape: BlockShape,
) => Float32Array;

/** Share of a token's key in the queries that follow a token. */
const LEAD = 0.4;

/** Channels with a spread above this multiple of the median one stand out, and do not lead. */
const OUTLIER = 2;

/**
 * Makes synthetic queries from the keys. Half of them are normal noise; the others add the key of a token, without
 * the mean of all tokens and without outlier channels, so that its logit leads. Both are divided by the median
 * spread of a channel, so logits do not depend on the magnitude of the keys.
 *
 * @param count Number of queries of each head.
 * @param seed Seed of the draws; each head has its own.
 */
export function syntheticQueries(count: number, seed: number): QuerySource {
  return (layer, head, keys, { tokens, channels }) => {
    const { integer, normals } = createDraws(seed + Math.imul(layer * 4096 + head + 1, 0x2545_f491));
    const { means, spreads } = channelStatistics(keys, tokens, channels);
    const median = spreads.toSorted()[channels >> 1]! || 1;
    const queries = new Float32Array(count * channels), noise = new Float64Array(channels);
    for (let q = 0; q < count; q++) {
      const row = (integer() % tokens) * channels, lead = q % 2 === 0 ? 0 : LEAD;
      normals(noise);
      for (let c = 0; c < channels; c++) {
        // A channel with NaN or infinity has a spread that is not finite.
        const isLeading = spreads[c]! <= OUTLIER * median;
        const key = isLeading ? (keys[row + c]! - means[c]!) / median : 0;
        queries[q * channels + c] = (lead * key + noise[c]!) / median;
      }
    }
    return queries;
  };
}

/**
 * Takes queries from a tensor `[layers, heads, queries, channels]`. Several of its heads may share one head of the
 * cache, as in grouped attention.
 *
 * @param tensor Dense tensor of the queries.
 * @param shape Layers, heads and channels of the keys.
 * @throws {OnpathError} `dtype` for other elements, `shape` if the axes do not fit.
 */
export function givenQueries(
  tensor: Tensor,
  shape: { readonly layers: number; readonly heads: number; readonly channels: number },
): QuerySource {
  const [layers, heads, queries, channels] = tensor.shape;
  if (!Object.hasOwn(FLOAT_BYTES, tensor.dtype)) {
    throw new OnpathError("dtype", `Cannot use queries of ${tensor.dtype}: expected bf16, f16 or f32`, {
      dtype: tensor.dtype,
    });
  }
  const fits = tensor.shape.length === 4 && layers === shape.layers && channels === shape.channels &&
    heads! > 0 && heads! % shape.heads === 0 && queries! > 0;
  if (!fits) {
    throw new OnpathError(
      "shape",
      `Cannot use queries of shape [${tensor.shape.join(", ")}]: expected [${shape.layers}, a multiple of ` +
        `${shape.heads}, queries, ${shape.channels}]`,
      { found: tensor.shape, ...shape },
    );
  }
  const each = heads! / shape.heads * queries!;
  const rows = { shape: [1, 1, 1, each, channels!], strides: [0, 0, 0, channels!, 1] };
  return (layer, head) => {
    const own = new Float32Array(each * channels!);
    const offset = (layer * shape.heads + head) * own.length;
    gatherHead({ ...tensor as Tensor<FloatDType>, ...rows, offset }, 0, own);
    return own;
  };
}

function channelStatistics(keys: Float32Array, tokens: number, channels: number) {
  const means = new Float64Array(channels), spreads = new Float64Array(channels);
  for (let t = 0; t < tokens; t++) {
    for (let c = 0; c < channels; c++) means[c]! += keys[t * channels + c]! / tokens;
  }
  for (let t = 0; t < tokens; t++) {
    for (let c = 0; c < channels; c++) spreads[c]! += (keys[t * channels + c]! - means[c]!) ** 2 / tokens;
  }
  return { means, spreads: spreads.map(Math.sqrt) };
}
