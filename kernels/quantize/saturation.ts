/**
 * Saturated values of an encoded block, counted from its values and metadata. A device's answer has no such count.
 *
 * Values within the range of their group's codes are skipped by two comparisons; the others are rounded as the
 * encoder does.
 *
 * @module
 */

import { checkLength, FLOAT_BYTES, FLOAT_LIMITS, type FloatDType, readStored } from "./formats/elements.ts";
import { powerOfTwo, roundHalfEven, squareRoot32 } from "./formats/exact.ts";
import type { BlockShape, GroupAxis } from "./formats/group_order.ts";
import { roundScaled } from "./formats/integer_format.ts";
import { isSaturatedElement, MX_FORMATS, MX_NAN, type MxFormat } from "./formats/mx.ts";
import { decodeSmallFloat, roundMagnitude, SMALL_FLOATS } from "./formats/small_float.ts";
import { blockBytes, groupsOf, integerFormat, type QuantizeMethod } from "./method.ts";

/** Range of a group's codes, and the exact rule for values outside. */
interface GroupRanges {
  readonly axis: GroupAxis;
  /** Number of values in a group. */
  readonly group: number;
  /** Least value of each group that surely fits. */
  readonly low: Float64Array;
  /** Greatest value of each group that surely fits. */
  readonly high: Float64Array;
  /** Tests a value outside of that range. */
  readonly isSaturated: (value: number, group: number) => boolean;
}

/**
 * Counts the values of a block that saturated, as `encodeBlock` does.
 *
 * @param method Method of the block.
 * @param values Tokens x channels before encoding.
 * @param metadata Metadata of the encoded block.
 * @param shape Shape of the values.
 * @throws {OnpathError} `shape` for lengths that do not fit.
 */
export function countSaturated(
  method: QuantizeMethod,
  values: Float32Array,
  metadata: Uint8Array,
  shape: BlockShape,
): number {
  checkLength("values", values.length, shape.tokens * shape.channels);
  checkLength("bytes of metadata", metadata.length, blockBytes(method, shape).metadata);
  if (method.kind === "rotated") return countRotated(method.stored, values, metadata, shape);
  return countOutside(values, shape, groupRanges(method, metadata, shape));
}

function countOutside(
  values: Float32Array,
  { tokens, channels }: BlockShape,
  { axis, group, low, high, isSaturated }: GroupRanges,
): number {
  let saturated = 0;
  if (axis === "channels") {
    for (let at = 0, start = 0; start < values.length; at++, start += group) {
      const least = low[at]!, greatest = high[at]!;
      for (let i = start; i < start + group; i++) {
        const value = values[i]!;
        if (!(value >= least && value <= greatest) && isSaturated(value, at)) saturated++;
      }
    }
    return saturated;
  }
  for (let t = 0; t < tokens; t++) {
    const row = t * channels, first = Math.floor(t / group) * channels;
    for (let c = 0; c < channels; c++) {
      const value = values[row + c]!, at = first + c;
      if (!(value >= low[at]! && value <= high[at]!) && isSaturated(value, at)) saturated++;
    }
  }
  return saturated;
}

function groupRanges(
  method: Exclude<QuantizeMethod, { kind: "rotated" }>,
  metadata: Uint8Array,
  { tokens, channels }: BlockShape,
): GroupRanges {
  switch (method.kind) {
    case "float": {
      const format = SMALL_FLOATS[method.format], greatest = decodeSmallFloat(format, format.maxCode);
      const scales = method.scale === "one" ? Float32Array.of(1) : storedValues(method.stored, metadata);
      const high = Float64Array.from(scales, (scale) => scale * greatest);
      return {
        axis: method.scale === "channel" ? "tokens" : "channels",
        group: method.scale === "channel" ? tokens : tokens * channels,
        low: high.map((value) => -value),
        high,
        isSaturated: (value, at) =>
          roundMagnitude(format, Math.abs(Math.fround(value / scales[at]!))) > format.maxCode,
      };
    }
    case "absmax":
    case "asymmetric": {
      const format = integerFormat(method);
      const bytes = tokens * channels / method.group * FLOAT_BYTES[method.stored];
      const scales = storedValues(method.stored, metadata.subarray(0, bytes));
      const zeros = method.kind === "absmax" ? new Uint8Array(scales.length) : metadata.subarray(bytes);
      return {
        ...groupsOf(method),
        low: Float64Array.from(scales, (scale, at) => scale * (format.min - zeros[at]!)),
        high: Float64Array.from(scales, (scale, at) => scale * (format.max - zeros[at]!)),
        isSaturated: (value, at) => {
          const rounded = roundScaled(value, scales[at]!, zeros[at]!);
          return rounded < format.min || rounded > format.max;
        },
      };
    }
    case "mx": {
      const format: MxFormat = MX_FORMATS[method.format], { element } = format;
      const greatest = element === undefined ? 127 / 64 : decodeSmallFloat(element, element.maxCode);
      const high = Float64Array.from(
        metadata,
        (code) => code === MX_NAN ? Infinity : greatest * powerOfTwo(code - 127),
      );
      return {
        ...groupsOf(method),
        low: high.map((value) => -value),
        high,
        isSaturated: (value, at) =>
          metadata[at] !== MX_NAN && isSaturatedElement(format, value * powerOfTwo(127 - metadata[at]!)),
      };
    }
    case "kivi": {
      const most = 2 ** method.bits - 1;
      const minima = storedValues(method.stored, metadata.subarray(0, metadata.length / 2));
      const scales = storedValues(method.stored, metadata.subarray(metadata.length / 2));
      return {
        ...groupsOf(method),
        low: Float64Array.from(minima),
        high: Float64Array.from(minima, (minimum, at) => minimum + most * scales[at]!),
        isSaturated: (value, at) => {
          const code = roundHalfEven(Math.fround(Math.fround(value - minima[at]!) / scales[at]!));
          return code < 0 || code > most;
        },
      };
    }
  }
}

/** Counts the values of vectors whose norm exceeds its stored type. */
function countRotated(
  stored: FloatDType,
  values: Float32Array,
  metadata: Uint8Array,
  { channels }: BlockShape,
): number {
  const { greatest } = FLOAT_LIMITS[stored];
  let saturated = 0;
  for (const [at, norm] of storedValues(stored, metadata).entries()) {
    if (norm !== greatest) continue;
    let squares = 0;
    for (let c = 0; c < channels; c++) squares += values[at * channels + c]! ** 2;
    if (squareRoot32(squares) > greatest) saturated += channels;
  }
  return saturated;
}

function storedValues(stored: FloatDType, bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length / FLOAT_BYTES[stored]);
  readStored(stored, bytes, values);
  return values;
}
