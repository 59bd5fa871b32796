/**
 * Payloads of groups through the model's codecs and through the reference. Imports nothing that needs a package, so
 * that any engine can run it.
 *
 * @module
 */

import { createEngine } from "../../../serialize/engine.ts";
import { decodeBlock, encodeBlock } from "../../../kernels/quantize/block.ts";
import {
  type FloatDType,
  narrow,
  readStored,
  widen,
  writeStored,
} from "../../../kernels/quantize/formats/elements.ts";
import { packCodes, unpackCodes } from "../../../kernels/quantize/formats/pack.ts";
import { decodeScaledFloats, encodeScaledFloats } from "../../../kernels/quantize/formats/scaled.ts";
import { SMALL_FLOATS } from "../../../kernels/quantize/formats/small_float.ts";
import { codeBits, type QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { createGroupDecoder, createGroupEncoder } from "../../../kernels/quantize/model/codec.ts";
import { codePayload, packGroups, valuePayload } from "../../../kernels/quantize/packing.ts";
import type { CacheBody } from "../../../kernels/quantize/plan.ts";

/** Elements of 16 or 32 bits. */
export type Elements = Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Body of a plan for `groups` groups along channels. */
export function bodyOf(method: QuantizeMethod, dtype: FloatDType, channels = 32): CacheBody {
  const shape = [1, 1, 1, 1, channels] as const;
  const packing = packGroups(method, dtype, method.kind === "float" ? [1, 1, 1, 32, channels] : shape, 8192);
  return { method, values: { dtype, shape }, packing, checksum: "link" };
}

/**
 * Encodes groups by the model.
 *
 * @param body Body of a plan.
 * @param elements Values of whole groups.
 * @param scales Scales of the groups, for small floats.
 */
export function encodeByModel(body: CacheBody, elements: Elements, scales?: Float32Array): Uint8Array {
  const { packing, method } = body;
  const groups = elements.length / packing.values;
  const request = new Uint8Array(valuePayload(packing, groups));
  request.set(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
  if (scales !== undefined && method.kind === "float") {
    writeStored(method.stored, scales, request.subarray(elements.byteLength));
  }
  return convert(createGroupEncoder(body), request, groups, codePayload(packing, groups, true));
}

/** Decodes groups by the model. */
export function decodeByModel(
  { packing, ...body }: CacheBody,
  codes: Uint8Array,
  groups: number,
): Uint8Array {
  return convert(createGroupDecoder({ ...body, packing }), codes, groups, groups * packing.valueBytes);
}

function convert(
  codec: ReturnType<typeof createGroupEncoder>,
  request: Uint8Array,
  groups: number,
  answerBytes: number,
): Uint8Array {
  const engine = createEngine(request.length + answerBytes + 256);
  const from = engine.reserve(request.length), to = engine.reserve(answerBytes);
  engine.bytes.set(request, from);
  if (!codec(engine, from, to, groups)) throw new Error("refused");
  return engine.bytes.slice(to, to + answerBytes);
}

/** Encodes groups by the reference. */
export function encodeByReference(
  { method, values: { dtype }, packing }: CacheBody,
  elements: Elements,
  scales?: Float32Array,
): Uint8Array {
  const values = new Float32Array(elements.length);
  widen(dtype, elements, values);
  const groups = values.length / packing.values;
  const answer = new Uint8Array(codePayload(packing, groups, true));
  const codes = answer.subarray(0, groups * packing.codeBytes);
  if (method.kind === "float") {
    const plain = new Uint8Array(values.length);
    const map = { run: packing.values, scales: scales ?? new Float32Array(groups).fill(1) };
    encodeScaledFloats(SMALL_FLOATS[method.format], values, map, plain);
    packCodes(plain, codeBits(method), codes);
  } else {
    const metadata = answer.subarray(codes.length);
    encodeBlock(method, values, { tokens: groups, channels: packing.values }, { codes, metadata });
  }
  return answer;
}

/** Decodes groups by the reference, and rounds to elements. */
export function decodeByReference(
  { method, values: { dtype }, packing }: CacheBody,
  payload: Uint8Array,
  groups: number,
): Uint8Array {
  const values = new Float32Array(groups * packing.values);
  const codes = payload.subarray(0, groups * packing.codeBytes), metadata = payload.subarray(codes.length);
  if (method.kind === "float") {
    const plain = new Uint8Array(values.length), scales = new Float32Array(groups).fill(1);
    unpackCodes(codes, codeBits(method), plain);
    if (method.scale !== "one") readStored(method.stored, metadata, scales);
    decodeScaledFloats(SMALL_FLOATS[method.format], plain, { run: packing.values, scales }, values);
  } else decodeBlock(method, { codes, metadata }, { tokens: groups, channels: packing.values }, values);
  const elements = dtype === "f32" ? new Float32Array(values.length) : new Uint16Array(values.length);
  narrow(dtype, values, elements);
  return new Uint8Array(elements.buffer);
}
