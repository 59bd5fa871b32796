/**
 * Processed images as one tensor for onnxruntime.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { PatchGrid, ProcessorConfig } from "./config.ts";
import { newValues, type ProcessedImage } from "./processed.ts";
import { joinTiles } from "./tile_batch.ts";
import { patchify } from "../../serialize/patches.ts";
import { tensor } from "../../serialize/tensor.ts";
import type { ImageFailure, ProcessedImages } from "./results.ts";

/**
 * Joins processed images.
 *
 * @param config Configuration of the processor.
 * @param images Images in order.
 * @param failures Images that failed so far.
 * @throws {OnpathError} The first failure if no image is left; `size` if the result is too large.
 */
export function batchOf(
  config: ProcessorConfig,
  images: readonly ProcessedImage[],
  failures: readonly ImageFailure[],
): ProcessedImages {
  if (images.length === 0) throw failures[0]!.error;
  if (config.tiles !== null) return joinTiles(config.tiles, images, failures);
  return config.patches === null ? stack(images, failures) : joinPatches(config.patches, images, failures);
}

/** Images of one size, one after another. Only without resize and crop can the sizes differ. */
function stack(images: readonly ProcessedImage[], failures: readonly ImageFailure[]): ProcessedImages {
  const { height, width, index: first } = images[0]!;
  const fits = (image: ProcessedImage) => image.height === height && image.width === width;
  const others = images.filter((image) => !fits(image)).map((image): ImageFailure => ({
    index: image.index,
    error: new OnpathError(
      "shape",
      `Cannot process image ${image.index}: it becomes ${image.height} x ${image.width}, expected ${height} x ${width} ` +
        `as image ${first}`,
      { index: image.index, expected: [height, width], found: [image.height, image.width] },
    ),
  }));
  const kept = images.filter(fits);
  const length = 3 * height * width;
  const data = newValues(kept.length * length);
  kept.forEach((image, at) => data.set(image.data, at * length));
  return {
    pixel_values: { type: "float32", data, dims: [kept.length, 3, height, width] },
    indexes: kept.map(({ index }) => index),
    failures: [...failures, ...others].sort((a, b) => a.index - b.index),
  };
}

/** Patches of all images, and the grid of each. */
function joinPatches(
  grid: PatchGrid,
  images: readonly ProcessedImage[],
  failures: readonly ImageFailure[],
): ProcessedImages {
  const { patch, temporal } = grid;
  const row = 3 * temporal * patch * patch;
  const values = images.reduce((sum, image) => sum + image.data.length * temporal, 0);
  const data = newValues(values);
  const sizes = new BigInt64Array(3 * images.length);
  let at = 0;
  for (const [number, image] of images.entries()) {
    const { height, width } = image;
    const planes = tensor(image.data, { dtype: "f32", shape: [3, height, width], layout: "CHW" });
    patchify(planes, { order: "qwen2_vl", ...grid }, data, at);
    at += image.data.length * temporal;
    sizes.set([1n, BigInt(image.height / patch), BigInt(image.width / patch)], 3 * number);
  }
  return {
    pixel_values: { type: "float32", data, dims: [values / row, row] },
    image_grid_thw: { type: "int64", data: sizes, dims: [images.length, 3] },
    indexes: images.map(({ index }) => index),
    failures,
  };
}
