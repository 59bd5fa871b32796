/**
 * Codec of a packet's groups by the reference: `n` groups of `g` values are a block of `n` tokens x `g` channels
 * with groups along channels.
 *
 * @module
 */

import { decodeBlock, encodeBlock } from "../block.ts";
import { type FloatDType, narrow, readStored, widen } from "../formats/elements.ts";
import { packCodes, unpackCodes } from "../formats/pack.ts";
import { decodeScaledFloats, encodeScaledFloats } from "../formats/scaled.ts";
import { SMALL_FLOATS } from "../formats/small_float.ts";
import { codeBits, type FloatMethod, type QuantizeMethod } from "../method.ts";
import { codePayload } from "../packing.ts";
import type { CacheBody } from "../plan.ts";

/**
 * Converts the payload of a request to that of its answer.
 *
 * @param request Payload of whole groups.
 * @param groups Number of groups.
 * @param answer Receives the answer.
 */
export type GroupCodec = (request: Uint8Array, groups: number, answer: Uint8Array) => void;

/** Creates the encoder of a plan: payload of values to payload of codes. */
export function createGroupEncoder({ method, values: { dtype }, packing }: CacheBody): GroupCodec {
  const along = alongChannels(method);
  return (request, groups, answer) => {
    const count = groups * packing.values;
    const values = readValues(dtype, request, count);
    const codes = answer.subarray(0, groups * packing.codeBytes);
    if (method.kind === "float") {
      const plain = new Uint8Array(count);
      const scales = floatScales(method, request.subarray(groups * packing.valueBytes), groups);
      encodeScaledFloats(SMALL_FLOATS[method.format], values, { run: packing.values, scales }, plain);
      packCodes(plain, codeBits(method), codes);
      return;
    }
    const metadata = answer.subarray(codes.length, codePayload(packing, groups, true));
    encodeBlock(along, values, { tokens: groups, channels: packing.values }, { codes, metadata });
  };
}

/** Creates the decoder of a plan: payload of codes to payload of values. */
export function createGroupDecoder({ method, values: { dtype }, packing }: CacheBody): GroupCodec {
  const along = alongChannels(method);
  return (request, groups, answer) => {
    const values = new Float32Array(groups * packing.values);
    const codes = request.subarray(0, groups * packing.codeBytes);
    const metadata = request.subarray(codes.length, codePayload(packing, groups, false));
    if (method.kind === "float") {
      const plain = new Uint8Array(values.length);
      unpackCodes(codes, codeBits(method), plain);
      const scales = floatScales(method, metadata, groups);
      decodeScaledFloats(SMALL_FLOATS[method.format], plain, { run: packing.values, scales }, values);
    } else decodeBlock(along, { codes, metadata }, { tokens: groups, channels: packing.values }, values);
    writeValues(dtype, values, answer);
  };
}

function alongChannels(method: QuantizeMethod): QuantizeMethod {
  return "axis" in method ? { ...method, axis: "channels" } : method;
}

function floatScales({ scale, stored }: FloatMethod, bytes: Uint8Array, groups: number): Float32Array {
  const scales = new Float32Array(groups).fill(1);
  if (scale !== "one") readStored(stored, bytes, scales);
  return scales;
}

function readValues(dtype: FloatDType, bytes: Uint8Array, count: number): Float32Array {
  const values = new Float32Array(count);
  const copy = bytes.slice(0, count * (dtype === "f32" ? 4 : 2));
  widen(dtype, dtype === "f32" ? new Float32Array(copy.buffer) : new Uint16Array(copy.buffer), values);
  return values;
}

function writeValues(dtype: FloatDType, values: Float32Array, bytes: Uint8Array): void {
  const elements = dtype === "f32" ? new Float32Array(values.length) : new Uint16Array(values.length);
  narrow(dtype, values, elements);
  bytes.set(new Uint8Array(elements.buffer));
}
