/**
 * Codecs of a packet's groups, as the device computes them.
 *
 * @module
 */

import type { Engine } from "../../../serialize/engine.ts";
import type { FloatDType } from "../formats/elements.ts";
import { powerOfTwo } from "../formats/exact.ts";
import { MX_FORMATS } from "../formats/mx.ts";
import { SMALL_FLOATS, type SmallFloat } from "../formats/small_float.ts";
import { type GroupFunctions, groupFunctions, type Loop } from "../group_functions.ts";
import { codeBits, type QuantizeMethod, type RotatedMethod } from "../method.ts";
import type { CacheBody } from "../plan.ts";
import { rotatedDecoder, rotatedEncoder } from "./rotated_codec.ts";

/**
 * Converts the groups of a payload at `from` to those of its answer at `to`, in the memory of one engine.
 *
 * @returns Whether the answer is valid.
 */
export type GroupCodec = (engine: Engine, from: number, to: number, groups: number) => boolean;

/** Function and its arguments after the bits of a code. */
type Call = readonly [name: keyof GroupFunctions, ...format: readonly number[]];

/** Method whose groups a compiled loop converts. */
type LoopMethod = Exclude<QuantizeMethod, RotatedMethod>;

/** Number of each type, as the functions take it. */
const TYPES: Readonly<Record<FloatDType, number>> = { bf16: 0, f16: 1, f32: 2 };
/** Numbers in place of a stored type: no scales, and scale codes of MX. */
const NO_SCALES = -1, MX_SCALES = 3;
/** Kinds of integers, as the decoder takes them. */
const INTEGER_KINDS = { absmax: 0, asymmetric: 1, kivi: 2, mx: 3 } as const;

/** Creates the encoder of a plan: values to codes and metadata. */
export function createGroupEncoder(body: CacheBody): GroupCodec {
  const { method } = body;
  return method.kind === "rotated" ? rotatedEncoder(body, method) : codec(body, encoderOf(method));
}

/** Creates the decoder of a plan: codes and metadata to values. */
export function createGroupDecoder(body: CacheBody): GroupCodec {
  const { method } = body;
  return method.kind === "rotated" ? rotatedDecoder(body, method) : codec(body, decoderOf(method));
}

function codec(
  { method, values: { dtype }, packing: { values } }: CacheBody,
  [name, ...format]: Call,
): GroupCodec {
  const type = TYPES[dtype], bits = codeBits(method);
  // A function ignores arguments beyond its own.
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = format;
  let last: Engine | undefined, loop: Loop;
  return (engine, from, to, groups) => {
    if (engine !== last) {
      last = engine;
      loop = groupFunctions(engine)[name] as Loop;
    }
    loop(from, to, groups, values, type, bits, a, b, c, d, e, f);
    return true;
  };
}

function encoderOf(method: LoopMethod): Call {
  switch (method.kind) {
    case "float": {
      const format = SMALL_FLOATS[method.format];
      const stored = method.scale === "one" ? NO_SCALES : TYPES[method.stored];
      return ["encodeFloats", ...encodedFloat(format), format.nanCode ?? 0, stored];
    }
    case "absmax":
    case "asymmetric":
      return ["encodeIntegers", TYPES[method.stored], method.kind === "asymmetric" ? 1 : 0];
    case "mx": {
      const { element } = MX_FORMATS[method.format];
      if (element === undefined) return ["encodeMx", 0, 0, 0, 0, 0];
      return ["encodeMx", ...encodedFloat(element), element.maxExponent];
    }
    case "kivi":
      return ["encodeKivi", TYPES[method.stored]];
  }
}

function decoderOf(method: LoopMethod): Call {
  switch (method.kind) {
    case "float": {
      const stored = method.scale === "one" ? NO_SCALES : TYPES[method.stored];
      return ["decodeFloats", ...decodedFloat(SMALL_FLOATS[method.format]), stored];
    }
    case "mx": {
      const { element } = MX_FORMATS[method.format];
      if (element === undefined) return ["decodeIntegers", 0, INTEGER_KINDS.mx];
      return ["decodeFloats", ...decodedFloat(element), MX_SCALES];
    }
    case "absmax":
    case "asymmetric":
    case "kivi":
      return ["decodeIntegers", TYPES[method.stored], INTEGER_KINDS[method.kind]];
  }
}

/** Least exponent field in binary32's place, bits that are rounded away, a bound, and the greatest code. */
function encodedFloat({ bias, mantissaBits, maxExponent, maxCode }: SmallFloat): number[] {
  return [(128 - bias) << 23, 23 - mantissaBits, powerOfTwo(maxExponent + 1), maxCode];
}

/** Shift of a code into binary32, the difference of the biases in its place, and the first special codes. */
function decodedFloat({ bias, mantissaBits, maxCode, infinityCode }: SmallFloat): number[] {
  return [23 - mantissaBits, (127 - bias) << 23, maxCode, infinityCode ?? -1];
}
