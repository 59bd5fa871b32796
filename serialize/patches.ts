/**
 * Patches of an image: a pure reorder of its samples into one row a patch, and back.
 *
 * @module
 */

import { kindOf, OnpathError } from "./errors.ts";
import { requireTensor } from "./require.ts";
import { imageAxes } from "./image_axes.ts";
import { type Tensor, zeros } from "./tensor.ts";

/**
 * Names of the orders, in the notation of einops:
 * `vit` `(h p1) (w p2) c -> (h w) (p1 p2 c)`; `navit` `(h p1) (w p2) c -> (h w) (c p1 p2)`, which also are the inputs
 * of a convolution over patches; `qwen2_vl` `(h m1 p1) (w m2 p2) c -> (h w m1 m2) (c t p1 p2)`, the image repeated
 * along time `t`.
 */
export const PATCH_ORDERS = ["vit", "navit", "qwen2_vl"] as const;

/** Cut of an image into patches. Plain data. */
export interface PatchLayout {
  /** Order of patches and of the values in a row. */
  readonly order: (typeof PATCH_ORDERS)[number];
  /** Rows and columns of a patch, in samples. */
  readonly patch: number;
  /** Times that an image stands in a row, `qwen2_vl` alone. Default 1. */
  readonly temporal?: number | undefined;
  /** Rows and columns of patches that are neighbours, `qwen2_vl` alone. Default 1. */
  readonly merge?: number | undefined;
}

/** Steps in the row of a patch, in elements. */
interface RowSteps {
  readonly row: number;
  readonly column: number;
  readonly channel: number;
  readonly time: number;
}

/**
 * Copies an image into rows of patches.
 *
 * @param image One image with a layout, of any element type and strides.
 * @param layout Patches; `patch · merge` must divide both edges.
 * @param target Rows of patches of the same element type, to write into. Default a new array.
 * @param at Index in `target` of the first value. Default 0.
 * @returns Tensor over `target` of shape `[patches, values]`.
 * @throws {OnpathError} `shape` if the image does not divide into patches, or `target` does not hold them; `dtype` if
 * its elements are others.
 *
 * @example
 * ```ts
 * import { patchify, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const levels = Uint8Array.from({ length: 16 }, (_, at) => at);
 * const image = tensor(levels, { dtype: "u8", shape: [4, 4, 1], layout: "HWC" });
 * const patches = patchify(image, { order: "vit", patch: 2 });
 * assert.deepEqual(patches.shape, [4, 4]);
 * assert.deepEqual([...patches.data.subarray(4, 8)], [2, 3, 6, 7]);
 * ```
 */
export function patchify(image: Tensor, layout: PatchLayout, target?: Tensor["data"], at = 0): Tensor {
  const { images, height, width, channels } = imageAxes(image);
  const [count, values] = patchShape({ images, height, width, channels }, layout);
  const data = target === undefined ? zeros({ dtype: image.dtype, shape: [count, values] }).data : target;
  checkTarget(image, data, at, count * values);
  const to = rowSteps(layout, channels);
  const from = imageAxes(image);
  const { patch, temporal = 1 } = layout;
  let start = at;
  for (const [top, left] of patchOrigins(height, width, layout)) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < patch; y++) {
        const source = image.offset + (top + y) * from.rowStride + left * from.columnStride +
          c * from.channelStride;
        for (let time = 0; time < temporal; time++) {
          const place = start + c * to.channel + time * to.time + y * to.row;
          copyRun(image.data, source, from.columnStride, data, place, to.column, patch);
        }
      }
    }
    start += values;
  }
  return { dtype: image.dtype, shape: [count, values], strides: [values, 1], offset: at, data };
}

/**
 * Copies rows of patches back into an image. Of an image that is repeated along time, it reads the first.
 *
 * @param patches Dense tensor of shape `[patches, values]`.
 * @param layout Patches, as {@linkcode patchify} took them.
 * @param image Image to write into, with a layout.
 * @returns `image`.
 * @throws {OnpathError} `shape` if the shapes do not agree; `dtype` if the element types differ.
 *
 * @example
 * ```ts
 * import { patchify, tensor, unpatchify } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const shape = { dtype: "u8", shape: [4, 6, 1], layout: "HWC" } as const;
 * const image = tensor(Uint8Array.from({ length: 24 }, (_, at) => at), shape);
 * const layout = { order: "navit", patch: 2 } as const;
 * const back = unpatchify(patchify(image, layout), layout, tensor(new Uint8Array(24), shape));
 * assert.deepEqual(back.data, image.data);
 * ```
 */
export function unpatchify(patches: Tensor, layout: PatchLayout, image: Tensor): Tensor {
  requireTensor("read patches of", patches);
  const to = imageAxes(image);
  const { height, width, channels } = to;
  const [count, values] = patchShape(to, layout);
  if (patches.shape.length !== 2 || patches.shape[0] !== count || patches.shape[1] !== values) {
    throw new OnpathError(
      "shape",
      `Cannot read patches of shape [${patches.shape.join(", ")}]: expected [${count}, ${values}]`,
      { expected: [count, values], found: patches.shape },
    );
  }
  checkTarget(image, patches.data, patches.offset, count * values);
  const from = rowSteps(layout, channels);
  let start = patches.offset;
  for (const [top, left] of patchOrigins(height, width, layout)) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < layout.patch; y++) {
        const place = image.offset + (top + y) * to.rowStride + left * to.columnStride + c * to.channelStride;
        copyRun(
          patches.data,
          start + c * from.channel + y * from.row,
          from.column,
          image.data,
          place,
          to.columnStride,
          layout.patch,
        );
      }
    }
    start += values;
  }
  return image;
}

/** First row and column of each patch, in order. */
function* patchOrigins(
  height: number,
  width: number,
  { patch, merge = 1 }: PatchLayout,
): Generator<[top: number, left: number]> {
  const step = patch * merge;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      for (let top = y; top < y + step; top += patch) {
        for (let left = x; left < x + step; left += patch) yield [top, left];
      }
    }
  }
}

function rowSteps({ order, patch, temporal = 1 }: PatchLayout, channels: number): RowSteps {
  return order === "vit"
    ? { channel: 1, column: channels, row: channels * patch, time: 0 }
    : { column: 1, row: patch, time: patch * patch, channel: temporal * patch * patch };
}

function copyRun(
  source: Tensor["data"],
  from: number,
  fromStep: number,
  target: Tensor["data"],
  to: number,
  toStep: number,
  count: number,
): void {
  if (fromStep === 1 && toStep === 1) {
    target.set(source.subarray(from, from + count), to);
    return;
  }
  for (let at = 0; at < count; at++) target[to + at * toStep] = source[from + at * fromStep]!;
}

function patchShape(
  { images, height, width, channels }: {
    readonly images: number;
    readonly height: number;
    readonly width: number;
    readonly channels: number;
  },
  layout: PatchLayout,
): [count: number, values: number] {
  const { order, patch, temporal = 1, merge = 1 } = Object(layout) as PatchLayout;
  const whole = (value: number) => Number.isInteger(value) && value >= 1 && value <= 65535;
  const isKnown = PATCH_ORDERS.includes(order) && whole(patch) && whole(temporal) && whole(merge);
  if (!isKnown || (order !== "qwen2_vl" && temporal * merge !== 1)) {
    throw new OnpathError(
      "shape",
      `Cannot cut patches of order ${
        String(order)
      }, ${patch} samples, ${temporal} times, merged by ${merge}: expected ` +
        `one of ${
          PATCH_ORDERS.join(", ")
        }, and whole numbers of 1 to 65535, the last two 1 except for qwen2_vl`,
      { layout: kindOf(layout), order: kindOf(order) },
    );
  }
  if (images !== 1 || height % (patch * merge) !== 0 || width % (patch * merge) !== 0) {
    throw new OnpathError(
      "shape",
      `Cannot cut ${images} image of ${height} x ${width} into patches: expected one, with edges that are multiples of ` +
        `${patch * merge}`,
      { images, height, width, factor: patch * merge },
    );
  }
  return [(height / patch) * (width / patch), channels * temporal * patch * patch];
}

function checkTarget({ dtype, data }: Tensor, target: Tensor["data"], at: number, values: number): void {
  if (Object(target).constructor !== data.constructor) {
    throw new OnpathError("dtype", `Cannot copy patches of ${dtype}: the other array has other elements`, {
      expected: dtype,
      found: kindOf(target),
    });
  }
  if (Number.isInteger(at) && at >= 0 && at + values <= target.length) return;
  throw new OnpathError(
    "shape",
    `Cannot copy patches of ${values} values at index ${at}: the array has ${target.length}`,
    { values, at, length: target.length },
  );
}
