/**
 * KV caches of random values, and what the reference makes of them, head by head.
 *
 * @module
 */

import { decodeBlock, encodeBlock, type EncodedBlock } from "../../kernels/quantize/block.ts";
import { headBytes, type QuantizedCache } from "../../kernels/quantize/cache.ts";
import { encodeRotatedFixed } from "../../kernels/quantize/fixed_rotation.ts";
import { type FloatDType, narrow, widen, writeStored } from "../../kernels/quantize/formats/elements.ts";
import type { BlockShape } from "../../kernels/quantize/formats/group_order.ts";
import { packCodes } from "../../kernels/quantize/formats/pack.ts";
import type { QuantizeMethod, RotatedMethod } from "../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import { type Tensor, tensor, toDense, zeros } from "../../serialize/tensor.ts";
import { random } from "./random.ts";

/** Stored types, for methods of each. */
const STORED = ["f16", "bf16", "f32"] as const;
const AXES = ["channels", "tokens"] as const;

/** Every method, with every stored type and axis. Groups have 32 values; `group` is for integers. */
export function allMethods(group = 32): QuantizeMethod[] {
  const floats = STORED.flatMap((stored) =>
    (["e4m3fn", "e5m2", "e2m3", "e3m2", "e2m1"] as const).flatMap((format) =>
      (["one", "block", "channel"] as const).map((
        scale,
      ) => ({ kind: "float", format, scale, stored } as const))
    )
  );
  const grouped = STORED.flatMap((stored) =>
    AXES.flatMap((axis) => [
      ...([4, 8] as const).flatMap((bits) => [
        { kind: "absmax", bits, axis, group, stored } as const,
        { kind: "asymmetric", bits, axis, group, stored } as const,
      ]),
      ...([2, 4] as const).map((bits) => ({ kind: "kivi", bits, axis, stored } as const)),
    ])
  );
  const formats = ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4", "mxint8"] as const;
  const mx = AXES.flatMap((axis) => formats.map((format) => ({ kind: "mx", format, axis } as const)));
  const rotated = STORED.flatMap((stored) =>
    ([2, 3, 4] as const).map((bits) => ({ kind: "rotated", bits, stored } as const))
  );
  return [...floats, ...grouped, ...mx, ...rotated];
}

/** Makes a cache of finite values over a wide range of magnitudes, with outliers, zeros and denormals. */
export function randomCache<D extends FloatDType>(dtype: D, shape: CacheDimensions, seed: number): Tensor<D> {
  const next = random(seed);
  const count = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: count }, (_, n) => {
    const value = (next() / 2 ** 32 + next() / 2 ** 32 - 1) * 2 ** (next() % 7 - 3);
    const kind = next() % 40;
    return kind === 0
      ? 0
      : kind === 1
      ? -0
      : kind === 2
      ? value * 2 ** -20
      : n % 64 === 5
      ? value * 20
      : value;
  });
  const data = dtype === "f32" ? new Float32Array(count) : new Uint16Array(count);
  narrow(dtype, values, data);
  return tensor(data, { dtype, shape });
}

/** Views a cache with its axes stored in another order of memory. */
export function reordered<D extends FloatDType>(cache: Tensor<D>, order: readonly number[]): Tensor<D> {
  const strides = new Array<number>(5);
  let step = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = step;
    step *= cache.shape[axis]!;
  }
  const view = { ...zeros({ dtype: cache.dtype, shape: cache.shape }), strides } as Tensor<D>;
  copyInto(cache, view);
  return view;
}

function copyInto(source: Tensor, target: Tensor): void {
  eachElement(source.shape, (index) => {
    const at = (tensor: Tensor) =>
      index.reduce((sum, position, axis) => sum + position * tensor.strides[axis]!, tensor.offset);
    target.data[at(target)] = source.data[at(source)]!;
  });
}

function eachElement(shape: readonly number[], visit: (index: readonly number[]) => void): void {
  const count = shape.reduce((product, length) => product * length, 1);
  const index = shape.map(() => 0);
  for (let n = 0; n < count; n++) {
    visit(index);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
}

/** Values of each head as tokens x channels, in the order of a quantized cache. */
export function headsOf(cache: Tensor): Float32Array[] {
  const [layers, blocks, heads, tokens, channels] = cache.shape as unknown as CacheDimensions;
  const { data } = toDense(cache);
  const dtype = cache.dtype as FloatDType;
  return Array.from({ length: layers * heads }, (_, n) => {
    const layer = Math.floor(n / heads), head = n % heads;
    const values = new Float32Array(blocks * tokens * channels), size = tokens * channels;
    for (let block = 0; block < blocks; block++) {
      const from = ((layer * blocks + block) * heads + head) * size;
      const part = data.slice(from, from + size) as Uint16Array | Float32Array;
      widen(dtype, part, values.subarray(block * size, (block + 1) * size));
    }
    return values;
  });
}

/** Encodes each head by the reference; the rotated form by the device's integers, where a device rotates it. */
export function referenceCache(method: QuantizeMethod, cache: Tensor): QuantizedCache {
  const shape = cache.shape as unknown as CacheDimensions;
  const [, blocks, , tokens, channels] = shape;
  const bytes = headBytes(method, shape), heads = headsOf(cache);
  const codes = new Uint8Array(heads.length * bytes.codes),
    metadata = new Uint8Array(heads.length * bytes.metadata);
  const isFixed = method.kind === "rotated" && cache.dtype !== "f32" && channels >= 64 && channels <= 256;
  const encode = isFixed ? encodeFixed : encodeBlock;
  heads.forEach((values, n) =>
    encode(method, values, { tokens: blocks * tokens, channels }, {
      codes: codes.subarray(n * bytes.codes, (n + 1) * bytes.codes),
      metadata: metadata.subarray(n * bytes.metadata, (n + 1) * bytes.metadata),
    })
  );
  return { method, shape, codes, metadata };
}

function encodeFixed(
  method: QuantizeMethod,
  values: Float32Array,
  { tokens, channels }: BlockShape,
  { codes, metadata }: EncodedBlock,
): void {
  const { bits, stored } = method as RotatedMethod;
  const plain = new Uint8Array(values.length), norms = new Float32Array(tokens);
  encodeRotatedFixed(bits, values, channels, stored, plain, norms);
  packCodes(plain, bits, codes);
  writeStored(stored, norms, metadata);
}

/** Decodes each head by the reference, and rounds to elements. */
export function referenceValues<D extends FloatDType>(dtype: D, cache: QuantizedCache): Tensor<D> {
  const { method, shape } = cache;
  const [layers, blocks, heads, tokens, channels] = shape;
  const bytes = headBytes(method, shape);
  const size = tokens * channels;
  const output = zeros({ dtype, shape });
  const values = new Float32Array(blocks * size);
  for (let n = 0; n < layers * heads; n++) {
    decodeBlock(
      method,
      {
        codes: cache.codes.subarray(n * bytes.codes, (n + 1) * bytes.codes),
        metadata: cache.metadata.subarray(n * bytes.metadata, (n + 1) * bytes.metadata),
      },
      { tokens: blocks * tokens, channels },
      values,
    );
    const layer = Math.floor(n / heads), head = n % heads;
    for (let block = 0; block < blocks; block++) {
      const to = ((layer * blocks + block) * heads + head) * size;
      const part = output.data.subarray(to, to + size) as Uint16Array | Float32Array;
      narrow(dtype, values.subarray(block * size, (block + 1) * size), part);
    }
  }
  return output as Tensor<D>;
}
