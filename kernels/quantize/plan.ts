/**
 * Plans that quantize and dequantize KV caches.
 *
 * @module
 */

import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import { checkChecksum, type Checksum } from "../../serialize/packets.ts";
import { countElements, MAX_ELEMENTS, type Tensor } from "../../serialize/tensor.ts";
import { identifyPlan, type Plan } from "../plan/plan.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { profileOf } from "../target/profiles.ts";
import type { QuantizedCache } from "./cache.ts";
import { FLOAT_BYTES, type FloatDType } from "./formats/elements.ts";
import type { QuantizeMethod } from "./method.ts";
import { type CacheDimensions, codePayload, type GroupPacking, packGroups, valuePayload } from "./packing.ts";
import {
  type DequantizePipeline,
  dequantizeSpec,
  parseCachePipeline,
  type QuantizePipeline,
  quantizeSpec,
} from "./spec.ts";

/** Values of a plan: the input of `quantize`, the output of `dequantize`. */
export interface CacheValues<D extends FloatDType = FloatDType> {
  /** Element type. */
  readonly dtype: D;
  /** Number of layers, blocks, heads, tokens of a block, and channels. */
  readonly shape: CacheDimensions;
}

/** Compiled body of both workloads. */
export interface CacheBody<D extends FloatDType = FloatDType> {
  /** Method of the codes. */
  readonly method: QuantizeMethod;
  /** Values before or after. */
  readonly values: CacheValues<D>;
  /** Groups and their packets. */
  readonly packing: GroupPacking;
  /** Packet checksum: CRC-32C, or left to the link. */
  readonly checksum: Checksum;
}

/** Plan that quantizes caches of one shape. */
export type QuantizePlan<D extends FloatDType = FloatDType> = Plan<"quantize", CacheBody<D>>;

/** Plan that dequantizes caches of one shape. */
export type DequantizePlan<D extends FloatDType = FloatDType> = Plan<"dequantize", CacheBody<D>>;

/** Options of both workloads. */
export interface CacheOptions {
  /** Device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Packet checksum: CRC-32C (default), or left to the link. */
  readonly checksum?: Checksum | undefined;
}

/** Input and device of a plan that quantizes. */
export interface QuantizeCompileOptions<D extends FloatDType = FloatDType> extends CacheOptions {
  /** Tensor with the axes layers, blocks, heads, tokens and channels, or its type and shape. */
  readonly input: { readonly dtype: D; readonly shape: readonly number[] } | Tensor<D>;
}

/** Input and device of a plan that dequantizes. */
export interface DequantizeCompileOptions extends CacheOptions {
  /** Quantized cache, or its shape. */
  readonly input: Pick<QuantizedCache, "shape"> | { readonly shape: readonly number[] };
}

/** Packets of one exchange. */
const IN_FLIGHT = 128;

/** Maximum bytes of a cache's values (4 GiB). */
const MAX_CACHE = 2 ** 32;

/**
 * Compiles a plan that quantizes.
 *
 * @param pipeline One step with the method.
 * @param options Input, device and checksum.
 * @throws {OnpathError} `pipeline` if the step is malformed; `dtype`, `shape` or `size` if the input does not fit.
 */
export function compileQuantize(pipeline: QuantizePipeline, options: QuantizeCompileOptions): QuantizePlan {
  const { method } = parseCachePipeline(quantizeSpec, pipeline);
  const { dtype, shape } = Object(options.input) as { dtype: FloatDType; shape: CacheDimensions };
  const checksum = checkChecksum(options.checksum);
  return planQuantize({ method, values: { dtype, shape }, checksum }, profileOf(options.device));
}

/**
 * Compiles a plan that dequantizes.
 *
 * @param pipeline One step with the method and the type of the values.
 * @param options Input, device and checksum.
 * @throws {OnpathError} `pipeline` if the step is malformed; `shape` or `size` if the input does not fit.
 */
export function compileDequantize(
  pipeline: DequantizePipeline,
  options: DequantizeCompileOptions,
): DequantizePlan {
  const { method, dtype } = parseCachePipeline(dequantizeSpec, pipeline);
  const { shape } = Object(options.input) as { shape: CacheDimensions };
  const checksum = checkChecksum(options.checksum);
  return planDequantize({ method, values: { dtype, shape }, checksum }, profileOf(options.device));
}

/** Body without the packing, from which a plan is computed. */
export type CacheFacts = Omit<CacheBody, "packing">;

/**
 * Computes a plan that quantizes.
 *
 * @throws {OnpathError} `dtype`, `shape` or `size` if the parts do not fit each other.
 */
export function planQuantize(facts: CacheFacts, target: DeviceProfile): QuantizePlan {
  const body = bodyOf(facts, target);
  const { packing } = body;
  return identifyPlan({
    workload: "quantize",
    target,
    packets: {
      request: valuePayload(packing, packing.groups),
      answer: codePayload(packing, packing.groups, true),
      answersPerRequest: 1,
      inFlight: IN_FLIGHT,
    },
    body,
  });
}

/**
 * Computes a plan that dequantizes.
 *
 * @throws {OnpathError} As {@linkcode planQuantize}.
 */
export function planDequantize(facts: CacheFacts, target: DeviceProfile): DequantizePlan {
  const body = bodyOf(facts, target);
  const { groups, valueBytes } = body.packing;
  return identifyPlan({
    workload: "dequantize",
    target,
    packets: {
      request: codePayload(body.packing, groups, false),
      answer: groups * valueBytes,
      answersPerRequest: 1,
      inFlight: IN_FLIGHT,
    },
    body,
  });
}

function bodyOf(
  { method, values: { dtype, shape }, checksum }: CacheFacts,
  { payload }: DeviceProfile,
): CacheBody {
  if (!Object.hasOwn(FLOAT_BYTES, dtype)) {
    throw new OnpathError(
      "dtype",
      `Cannot compile for a KV cache of ${
        dtype === undefined ? "no type" : String(dtype)
      }: expected bf16, f16 or f32`,
      { found: dtype },
    );
  }
  const dimensions = checkDimensions(shape);
  const bytes = countElements(dimensions) * FLOAT_BYTES[dtype];
  if (bytes > MAX_CACHE) {
    throw new OnpathError(
      "size",
      `Cannot compile for a KV cache of ${bytes} bytes: expected at most ${MAX_CACHE}`,
      { bytes, most: MAX_CACHE },
    );
  }
  return {
    method,
    values: { dtype, shape: dimensions },
    packing: packGroups(method, dtype, dimensions, payload),
    checksum,
  };
}

function checkDimensions(shape: unknown): CacheDimensions {
  if (!Array.isArray(shape) || shape.length !== 5) {
    const found = Array.isArray(shape) ? `[${shape.slice(0, 8).join(", ")}]` : kindOf(shape);
    throw new OnpathError(
      "shape",
      `Cannot compile for a KV cache of shape ${found}: expected [layers, blocks, heads, tokens, channels]`,
      { found },
    );
  }
  for (const length of shape) checkInteger("a KV cache with an axis of", length, 1, MAX_ELEMENTS);
  const [layers, blocks, heads, tokens, channels] = shape;
  return [layers, blocks, heads, tokens, channels];
}
