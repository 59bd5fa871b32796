/**
 * Packets of vectors and of their codes, and their answers by `kernels/quantize/fixed_rotation.ts`.
 *
 * @module
 */

import fc from "fast-check";
import {
  decodeRotatedFixed,
  encodeRotatedFixed,
  ROTATED_CHANNELS,
} from "../../kernels/quantize/fixed_rotation.ts";
import type { CodebookBits } from "../../kernels/quantize/formats/codebooks.ts";
import { narrow, readStored, widen, writeStored } from "../../kernels/quantize/formats/elements.ts";
import { packCodes, packedBytes, unpackCodes } from "../../kernels/quantize/formats/pack.ts";
import { ROTATE_ARGUMENTS, type RotateArgumentName } from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { random } from "../support/random.ts";
import { packetOf, seal } from "./packets.ts";

/** Types of values and norms. */
export type Half = "bf16" | "f16";

/** A rotation of vectors. */
export interface Rotation {
  readonly decode: boolean;
  readonly bits: CodebookBits;
  readonly channels: (typeof ROTATED_CHANNELS)[number];
  readonly values: Half;
  readonly norms: Half;
}

/** All codes and vectors, one way, with types that differ from one to the next. */
export function rotations(decode: boolean): Rotation[] {
  const types = [["bf16", "f16"], ["f16", "f16"], ["f16", "bf16"], ["bf16", "bf16"]] as const;
  return ROTATED_CHANNELS.flatMap((channels, n) =>
    ([2, 3, 4] as const).map((bits, k) => {
      const [values, norms] = types[(n + k) % 4]!;
      return { decode, bits, channels, values, norms };
    })
  );
}

/** Name of a rotation in a test. */
export function nameOf({ decode, bits, channels, values, norms }: Rotation): string {
  return `${decode ? "from" : "to"} ${bits} bits, ${channels} channels of ${values}, norms ${norms}`;
}

/** Least number of vectors whose codes fill whole beats. */
export function unitOf({ bits, channels }: Rotation): number {
  let unit = 1;
  while (unit * packedBytes(channels, bits) % 32 !== 0) unit *= 2;
  return unit;
}

/** Bytes of a vector in a request and in its answer. */
export function vectorBytes({ decode, bits, channels }: Rotation): { request: number; answer: number } {
  const [values, codes] = [2 * channels, packedBytes(channels, bits) + 2];
  return decode ? { request: codes, answer: values } : { request: values, answer: codes };
}

/** Longest payload that is answered, of whole units. */
export function longestOf(rotation: Rotation, store = { request: 32 * 125, answer: 32 * 128 }): number {
  const { request, answer } = vectorBytes(rotation), unit = unitOf(rotation);
  return Math.floor(Math.min(store.request / request, store.answer / answer) / unit) * unit * request;
}

/** Arguments in register order. */
export function argumentsOf(rotation: Rotation, plan: number, longest = 8192): number[] {
  const values: Record<RotateArgumentName, number> = {
    plan,
    kind: KIND.cells,
    longest,
    item: 1,
    decode: rotation.decode ? 1 : 0,
    bits: rotation.bits,
    channels: Math.log2(rotation.channels),
    values: rotation.values === "f16" ? 1 : 0,
    norms: rotation.norms === "f16" ? 1 : 0,
    tables: 0,
  };
  return ROTATE_ARGUMENTS.map(({ name }) => values[name]);
}

/** Kinds of vectors: what their magnitudes are like. */
export const VECTORS = [
  "any",
  "normal",
  "close",
  "subnormal",
  "greatest",
  "zero",
  "single",
  "whole",
] as const;

/** Finite elements of a vector of a kind, as bit patterns. */
export function elementsOf(
  kind: (typeof VECTORS)[number],
  dtype: Half,
  length: number,
  seed: number,
): number[] {
  const next = random(seed);
  const fraction = dtype === "bf16" ? 7 : 10,
    top = dtype === "bf16" ? 254 : 30,
    middle = dtype === "bf16" ? 127 : 15;
  const sign = () => next() & 0x8000;
  const of = (field: number) => sign() | (field << fraction) | (next() & (2 ** fraction - 1));
  const base = 1 + next() % (top - 1);
  const one = next() % length, shared = of(1 + next() % top);
  return Array.from({ length }, (_, i) => {
    switch (kind) {
      case "any":
        return of(next() % (top + 1));
      case "normal":
        // Half of the values have the exponent below 1, a quarter the next one, and one of 32 is an outlier.
        return of(middle - 1 - Math.min(middle - 2, Math.clz32(next())) + (next() % 32 === 0 ? 6 : 0));
      case "close":
        return of(Math.max(0, base - next() % 24));
      case "subnormal":
        return of(0);
      case "greatest":
        return sign() | (top << fraction) | (2 ** fraction - 1);
      case "zero":
        return sign();
      case "single":
        return i === one ? shared : sign();
      case "whole":
        // Equal magnitudes: sums of a few values, which tie with thresholds of 0.
        return sign() | (shared & 0x7fff);
    }
  });
}

/** A sound packet of a plan with a payload. */
export function payloadPacket(
  plan: number,
  payload: Uint8Array,
  sequence: number,
  packets: number,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const packet = Uint8Array.from(packetOf(payload.length, sequence, packets, seed));
  packet.set(payload, HEADER_BYTES);
  const view = new DataView(packet.buffer);
  view.setUint32(OFFSET.plan, plan, true);
  view.setUint32(OFFSET.crc, seal(packet), true);
  return packet;
}

/** The payload of a request with some vectors. */
export function requestOf(rotation: Rotation, vectors: number, seed: number): Uint8Array {
  const { decode, bits, channels, values, norms } = rotation;
  const next = random(seed);
  if (!decode) {
    const kinds = Array.from({ length: vectors }, () => VECTORS[next() % VECTORS.length]!);
    const elements = kinds.flatMap((kind) => elementsOf(kind, values, channels, next()));
    return new Uint8Array(Uint16Array.from(elements).buffer);
  }
  const codes = packedBytes(vectors * channels, bits);
  const payload = new Uint8Array(codes + 2 * vectors);
  for (let i = 0; i < codes; i++) payload[i] = next();
  const same = next();
  // Codes of a vector are equal at times, which makes the greatest sums.
  if (same % 4 === 0) payload.fill(same % 8 === 0 ? 0 : 255, 0, codes);
  const kind = VECTORS[next() % VECTORS.length]!;
  const stored = elementsOf(kind, norms, vectors, next()).map((word) => word & 0x7fff);
  payload.set(new Uint8Array(Uint16Array.from(stored).buffer), codes);
  return payload;
}

/** The payload of the answer, by the integers of `fixed_rotation.ts`. */
export function answerPayload(rotation: Rotation, payload: Uint8Array): Uint8Array {
  const { decode, bits, channels, values: dtype, norms: stored } = rotation;
  const vectors = payload.length / vectorBytes(rotation).request;
  const values = new Float32Array(vectors * channels), norms = new Float32Array(vectors);
  const plain = new Uint8Array(values.length), packed = packedBytes(plain.length, bits);
  if (!decode) {
    widen(dtype, new Uint16Array(payload.slice().buffer), values);
    encodeRotatedFixed(bits, values, channels, stored, plain, norms);
    const answer = new Uint8Array(packed + 2 * vectors);
    packCodes(plain, bits, answer.subarray(0, packed));
    writeStored(stored, norms, answer.subarray(packed));
    return answer;
  }
  unpackCodes(payload.subarray(0, packed), bits, plain);
  readStored(stored, payload.subarray(packed), norms);
  decodeRotatedFixed(bits, plain, norms, channels, values);
  const elements = new Uint16Array(values.length);
  narrow(dtype, values, elements);
  return new Uint8Array(elements.buffer);
}

/** The answer to a packet. */
export function answerOf(packet: Uint8Array, rotation: Rotation): Uint8Array {
  const payload = answerPayload(rotation, packet.subarray(HEADER_BYTES));
  const answer = new Uint8Array(HEADER_BYTES + payload.length);
  answer.set(packet.subarray(0, OFFSET.carry));
  answer.set(payload, HEADER_BYTES);
  const view = new DataView(answer.buffer);
  view.setUint16(OFFSET.length, payload.length, true);
  view.setUint32(OFFSET.crc, seal(answer), true);
  return answer;
}

/** Pauses on either side. */
export const anyPauses = fc.record({
  send: fc.constantFrom(0, 0, 3, 12),
  take: fc.constantFrom(0, 0, 3, 12),
  seed: fc.nat(),
});
