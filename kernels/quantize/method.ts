/**
 * Methods: a format, its groups and the type of its metadata, as plain data; and the bytes that a block takes.
 *
 * @module
 */

import type { CodebookBits } from "./formats/codebooks.ts";
import { FLOAT_BYTES, type FloatDType } from "./formats/elements.ts";
import { type BlockShape, checkGroups, type GroupAxis } from "./formats/group_order.ts";
import { checkHadamard } from "./formats/hadamard.ts";
import { INTEGERS } from "./formats/integer_format.ts";
import { KIVI_GROUP, type KiviBits } from "./formats/kivi.ts";
import { MX_BLOCK, MX_FORMATS, type MxName } from "./formats/mx.ts";
import { packedBytes } from "./formats/pack.ts";
import { SMALL_FLOATS, type SmallFloatName } from "./formats/small_float.ts";

/** Small floats under scales by absmax; `one` is a scale of 1 without metadata. */
export interface FloatMethod {
  /** Names the method. */
  readonly kind: "float";
  /** Format of the codes. */
  readonly format: SmallFloatName;
  /** Scales: none, one for the block, or one per channel. */
  readonly scale: "one" | "block" | "channel";
  /** Type of stored scales. */
  readonly stored: FloatDType;
}

/** Integers in groups: `absmax` with scales alone, `asymmetric` with zero points of one byte. */
export interface IntegerMethod {
  /** Names the method. */
  readonly kind: "absmax" | "asymmetric";
  /** Bits of a code. */
  readonly bits: 4 | 8;
  /** Axis along which a group's values lie. */
  readonly axis: GroupAxis;
  /** Number of values in a group. */
  readonly group: number;
  /** Type of stored scales. */
  readonly stored: FloatDType;
}

/** OCP MX: blocks of 32 along an axis, scales of one byte. */
export interface MxMethod {
  /** Names the method. */
  readonly kind: "mx";
  /** Format of elements and scales. */
  readonly format: MxName;
  /** Axis along which a block's values lie. */
  readonly axis: GroupAxis;
}

/** KIVI: groups of 32 along tokens for K, along channels for V. */
export interface KiviMethod {
  /** Names the method. */
  readonly kind: "kivi";
  /** Bits of a code. */
  readonly bits: KiviBits;
  /** Axis along which a group's values lie. */
  readonly axis: GroupAxis;
  /** Type of stored minima and scales. */
  readonly stored: FloatDType;
}

/** Walsh-Hadamard rotation of each token and a Lloyd-Max codebook. */
export interface RotatedMethod {
  /** Names the method. */
  readonly kind: "rotated";
  /** Bits of a code. */
  readonly bits: CodebookBits;
  /** Type of stored norms. */
  readonly stored: FloatDType;
}

/** Any method. */
export type QuantizeMethod = FloatMethod | IntegerMethod | MxMethod | KiviMethod | RotatedMethod;

/** Bytes of a block. */
export interface BlockBytes {
  /** Bytes of packed codes. */
  readonly codes: number;
  /** Bytes of scales, zero points, minima and norms. */
  readonly metadata: number;
}

/**
 * Returns the bits of a method's codes.
 *
 * @param method Any method.
 */
export function codeBits(method: QuantizeMethod): number {
  if (method.kind === "float") return SMALL_FLOATS[method.format].bits;
  return method.kind === "mx" ? MX_FORMATS[method.format].bits : method.bits;
}

/**
 * Counts the bytes of a block, with all metadata.
 *
 * @param method Method of the block.
 * @param shape Tokens and channels of the block.
 * @throws {OnpathError} `shape` when groups do not divide their axis or a rotation does not exist.
 */
export function blockBytes(method: QuantizeMethod, shape: BlockShape): BlockBytes {
  const count = shape.tokens * shape.channels;
  return { codes: packedBytes(count, codeBits(method)), metadata: metadataBytes(method, shape, count) };
}

/**
 * Returns the axis and size of a method's groups. Methods without groups keep the order tokens x channels.
 *
 * @param method Any method.
 */
export function groupsOf(method: QuantizeMethod): { readonly axis: GroupAxis; readonly group: number } {
  switch (method.kind) {
    case "float":
    case "rotated":
      return { axis: "channels", group: 1 };
    case "mx":
      return { axis: method.axis, group: MX_BLOCK };
    case "kivi":
      return { axis: method.axis, group: KIVI_GROUP };
    case "absmax":
    case "asymmetric":
      return { axis: method.axis, group: method.group };
  }
}

/**
 * Returns the integer format of a method: signed for `absmax`, unsigned for `asymmetric`.
 *
 * @param method Method with integers.
 */
export function integerFormat({ kind, bits }: IntegerMethod): (typeof INTEGERS)[keyof typeof INTEGERS] {
  return INTEGERS[kind === "absmax" ? (bits === 8 ? "int8" : "int4") : (bits === 8 ? "uint8" : "uint4")];
}

function metadataBytes(method: QuantizeMethod, shape: BlockShape, count: number): number {
  const { axis, group } = groupsOf(method);
  checkGroups(shape, axis, group);
  switch (method.kind) {
    case "float": {
      const scales = { one: 0, block: 1, channel: shape.channels }[method.scale];
      return scales * FLOAT_BYTES[method.stored];
    }
    case "absmax":
      return count / group * FLOAT_BYTES[method.stored];
    case "asymmetric":
      return count / group * (FLOAT_BYTES[method.stored] + 1);
    case "mx":
      return count / group;
    case "kivi":
      return count / group * 2 * FLOAT_BYTES[method.stored];
    case "rotated":
      checkHadamard(shape.channels);
      return shape.tokens * FLOAT_BYTES[method.stored];
  }
}
