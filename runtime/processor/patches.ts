/**
 * Patches of Qwen2-VL: one image as rows of patches. A pure reorder, done on the host.
 *
 * @module
 */

import type { PatchGrid } from "./config.ts";

/**
 * Copies an image's planes into rows of patches. A row holds one patch: channel by channel, each repeated along time,
 * row by row. Patches that the model merges are neighbours.
 *
 * @param source Samples in CHW.
 * @param size Rows and columns of the image, multiples of `patch · merge`.
 * @param grid Sizes of the patches.
 * @param target Rows of patches.
 * @param at First index to write.
 */
export function writePatches(
  source: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
  { patch, temporal, merge }: PatchGrid,
  target: Float32Array,
  at: number,
): void {
  const step = patch * merge;
  let to = at;
  for (let top = 0; top < height; top += step) {
    for (let left = 0; left < width; left += step) {
      for (let y = top; y < top + step; y += patch) {
        for (let x = left; x < left + step; x += patch) {
          for (let plane = 0; plane < source.length; plane += height * width) {
            for (let time = 0; time < temporal; time++) {
              for (let row = y; row < y + patch; row++, to += patch) {
                const from = plane + row * width + x;
                target.set(source.subarray(from, from + patch), to);
              }
            }
          }
        }
      }
    }
  }
}
