/**
 * Quantized cache: what `quantize` makes and `dequantize` takes.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { readStored } from "./formats/elements.ts";
import { checkStored } from "./formats/scale_map.ts";
import { type BlockBytes, blockBytes, type QuantizeMethod } from "./method.ts";
import type { CacheDimensions } from "./packing.ts";

/**
 * Codes and metadata of a cache. Heads follow each other, those of the first layer first; each has the bytes of
 * `encodeBlock()` for its sequence, the tokens of all blocks.
 */
export interface QuantizedCache {
  /** Method of the codes. */
  readonly method: QuantizeMethod;
  /** Number of layers, blocks, heads, tokens of a block, and channels. */
  readonly shape: CacheDimensions;
  /** Packed codes. */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** Scales, zero points, minima or norms. Empty for a scale of 1. */
  readonly metadata: Uint8Array<ArrayBuffer>;
}

/** Counts the bytes of one head. */
export function headBytes(method: QuantizeMethod, shape: CacheDimensions): BlockBytes {
  const [, blocks, , tokens, channels] = shape;
  return blockBytes(method, { tokens: blocks * tokens, channels });
}

/**
 * Checks a quantized cache against a plan.
 *
 * @param method Method of the plan.
 * @param shape Shape of the plan.
 * @param value Value from outside.
 * @throws {OnpathError} `dtype` for another value or method, `shape` for another shape or length, `size` for stored
 * values that no encoder writes.
 */
export function checkCache(method: QuantizeMethod, shape: CacheDimensions, value: unknown): QuantizedCache {
  const found = Object(value) as Partial<QuantizedCache>;
  if (!(found.codes instanceof Uint8Array) || !(found.metadata instanceof Uint8Array)) {
    throw new OnpathError(
      "dtype",
      `Cannot dequantize a value ${kindOf(value)}: expected a quantized cache with codes and metadata`,
    );
  }
  if (!sameMethod(method, found.method)) {
    throw new OnpathError(
      "dtype",
      `Cannot dequantize a cache of ${describeMethod(found.method)}: the plan is for ${
        describeMethod(method)
      }`,
      { expected: method },
    );
  }
  if (!Array.isArray(found.shape) || shape.some((length, axis) => found.shape![axis] !== length)) {
    throw new OnpathError(
      "shape",
      `Cannot dequantize a cache of shape [${
        [found.shape].flat().slice(0, 8).join(", ")
      }]: the plan is for [${shape.join(", ")}]`,
      { expected: shape },
    );
  }
  const cache = found as QuantizedCache;
  const bytes = headBytes(method, shape), heads = shape[0] * shape[2];
  for (const part of ["codes", "metadata"] as const) {
    if (cache[part].length === heads * bytes[part]) continue;
    throw new OnpathError(
      "shape",
      `Cannot dequantize: ${part} have ${cache[part].length} bytes, ${heads} heads need ${
        heads * bytes[part]
      }`,
      { part, found: cache[part].length, expected: heads * bytes[part] },
    );
  }
  checkMetadata(cache, heads, bytes.metadata);
  return cache;
}

function checkMetadata({ method, shape, metadata }: QuantizedCache, heads: number, bytes: number): void {
  if (method.kind === "mx" || bytes === 0) return;
  const { stored, kind } = method;
  const size = stored === "f32" ? 4 : 2;
  const entries = kind === "asymmetric"
    ? bytes / (size + 1)
    : kind === "kivi"
    ? bytes / size / 2
    : bytes / size;
  const values = new Float32Array(entries);
  const check = (name: "scale" | "minimum" | "norm", head: number, at: number) => {
    readStored(stored, metadata.subarray(head * bytes + at, head * bytes + at + entries * size), values);
    try {
      checkStored(name, values);
    } catch (cause) {
      const layer = Math.floor(head / shape[2]);
      throw new OnpathError(
        "size",
        `Cannot dequantize layer ${layer}, head ${head % shape[2]}: ${(cause as Error).message.slice(17)}`,
        { ...(cause as OnpathError).details, layer, head: head % shape[2] },
        { cause },
      );
    }
  };
  for (let head = 0; head < heads; head++) {
    check(kind === "kivi" ? "minimum" : kind === "rotated" ? "norm" : "scale", head, 0);
    if (kind === "kivi") check("scale", head, bytes / 2);
  }
}

function sameMethod(method: QuantizeMethod, other: unknown): boolean {
  const [own, found] = [method, Object(other)] as unknown as Record<string, unknown>[];
  return Object.keys(own!).every((name) => own![name] === found![name]) &&
    Object.keys(found!).length === Object.keys(own!).length;
}

/** Formats a method for a message. */
export function describeMethod(method: unknown): string {
  const { kind, format, bits } = Object(method) as Record<string, unknown>;
  return [kind, format, bits === undefined ? undefined : `${bits} bits`]
    .filter((part) => part !== undefined).map((part) => String(part).slice(0, 40)).join(" ") ||
    kindOf(method);
}
