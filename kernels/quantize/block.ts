/**
 * A block of one head, tokens x channels, encoded to packed codes and metadata, and decoded.
 *
 * Codes are in group-major order (`group_order.ts`), packed (`pack.ts`). Metadata is little-endian, one entry per
 * group in the order of the groups: scales of floats and of `absmax`; all scales, then all zero points of
 * `asymmetric`; scale codes of MX; all minima, then all scales of KIVI; norms of the rotated form.
 *
 * @module
 */

import { checkLength, FLOAT_BYTES, readStored, writeStored } from "./formats/elements.ts";
import { type BlockShape, fromGroupMajor, toGroupMajor } from "./formats/group_order.ts";
import { absmaxScales, asymmetricScales } from "./formats/group_scales.ts";
import { decodeKivi, encodeKivi, KIVI_GROUP } from "./formats/kivi.ts";
import {
  blockBytes,
  codeBits,
  type FloatMethod,
  groupsOf,
  integerFormat,
  type IntegerMethod,
  type QuantizeMethod,
} from "./method.ts";
import { decodeMx, encodeMx, MX_FORMATS } from "./formats/mx.ts";
import { packCodes, unpackCodes } from "./formats/pack.ts";
import { decodeRotated, encodeRotated } from "./formats/rotated.ts";
import type { ScaleMap } from "./formats/scale_map.ts";
import {
  decodeScaledFloats,
  decodeScaledIntegers,
  encodeScaledFloats,
  encodeScaledIntegers,
} from "./formats/scaled.ts";
import { decodeSmallFloat, SMALL_FLOATS } from "./formats/small_float.ts";

/** Encoded block. `blockBytes` states the lengths. */
export interface EncodedBlock {
  /** Packed codes. */
  readonly codes: Uint8Array;
  /** Scales, zero points, minima or norms. */
  readonly metadata: Uint8Array;
}

/**
 * Encodes a block.
 *
 * @param method Method of the block.
 * @param values Tokens x channels.
 * @param shape Shape of the values.
 * @param out Receives codes and metadata.
 * @returns Number of values that saturated.
 * @throws {OnpathError} `shape` for lengths that do not fit, `size` for NaN or infinity where the method computes
 * scales from values; nothing is written then. MX and small floats under a scale of 1 have rules for both.
 */
export function encodeBlock(
  method: QuantizeMethod,
  values: Float32Array,
  shape: BlockShape,
  out: EncodedBlock,
): number {
  checkEncoded(method, shape, out);
  const { axis, group } = groupsOf(method);
  const ordered = new Float32Array(values.length);
  toGroupMajor(values, shape, axis, group, ordered);
  const codes = new Uint8Array(values.length);
  const saturated = encodeOrdered(method, ordered, shape, codes, out.metadata);
  packCodes(codes, codeBits(method), out.codes);
  return saturated;
}

/**
 * Decodes a block.
 *
 * @param method Method of the encoder.
 * @param encoded Codes and metadata.
 * @param shape Shape of the values.
 * @param values Receives tokens x channels.
 * @throws {OnpathError} `shape` for lengths that do not fit, `size` for a scale that no encoder writes.
 */
export function decodeBlock(
  method: QuantizeMethod,
  encoded: EncodedBlock,
  shape: BlockShape,
  values: Float32Array,
): void {
  checkEncoded(method, shape, encoded);
  const { axis, group } = groupsOf(method);
  const codes = new Uint8Array(values.length), ordered = new Float32Array(values.length);
  unpackCodes(encoded.codes, codeBits(method), codes);
  decodeOrdered(method, codes, encoded.metadata, shape, ordered);
  fromGroupMajor(ordered, shape, axis, group, values);
}

function encodeOrdered(
  method: QuantizeMethod,
  values: Float32Array,
  shape: BlockShape,
  codes: Uint8Array,
  metadata: Uint8Array,
): number {
  switch (method.kind) {
    case "float": {
      const format = SMALL_FLOATS[method.format];
      const map = floatScales(method, shape);
      if (method.scale !== "one") {
        absmaxScales(values, map.run, decodeSmallFloat(format, format.maxCode), method.stored, map.scales);
        writeStored(method.stored, map.scales, metadata);
      }
      return encodeScaledFloats(format, values, map, codes);
    }
    case "absmax": {
      const format = integerFormat(method), map = integerScales(method, values.length);
      absmaxScales(values, map.run, format.max, method.stored, map.scales);
      writeStored(method.stored, map.scales, metadata);
      return encodeScaledIntegers(format, values, map, codes);
    }
    case "asymmetric": {
      const format = integerFormat(method), map = integerScales(method, values.length);
      asymmetricScales(format, values, map.run, method.stored, map.scales, map.zeros);
      const [scales, zeros] = splitMetadata(metadata, map.scales.length * FLOAT_BYTES[method.stored]);
      writeStored(method.stored, map.scales, scales);
      zeros.set(map.zeros);
      return encodeScaledIntegers(format, values, map, codes);
    }
    case "mx":
      return encodeMx(MX_FORMATS[method.format], values, codes, metadata);
    case "kivi": {
      const groups = kiviGroups(values.length);
      const clamped = encodeKivi(method.bits, values, method.stored, codes, groups);
      const [minima, scales] = splitMetadata(metadata, metadata.length / 2);
      writeStored(method.stored, groups.minima, minima);
      writeStored(method.stored, groups.scales, scales);
      return clamped;
    }
    case "rotated": {
      const norms = new Float32Array(shape.tokens);
      const saturated = encodeRotated(method.bits, values, shape.channels, method.stored, codes, norms);
      writeStored(method.stored, norms, metadata);
      return saturated;
    }
  }
}

function decodeOrdered(
  method: QuantizeMethod,
  codes: Uint8Array,
  metadata: Uint8Array,
  shape: BlockShape,
  values: Float32Array,
): void {
  switch (method.kind) {
    case "float": {
      const map = floatScales(method, shape);
      if (method.scale !== "one") readStored(method.stored, metadata, map.scales);
      return decodeScaledFloats(SMALL_FLOATS[method.format], codes, map, values);
    }
    case "absmax":
    case "asymmetric": {
      const map = integerScales(method, values.length);
      const [scales, zeros] = splitMetadata(metadata, map.scales.length * FLOAT_BYTES[method.stored]);
      readStored(method.stored, scales, map.scales);
      map.zeros.set(zeros);
      return decodeScaledIntegers(integerFormat(method), codes, map, values);
    }
    case "mx":
      return decodeMx(MX_FORMATS[method.format], codes, metadata, values);
    case "kivi": {
      const groups = kiviGroups(values.length);
      const [minima, scales] = splitMetadata(metadata, metadata.length / 2);
      readStored(method.stored, minima, groups.minima);
      readStored(method.stored, scales, groups.scales);
      return decodeKivi(codes, groups, values);
    }
    case "rotated": {
      const norms = new Float32Array(shape.tokens);
      readStored(method.stored, metadata, norms);
      return decodeRotated(method.bits, codes, norms, shape.channels, values);
    }
  }
}

function floatScales({ scale }: FloatMethod, { tokens, channels }: BlockShape): ScaleMap {
  const scales = new Float32Array(scale === "channel" ? channels : 1).fill(1);
  return { run: scale === "channel" ? 1 : tokens * channels, scales };
}

function integerScales({ group }: IntegerMethod, count: number): ScaleMap & { readonly zeros: Int16Array } {
  return { run: group, scales: new Float32Array(count / group), zeros: new Int16Array(count / group) };
}

function kiviGroups(count: number): { minima: Float32Array; scales: Float32Array } {
  return { minima: new Float32Array(count / KIVI_GROUP), scales: new Float32Array(count / KIVI_GROUP) };
}

function splitMetadata(metadata: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  return [metadata.subarray(0, at), metadata.subarray(at)];
}

function checkEncoded(method: QuantizeMethod, shape: BlockShape, { codes, metadata }: EncodedBlock): void {
  const bytes = blockBytes(method, shape);
  checkLength("bytes of codes", codes.length, bytes.codes);
  checkLength("bytes of metadata", metadata.length, bytes.metadata);
}
