/**
 * Layers of a cache through a method and back.
 *
 * @module
 */

import { type Tensor, zeros } from "../../serialize/tensor.ts";
import { decodeBlock, encodeBlock } from "../../kernels/quantize/block.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import { blockBytes, type QuantizeMethod } from "../../kernels/quantize/method.ts";
import { gatherHead, headShape, placeHead } from "./head_values.ts";

/** Encoded layer: codes and metadata of each head, one after the other. */
export interface QuantizedLayer {
  /** Packed codes. */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** Scales, zero points, minima or norms. */
  readonly metadata: Uint8Array<ArrayBuffer>;
}

/** Options of a codec. */
export interface CodecOptions {
  /** Ends the work with its reason. */
  readonly signal: AbortSignal;
  /** Called after each layer. */
  readonly onLayer: () => void;
}

/**
 * Encodes layers.
 *
 * @param method Method of all layers.
 * @param layers Views with the axes `[1, blocks, heads, tokens, channels]`.
 * @param options Signal and progress.
 */
export async function encodeLayers(
  method: QuantizeMethod,
  layers: readonly Tensor<FloatDType>[],
  { signal, onLayer }: CodecOptions,
): Promise<QuantizedLayer[]> {
  const encoded: QuantizedLayer[] = [];
  for (const layer of layers) {
    signal.throwIfAborted();
    const heads = layer.shape[2]!, shape = headShape(layer), bytes = blockBytes(method, shape);
    const result = {
      codes: new Uint8Array(heads * bytes.codes),
      metadata: new Uint8Array(heads * bytes.metadata),
    };
    const values = new Float32Array(shape.tokens * shape.channels);
    for (let head = 0; head < heads; head++) {
      gatherHead(layer, head, values);
      encodeBlock(method, values, shape, headOf(result, head, heads));
    }
    encoded.push(result);
    onLayer();
    await Promise.resolve();
  }
  return encoded;
}

/**
 * Decodes layers.
 *
 * @param method Method of the encoder.
 * @param dtype Element type of the values.
 * @param shape Lengths of a layer's axes.
 * @param layers Encoded layers.
 * @param options Signal and progress.
 * @param take Receives each decoded layer, a dense tensor.
 */
export async function decodeLayers(
  method: QuantizeMethod,
  dtype: FloatDType,
  shape: readonly number[],
  layers: readonly QuantizedLayer[],
  { signal, onLayer }: CodecOptions,
  take: (decoded: Tensor<FloatDType>, layer: number) => void,
): Promise<void> {
  for (const [at, layer] of layers.entries()) {
    signal.throwIfAborted();
    const decoded = zeros({ dtype, shape }), heads = shape[2]!, block = headShape(decoded);
    const values = new Float32Array(block.tokens * block.channels);
    for (let head = 0; head < heads; head++) {
      decodeBlock(method, headOf(layer, head, heads), block, values);
      placeHead(decoded, head, values);
    }
    take(decoded, at);
    onLayer();
    await Promise.resolve();
  }
}

/**
 * Views the codes and metadata of one head.
 *
 * @param layer Encoded layer.
 * @param head Index of the head.
 * @param heads Number of heads.
 */
export function headOf({ codes, metadata }: QuantizedLayer, head: number, heads: number): QuantizedLayer {
  const part = (bytes: Uint8Array<ArrayBuffer>) =>
    bytes.subarray(head * bytes.length / heads, (head + 1) * bytes.length / heads);
  return { codes: part(codes), metadata: part(metadata) };
}
