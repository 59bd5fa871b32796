/**
 * Passes of the host over a cache before it is sent: values must be finite where scales come from them, and scales
 * of whole heads are computed here, since a device sees one packet at a time.
 *
 * @module
 */

import {
  checkLength,
  FLOAT_BYTES,
  type FloatDType,
  readStored,
  roundStored,
  writeStored,
} from "../formats/elements.ts";
import { checkStored } from "../formats/scale_map.ts";
import { decodeSmallFloat, SMALL_FLOATS } from "../formats/small_float.ts";
import { fromFloat16Bits } from "../../../serialize/dtype.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import type { FloatMethod } from "../method.ts";
import type { CacheBody } from "../plan.ts";
import { headBytes } from "../cache.ts";
import { type CacheRows, cacheRows } from "./rows.ts";

/** Bits of an infinity's magnitude. Greater magnitudes are NaN. */
const INFINITY_BITS: Readonly<Record<FloatDType, number>> = { bf16: 0x7f80, f16: 0x7c00, f32: 0x7f80_0000 };

/**
 * Refuses NaN and infinities.
 *
 * @param body Body of the plan.
 * @param input Tensor with five axes; its extent was checked.
 * @throws {OnpathError} `size` with the first position.
 */
export function checkFiniteValues(body: CacheBody, input: Tensor): void {
  const { heads } = body.packing;
  const rows = cacheRows(input, true), scan = createScan(body, input);
  for (let head = 0; head < heads; head++) scan(rows, head);
}

/**
 * Computes the scales of small floats: of each head, or of each channel of a head.
 *
 * @param body Body of a plan with such a method.
 * @param input Tensor with five axes; its extent was checked.
 * @returns Stored scales, head by head, as the metadata of a quantized cache.
 * @throws {OnpathError} `size` with the position of the first NaN or infinity.
 */
export function computeScales(body: CacheBody, input: Tensor): Uint8Array<ArrayBuffer> {
  const { packing: { heads }, values: { shape, dtype } } = body;
  const method = body.method as FloatMethod;
  const { stored, format, scale } = method;
  const isChannel = scale === "channel";
  const rows = cacheRows(input, !isChannel), scan = createScan(body, input);
  const perHead = isChannel ? shape[4] : 1;
  const { maxCode } = SMALL_FLOATS[format];
  const greatest = decodeSmallFloat(SMALL_FLOATS[format], maxCode);
  const magnitudes = new Uint32Array(perHead), scales = new Float32Array(heads * perHead);
  for (let head = 0; head < heads; head++) {
    magnitudes.fill(0);
    scan(rows, head, magnitudes);
    magnitudes.forEach((bits, at) => {
      const most = valueOf(dtype, bits);
      scales[head * perHead + at] = most === 0 ? 1 : roundStored(stored, most / greatest);
    });
  }
  const bytes = new Uint8Array(scales.length * FLOAT_BYTES[stored]);
  writeStored(stored, scales, bytes);
  return bytes;
}

/**
 * Checks scales that the user gives, such as calibrated ones.
 *
 * @param body Body of a plan with small floats.
 * @param given Scales from outside, head by head.
 * @returns Stored scales, as {@linkcode computeScales} returns them.
 * @throws {OnpathError} `size` for a scale that is not positive and finite in the stored type, `shape` for another
 * number of them, `dtype` for another value.
 */
export function storeScales(
  { packing: { heads }, values: { shape }, method }: CacheBody,
  given: unknown,
): Uint8Array<ArrayBuffer> {
  const { stored, scale } = method as FloatMethod;
  if (!(given instanceof Float32Array)) {
    throw new OnpathError("dtype", "Cannot quantize with these scales: expected a Float32Array");
  }
  if (method.kind !== "float" || scale === "one") {
    throw new OnpathError(
      "shape",
      "Cannot quantize with given scales: the plan's method has scales of its own",
    );
  }
  checkLength("scales", given.length, heads * (scale === "channel" ? shape[4] : 1));
  const bytes = new Uint8Array(heads * headBytes(method, shape).metadata);
  writeStored(stored, given, bytes);
  const read = new Float32Array(given.length);
  readStored(stored, bytes, read);
  checkStored("scale", read);
  const changed = read.findIndex((value, at) => value !== given[at]);
  if (changed >= 0) {
    throw new OnpathError(
      "size",
      `Cannot quantize: scale ${changed} is ${given[changed]}, which ${stored} does not hold`,
      { position: changed, value: given[changed], stored },
    );
  }
  return bytes;
}

/** Creates the scan of a head: it refuses what is not finite, and raises `most` to the magnitudes of its columns. */
function createScan(
  { values: { dtype, shape }, packing: { perHead, values } }: CacheBody,
  input: Tensor,
): (rows: CacheRows, head: number, most?: Uint32Array) => void {
  const infinity = INFINITY_BITS[dtype];
  const mask = dtype === "f32" ? 0x7fff_ffff : 0x7fff;
  return (rows, head, most = new Uint32Array(1)) => {
    const { data, length, step } = rows;
    const count = perHead * values / length;
    const hasColumns = most.length > 1;
    for (let row = 0; row < count; row++) {
      const from = rows.at(head, row);
      let all = 0;
      if (hasColumns) {
        for (let i = 0; i < length; i++) {
          const magnitude = data[from + i * step]! & mask;
          if (magnitude > most[i]!) most[i] = magnitude;
          if (magnitude > all) all = magnitude;
        }
      } else {
        for (let i = 0, at = from; i < length; i++, at += step) {
          const magnitude = data[at]! & mask;
          if (magnitude > all) all = magnitude;
        }
        if (all > most[0]!) most[0] = all;
      }
      if (all >= infinity) refuse(input, from, length, head, row);
    }
  };

  function refuse(input: Tensor, from: number, length: number, head: number, row: number): never {
    const step = input.strides[4]!;
    const data = input.data;
    let at = 0;
    while (isFiniteBits(data[from + at * step]!)) at++;
    const [, , heads, , channels] = shape;
    const position = {
      layer: Math.floor(head / heads),
      head: head % heads,
      token: Math.floor((row * length + at) / channels),
      channel: (row * length + at) % channels,
    };
    const bits = data[from + at * step]!;
    const value = dtype === "f32" ? bits : valueOf(dtype, bits & mask) * (bits > mask ? -1 : 1);
    throw new OnpathError(
      "size",
      `Cannot quantize layer ${position.layer}, head ${position.head}: token ${position.token}, channel ` +
        `${position.channel} is ${value}, and a scale from it would lose its neighbours`,
      { ...position, value: String(value) },
    );
  }

  function isFiniteBits(element: number): boolean {
    return dtype === "f32" ? Number.isFinite(element) : (element & mask) < infinity;
  }
}

const word = new Uint32Array(1), float = new Float32Array(word.buffer);

/** Value of a magnitude's bits. */
function valueOf(dtype: FloatDType, bits: number): number {
  if (dtype === "f16") return fromFloat16Bits(bits);
  word[0] = dtype === "bf16" ? bits << 16 : bits;
  return float[0]!;
}
