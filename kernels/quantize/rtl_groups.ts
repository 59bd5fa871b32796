/**
 * Groups in the format of the RTL: sizes, the arguments that `packet_quantize` and `packet_dequantize` share, and
 * the methods that neither takes.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { checkStores } from "../rtl/stores.ts";
import { FLOAT_BYTES, type FloatDType } from "./formats/elements.ts";
import { MX_FORMATS } from "./formats/mx.ts";
import { packedBytes } from "./formats/pack.ts";
import { SMALL_FLOATS, type SmallFloat } from "./formats/small_float.ts";
import { codeBits, groupsOf, type QuantizeMethod } from "./method.ts";
import { FLOAT_GROUP, isHostScaled, metadataPlanes } from "./packing.ts";

/** Methods that `packet_quantize` and `packet_dequantize` take. */
export type GroupMethod = Exclude<QuantizeMethod, { readonly kind: "rotated" }>;

/** Facts of a plan that its kernel image needs. Plain data. */
export interface GroupPlan {
  /** Number of the plan. */
  readonly id: number;
  /** Method of the codes. */
  readonly method: QuantizeMethod;
  /** Type of the values: of requests to quantize, of answers to dequantize. */
  readonly dtype: FloatDType;
  /** Greatest payloads in bytes. */
  readonly packets: { readonly request: number; readonly answer: number };
}

/** Bytes of a group. */
export interface GroupBytes {
  /** Values of 16 bits. */
  readonly values: number;
  /** Packed codes. */
  readonly codes: number;
  /** Metadata beside codes, by region. */
  readonly metadata: readonly [number, number];
  /** Scale that a request to quantize brings. */
  readonly given: number;
}

/** Values in a beat. */
const BEAT_VALUES = 16;
/** Greatest number of beats in a group. */
const MAX_BEATS = 16;
/** The arguments `scaling` and `offset`. */
const SCALING = { one: 0, given: 1, computed: 2, power: 3 } as const;
const OFFSET = { none: 0, zero: 1, minimum: 2 } as const;

/**
 * Checks that the RTL takes a plan.
 *
 * @param plan Facts of the plan.
 * @throws {OnpathError} `device` with the fact that the RTL lacks.
 */
export function checkGroupPlan(plan: GroupPlan): GroupMethod {
  const { id, method, dtype, packets } = plan;
  const lacks = (what: string) =>
    new OnpathError("device", `Cannot load quantize plan ${id} into the RTL: it does not take ${what}`, {
      plan: id,
      what,
    });
  if (method.kind === "rotated") throw lacks("rotations with groups");
  if (dtype === "f32") throw lacks("f32 values");
  if (method.kind !== "mx" && method.stored === "f32") throw lacks("stored f32 values");
  const group = groupValues(method);
  if (group % BEAT_VALUES !== 0 || group > BEAT_VALUES * MAX_BEATS) throw lacks(`groups of ${group} values`);
  checkStores(packets, lacks);
  return method;
}

/**
 * Number of values that form a group in packets. Small floats have groups too, for their scales.
 *
 * @param method Method of the codes.
 */
export function groupValues(method: GroupMethod): number {
  return method.kind === "float" ? FLOAT_GROUP : groupsOf(method).group;
}

/**
 * Counts the bytes of a group.
 *
 * @param method Method of the codes; stored values have 16 bits.
 */
export function groupBytes(method: GroupMethod): GroupBytes {
  const group = groupValues(method);
  const isGiven = isHostScaled(method);
  const [first = 0, second = 0] = isGiven ? [] : metadataPlanes(method);
  return {
    values: group * FLOAT_BYTES.bf16,
    codes: packedBytes(group, codeBits(method)),
    metadata: [first, second],
    given: isGiven ? FLOAT_BYTES.bf16 : 0,
  };
}

/** Arguments that both kernels share, by name. */
export interface GroupArguments {
  /** Beats of 16 values in a group. */
  readonly groupBeats: number;
  /** Bits of a code. */
  readonly bits: number;
  /** 2^20 over the bytes of a group in a request, rounded up. */
  readonly reciprocal: number;
  /** Types of values and stored numbers. */
  readonly types: number;
  /** Source of the scales. */
  readonly scaling: number;
  /** Zero points or minima. */
  readonly offset: number;
  /** Mantissa bits of a float; 0 for integers. */
  readonly mantissa: number;
  /** Least exponent of a float; exponent that integers gain. */
  readonly least: number;
}

/**
 * Returns the arguments that both kernels share.
 *
 * @param method Method that {@linkcode checkGroupPlan} accepted.
 * @param dtype Type of the values.
 * @param requestBytes Bytes of a group in a request.
 */
export function groupArguments(method: GroupMethod, dtype: FloatDType, requestBytes: number): GroupArguments {
  const format = floatFormat(method);
  const stored = method.kind === "mx" ? dtype : method.stored;
  return {
    groupBeats: groupValues(method) / BEAT_VALUES,
    bits: codeBits(method),
    reciprocal: Math.ceil(2 ** 20 / requestBytes),
    types: (dtype === "f16" ? 1 : 0) + (stored === "f16" ? 2 : 0),
    scaling: SCALING[scalingOf(method)],
    offset: OFFSET[method.kind === "asymmetric" ? "zero" : method.kind === "kivi" ? "minimum" : "none"],
    mantissa: format?.mantissaBits ?? 0,
    // MXINT8 has units of 2^-6.
    least: format === undefined ? (method.kind === "mx" ? 6 : 0) : 1 - format.bias,
  };
}

/**
 * Format of codes that are floats; undefined for integers.
 *
 * @param method Method of the codes.
 */
export function floatFormat(method: GroupMethod): SmallFloat | undefined {
  if (method.kind === "float") return SMALL_FLOATS[method.format];
  return method.kind === "mx" ? MX_FORMATS[method.format].element : undefined;
}

function scalingOf(method: GroupMethod): keyof typeof SCALING {
  if (method.kind === "float") return method.scale === "one" ? "one" : "given";
  return method.kind === "mx" ? "power" : "computed";
}
