/**
 * Packets of groups, and their answers by the reference.
 *
 * @module
 */

import type fc from "fast-check";
import { decodeBlock, encodeBlock, type EncodedBlock } from "../../kernels/quantize/block.ts";
import { narrow, readStored, widen } from "../../kernels/quantize/formats/elements.ts";
import { packCodes, unpackCodes } from "../../kernels/quantize/formats/pack.ts";
import { decodeScaledFloats, encodeScaledFloats } from "../../kernels/quantize/formats/scaled.ts";
import { SMALL_FLOATS } from "../../kernels/quantize/formats/small_float.ts";
import { codeBits } from "../../kernels/quantize/method.ts";
import {
  createDequantizeClock,
  createQuantizeClock,
  type GroupClock,
} from "../../kernels/quantize/rtl_cycles.ts";
import { dequantizeKernelImage } from "../../kernels/quantize/rtl_dequantize.ts";
import {
  groupBytes,
  type GroupMethod,
  type GroupPlan,
  groupValues,
} from "../../kernels/quantize/rtl_groups.ts";
import { quantizeKernelImage } from "../../kernels/quantize/rtl_quantize.ts";
import type { KernelImage } from "../../kernels/program.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { anyCodes, anyValues, type Case } from "./group_cases.ts";
import { packetOf, seal } from "./packets.ts";

/** One of the two kernels. */
export interface GroupKernel {
  readonly build: "packet_quantize" | "packet_dequantize";
  readonly image: (plan: GroupPlan) => KernelImage;
  readonly clock: (method: GroupMethod) => GroupClock;
  /** Bytes of a group in a request, and in an answer. */
  readonly sizes: (method: GroupMethod) => { readonly request: number; readonly answer: number };
  readonly anyPayload: (each: Case, groups: number) => fc.Arbitrary<Uint8Array>;
  /** Answer's payload by the reference. */
  readonly answer: (each: Case, payload: Uint8Array) => Uint8Array;
}

/** Bytes that the stores hold: a request's payload, and an answer's. */
export const STORES = { request: 32 * 125, answer: 32 * 128 } as const;

/** Least number of groups whose codes fill whole beats. */
export function unitOf(method: GroupMethod): number {
  const { codes } = groupBytes(method);
  let unit = 1;
  while (unit * codes % 32 !== 0) unit++;
  return unit;
}

/** Greatest number of groups of a packet, for given bytes of the longer side. */
export function mostGroups(
  { sizes }: GroupKernel,
  method: GroupMethod,
  limits: typeof STORES | number,
): number {
  const unit = unitOf(method);
  const { request, answer } = sizes(method);
  const most = typeof limits === "number" ? { request: limits, answer: limits } : limits;
  return Math.floor(Math.min(most.request / request, most.answer / answer) / unit) * unit;
}

function scalesOf(method: GroupMethod & { readonly kind: "float" }, groups: number, bytes: Uint8Array) {
  const scales = new Float32Array(groups).fill(1);
  if (method.scale !== "one") readStored(method.stored, bytes, scales);
  return { run: groupValues(method), scales };
}

/** Encodes groups by the reference: packed codes, and metadata behind them. */
function encodeGroups({ method, dtype }: Case, payload: Uint8Array): Uint8Array {
  const group = groupValues(method), bytes = QUANTIZE.sizes(method);
  const groups = payload.length / bytes.request, count = groups * group;
  const values = new Float32Array(count);
  widen(dtype, new Uint16Array(payload.slice(0, 2 * count).buffer), values);
  const answer = new Uint8Array(groups * bytes.answer);
  const codeBytes = groups * groupBytes(method).codes;
  const out: EncodedBlock = { codes: answer.subarray(0, codeBytes), metadata: answer.subarray(codeBytes) };
  if (method.kind !== "float") {
    encodeBlock(method, values, { tokens: groups, channels: group }, out);
    return answer;
  }
  const codes = new Uint8Array(count);
  const map = scalesOf(method, groups, payload.subarray(2 * count));
  encodeScaledFloats(SMALL_FLOATS[method.format], values, map, codes);
  packCodes(codes, codeBits(method), out.codes);
  return answer;
}

/** Decodes groups by the reference. */
function decodeGroups({ method, dtype }: Case, payload: Uint8Array): Uint8Array {
  const group = groupValues(method), bytes = DEQUANTIZE.sizes(method);
  const groups = payload.length / bytes.request, count = groups * group;
  const codeBytes = groups * groupBytes(method).codes;
  const encoded = { codes: payload.subarray(0, codeBytes), metadata: payload.subarray(codeBytes) };
  const values = new Float32Array(count);
  if (method.kind !== "float") decodeBlock(method, encoded, { tokens: groups, channels: group }, values);
  else {
    const codes = new Uint8Array(count);
    unpackCodes(encoded.codes, codeBits(method), codes);
    decodeScaledFloats(
      SMALL_FLOATS[method.format],
      codes,
      scalesOf(method, groups, encoded.metadata),
      values,
    );
  }
  const elements = new Uint16Array(count);
  narrow(dtype, values, elements);
  return new Uint8Array(elements.buffer);
}

/** `packet_quantize`. */
export const QUANTIZE: GroupKernel = {
  build: "packet_quantize",
  image: quantizeKernelImage,
  clock: createQuantizeClock,
  sizes: (method) => {
    const { values, codes, given, metadata: [first, second] } = groupBytes(method);
    return { request: values + given, answer: codes + first + second };
  },
  anyPayload: anyValues,
  answer: encodeGroups,
};

/** `packet_dequantize`. */
export const DEQUANTIZE: GroupKernel = {
  build: "packet_dequantize",
  image: dequantizeKernelImage,
  clock: createDequantizeClock,
  sizes: (method) => {
    const { values, codes, given, metadata: [first, second] } = groupBytes(method);
    return { request: codes + given + first + second, answer: values };
  },
  anyPayload: anyCodes,
  answer: decodeGroups,
};

/** A sound packet with a payload. */
export function payloadPacket(
  payload: Uint8Array,
  plan: number,
  sequence: number,
  packets: number,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const packet = Uint8Array.from(packetOf(payload.length, sequence, packets, seed));
  const view = new DataView(packet.buffer);
  packet.set(payload, HEADER_BYTES);
  view.setUint8(OFFSET.kind, KIND.samples);
  view.setUint32(OFFSET.plan, plan, true);
  view.setUint32(OFFSET.crc, seal(packet), true);
  return packet;
}

/** The answer to a packet, with a payload. */
export function answerPacket(packet: Uint8Array, payload: Uint8Array): Uint8Array {
  const answer = new Uint8Array(HEADER_BYTES + payload.length);
  answer.set(packet.subarray(0, OFFSET.carry));
  answer.set(payload, HEADER_BYTES);
  const view = new DataView(answer.buffer);
  view.setUint16(OFFSET.length, payload.length, true);
  view.setUint32(OFFSET.crc, seal(answer), true);
  return answer;
}
