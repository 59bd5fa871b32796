/**
 * Codecs of the rotated form: a group is a vector. Vectors that devices rotate are rotated in their integers; others
 * by the reference.
 *
 * @module
 */

import type { Engine } from "../../../serialize/engine.ts";
import { decodeRotatedFixed, encodeRotatedFixed, ROTATED_CHANNELS } from "../fixed_rotation.ts";
import { FLOAT_BYTES, type FloatDType, narrow, readStored, widen, writeStored } from "../formats/elements.ts";
import { packCodes, unpackCodes } from "../formats/pack.ts";
import { decodeRotated, encodeRotated } from "../formats/rotated.ts";
import type { RotatedMethod } from "../method.ts";
import type { CacheBody } from "../plan.ts";

/** Buffers for one number of groups. */
interface Buffers {
  readonly values: Float32Array<ArrayBuffer>;
  readonly codes: Uint8Array<ArrayBuffer>;
  readonly norms: Float32Array<ArrayBuffer>;
}

/** Converts groups; see `GroupCodec`. */
type RotatedCodec = (engine: Engine, from: number, to: number, groups: number) => boolean;

/** Creates the encoder of vectors. It refuses those that are not finite. */
export function rotatedEncoder(body: CacheBody, { bits, stored }: RotatedMethod): RotatedCodec {
  const { packing: { values: channels, codeBytes, valueBytes }, values: { dtype } } = body;
  const encode = isFixed(body) ? encodeRotatedFixed : encodeRotated;
  const buffersFor = createBuffers(channels);
  return ({ bytes }, from, to, groups) => {
    const { values, codes, norms } = buffersFor(groups);
    widen(dtype, elementsAt(dtype, bytes, from, groups * valueBytes), values);
    if (!values.every(Number.isFinite)) return false;
    encode(bits, values, channels, stored, codes, norms);
    const metadata = to + groups * codeBytes;
    packCodes(codes, bits, bytes.subarray(to, metadata));
    writeStored(stored, norms, bytes.subarray(metadata, metadata + groups * FLOAT_BYTES[stored]));
    return true;
  };
}

/** Creates the decoder of vectors. It refuses norms that no encoder writes. */
export function rotatedDecoder(body: CacheBody, { bits, stored }: RotatedMethod): RotatedCodec {
  const { packing: { values: channels, codeBytes, valueBytes }, values: { dtype } } = body;
  const decode = isFixed(body) ? decodeRotatedFixed : decodeRotated;
  const buffersFor = createBuffers(channels);
  return ({ bytes }, from, to, groups) => {
    const { values, codes, norms } = buffersFor(groups);
    const metadata = from + groups * codeBytes;
    unpackCodes(bytes.subarray(from, metadata), bits, codes);
    readStored(stored, bytes.subarray(metadata, metadata + groups * FLOAT_BYTES[stored]), norms);
    if (!norms.every((norm) => norm >= 0 && norm < Infinity)) return false;
    decode(bits, codes, norms, channels, values);
    narrow(dtype, values, elementsAt(dtype, bytes, to, groups * valueBytes));
    return true;
  };
}

/** Whether a device rotates the vectors. */
function isFixed({ packing: { values }, values: { dtype } }: CacheBody): boolean {
  return dtype !== "f32" && ROTATED_CHANNELS.some((channels) => channels === values);
}

/** Buffers of the last number of groups. All packets of a plan but the last have the same number. */
function createBuffers(channels: number): (groups: number) => Buffers {
  let last: Buffers | undefined;
  return (groups) => {
    if (last?.norms.length === groups) return last;
    const count = groups * channels;
    return last = {
      values: new Float32Array(count),
      codes: new Uint8Array(count),
      norms: new Float32Array(groups),
    };
  };
}

/** Views elements in an engine's memory; payloads begin at multiples of 64. */
function elementsAt(
  dtype: FloatDType,
  { buffer }: Uint8Array,
  at: number,
  length: number,
): Uint16Array | Float32Array {
  return dtype === "f32" ? new Float32Array(buffer, at, length / 4) : new Uint16Array(buffer, at, length / 2);
}
