/**
 * Order of values in which every group is consecutive. A block of one head has tokens x channels. Groups along
 * channels (V, per token) are consecutive as they are; groups along tokens (K, per channel) are gathered.
 *
 * Position of token t and channel c in group-major order, for groups of g tokens:
 * `floor(t / g) x g x channels + c x g + t mod g`. 32 tokens x 16 channels of K are 512 consecutive values.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { checkLength } from "./elements.ts";

/** Axis along which a group's values lie. */
export type GroupAxis = "channels" | "tokens";

/** Block of one head. */
export interface BlockShape {
  /** Number of tokens, the rows. */
  readonly tokens: number;
  /** Number of channels, the columns. */
  readonly channels: number;
}

/**
 * Checks that whole groups fill an axis.
 *
 * @throws {OnpathError} `shape` when they do not.
 */
export function checkGroups(shape: BlockShape, axis: GroupAxis, group: number): void {
  if (!Number.isInteger(group) || group < 1 || shape[axis] % group !== 0) {
    throw new OnpathError(
      "shape",
      `Cannot quantize ${shape.tokens} tokens x ${shape.channels} channels: groups of ${group} do not divide the ${axis}`,
      { ...shape, axis, group },
    );
  }
}

/**
 * Writes values in group-major order.
 *
 * @param values Tokens x channels.
 * @param shape Shape of the values.
 * @param axis Axis of the groups.
 * @param group Number of values in a group.
 * @param out Receives the values; another array than `values`.
 * @throws {OnpathError} `shape` when lengths differ or groups do not divide the axis.
 */
export function toGroupMajor(
  values: Float32Array,
  shape: BlockShape,
  axis: GroupAxis,
  group: number,
  out: Float32Array,
): void {
  checkBlock(values, shape, axis, group, out);
  if (axis === "channels") return out.set(values);
  const { tokens, channels } = shape;
  for (let first = 0; first < tokens; first += group) {
    for (let t = 0; t < group; t++) {
      const from = (first + t) * channels, to = first * channels + t;
      for (let c = 0; c < channels; c++) out[to + c * group] = values[from + c]!;
    }
  }
}

/**
 * Writes values in the order tokens x channels again.
 *
 * @param values Values in group-major order.
 * @param shape Shape of the result.
 * @param axis Axis of the groups.
 * @param group Number of values in a group.
 * @param out Receives the values; another array than `values`.
 * @throws {OnpathError} `shape` when lengths differ or groups do not divide the axis.
 */
export function fromGroupMajor(
  values: Float32Array,
  shape: BlockShape,
  axis: GroupAxis,
  group: number,
  out: Float32Array,
): void {
  checkBlock(values, shape, axis, group, out);
  if (axis === "channels") return out.set(values);
  const { tokens, channels } = shape;
  for (let first = 0; first < tokens; first += group) {
    for (let t = 0; t < group; t++) {
      const to = (first + t) * channels, from = first * channels + t;
      for (let c = 0; c < channels; c++) out[to + c] = values[from + c * group]!;
    }
  }
}

function checkBlock(
  values: Float32Array,
  shape: BlockShape,
  axis: GroupAxis,
  group: number,
  out: Float32Array,
): void {
  checkLength("values", values.length, shape.tokens * shape.channels);
  checkLength("reordered values", out.length, values.length);
  checkGroups(shape, axis, group);
}
