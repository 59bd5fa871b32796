/**
 * Packing of groups into packets. A group has consecutive values in group-major order; a packet holds `n` whole
 * groups: their values, or their packed codes and then each plane of their metadata.
 *
 * `n` is a multiple of `unit`, so values and codes fill whole beats and metadata begins on a beat. The last packet
 * of a flow is padded with groups of zeros.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { FLOAT_BYTES, type FloatDType } from "./formats/elements.ts";
import { checkGroups, type GroupAxis } from "./formats/group_order.ts";
import { checkHadamard } from "./formats/hadamard.ts";
import { codeBits, groupsOf, type QuantizeMethod } from "./method.ts";

/** Lengths of a cache's axes: layers, blocks, heads, tokens of a block, channels. */
export type CacheDimensions = readonly [
  layers: number,
  blocks: number,
  heads: number,
  tokens: number,
  channels: number,
];

/** Groups of a plan, and their packets. */
export interface GroupPacking {
  /** Values of a group. */
  readonly values: number;
  /** Axis along which a group's values lie. */
  readonly axis: GroupAxis;
  /** Groups of one head. */
  readonly perHead: number;
  /** Heads of all layers. */
  readonly heads: number;
  /** Bytes of a group's values. */
  readonly valueBytes: number;
  /** Bytes of a group's packed codes. */
  readonly codeBytes: number;
  /** Bytes of a group in each plane of metadata: scales, zero points, minima or norms. */
  readonly planes: readonly number[];
  /** Whether the host computes the metadata and sends it with the values. */
  readonly isGiven: boolean;
  /** Least number of groups whose values and codes fill whole beats. */
  readonly unit: number;
  /** Groups of a full packet, a multiple of `unit`. */
  readonly groups: number;
}

/** Bytes of a beat. */
const BEAT = 32;
/** Group sizes are multiples of the values of a beat in 16 bits. */
const LANES = 16;
/** Consecutive values of a group of small floats in packets. */
export const FLOAT_GROUP = 32;

/**
 * Packs the groups of a cache.
 *
 * @param method Method of the groups.
 * @param dtype Type of the values.
 * @param dimensions Lengths of the cache's axes, at least 1 each.
 * @param payload Longest payload of a packet in bytes.
 * @throws {OnpathError} `shape` when groups do not divide their axis or a packet cannot hold their size, `size`
 * when a unit of them exceeds a payload.
 */
export function packGroups(
  method: QuantizeMethod,
  dtype: FloatDType,
  dimensions: CacheDimensions,
  payload: number,
): GroupPacking {
  const [layers, blocks, heads, tokens, channels] = dimensions;
  const shape = { tokens: blocks * tokens, channels };
  const { axis, values } = packetGroup(method, channels);
  if (method.kind === "rotated") checkHadamard(channels);
  if (method.kind === "float" && axis === "channels") {
    checkGroups({ tokens: 1, channels: shape.tokens * channels }, axis, values);
  } else checkGroups(shape, axis, values);
  if (values % LANES !== 0) {
    throw new OnpathError(
      "shape",
      `Cannot pack groups of ${values} values into packets: expected a multiple of ${LANES}`,
      { values, multiple: LANES },
    );
  }
  const valueBytes = values * FLOAT_BYTES[dtype], codeBytes = values * codeBits(method) / 8;
  const planes = metadataPlanes(method);
  const isGiven = isHostScaled(method);
  const metadata = planes.reduce((sum, bytes) => sum + bytes, 0);
  const unit = Math.max(wholeBeats(valueBytes), wholeBeats(codeBytes));
  const most = Math.floor(payload / Math.max(valueBytes + (isGiven ? metadata : 0), codeBytes + metadata));
  if (most < unit) {
    throw new OnpathError(
      "size",
      `Cannot pack groups of ${values} values in ${dtype}: ${unit} of them exceed a payload of ${payload} bytes`,
      { values, unit, payload },
    );
  }
  const perHead = shape.tokens * channels / values;
  const groups = most - most % unit;
  return {
    values,
    axis,
    perHead,
    heads: layers * heads,
    valueBytes,
    codeBytes,
    planes,
    isGiven,
    unit,
    groups,
  };
}

/** Counts the bytes of a packet's values, with the metadata that the host gives. */
export function valuePayload({ valueBytes, planes, isGiven }: GroupPacking, groups: number): number {
  return groups * (valueBytes + (isGiven ? sum(planes) : 0));
}

/**
 * Counts the bytes of a packet's codes and metadata.
 *
 * @param packing Sizes of the groups.
 * @param groups Number of groups.
 * @param isAnswer Whether a quantizing device made them: it does not return metadata that the host gave.
 */
export function codePayload(
  { codeBytes, planes, isGiven }: GroupPacking,
  groups: number,
  isAnswer: boolean,
): number {
  return groups * (codeBytes + (isAnswer && isGiven ? 0 : sum(planes)));
}

/** Axis and size of the groups in packets. Small floats without scales of groups take 32 consecutive values. */
function packetGroup(method: QuantizeMethod, channels: number): { axis: GroupAxis; values: number } {
  switch (method.kind) {
    case "float":
      return { axis: method.scale === "channel" ? "tokens" : "channels", values: FLOAT_GROUP };
    case "rotated":
      return { axis: "channels", values: channels };
    default: {
      const { axis, group } = groupsOf(method);
      return { axis, values: group };
    }
  }
}

/** Whether the host computes a method's metadata, and sends it with the values. */
export function isHostScaled(method: QuantizeMethod): boolean {
  return method.kind === "float" && method.scale !== "one";
}

/** Bytes of a group in each plane of metadata. */
export function metadataPlanes(method: QuantizeMethod): number[] {
  if (method.kind === "mx") return [1];
  const stored = FLOAT_BYTES[method.stored];
  if (method.kind === "float") return method.scale === "one" ? [] : [stored];
  if (method.kind === "asymmetric") return [stored, 1];
  return method.kind === "kivi" ? [stored, stored] : [stored];
}

/** Least number of items that fill whole beats. Item sizes are even. */
function wholeBeats(bytes: number): number {
  let count = 1;
  while (count * bytes % BEAT !== 0) count *= 2;
  return count;
}

function sum(planes: readonly number[]): number {
  return planes.reduce((total, bytes) => total + bytes, 0);
}
