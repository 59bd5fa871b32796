/**
 * Processed tiles of images as tensors for onnxruntime.
 *
 * @module
 */

import { newValues, type ProcessedImage } from "./processed.ts";
import type { ImageFailure, ProcessedImages } from "./results.ts";
import type { TileRule } from "./tiles.ts";

/**
 * Joins images of several tiles. One with fewer than another is followed by zeros.
 *
 * @param rule Tiles of the configuration.
 * @param images Images in order.
 * @param failures Images that failed.
 * @throws {OnpathError} `size` if the result is too large.
 */
export function joinTiles(
  rule: TileRule,
  images: readonly ProcessedImage[],
  failures: readonly ImageFailure[],
): ProcessedImages {
  const { tile } = rule;
  const most = Math.max(...images.map(({ count }) => count));
  const dims = [images.length, most, 3, tile, tile];
  const length = most * 3 * tile * tile;
  const data = newValues(images.length * length);
  images.forEach((image, at) => data.set(image.data, at * length));
  const pairs = (each: (image: ProcessedImage) => readonly number[]) => ({
    type: "int64" as const,
    data: BigInt64Array.from(images.flatMap(each), BigInt),
    dims: [images.length, 2],
  });
  const result = {
    pixel_values: { type: "float32" as const, data, dims },
    indexes: images.map(({ index }) => index),
    failures,
  };
  if (rule.kind === "anyres") return { ...result, image_sizes: pairs(({ source }) => source) };
  const mask = new Uint8Array(images.length * most * tile * tile);
  images.forEach(({ count }, at) => mask.fill(1, at * most * tile * tile, (at * most + count) * tile * tile));
  return {
    ...result,
    pixel_attention_mask: { type: "bool", data: mask, dims: [images.length, most, tile, tile] },
    tile_grid: pairs(({ grid }) => grid),
  };
}
