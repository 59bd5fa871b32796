/**
 * Passes of an image processor for one shape: pipelines that run one after another, because a pipeline resizes once.
 *
 * @module
 */

import type { ImagePipeline, ImageStep } from "../../kernels/image/pipeline.ts";
import type { FilterName, Size } from "../../kernels/image/geometry/names.ts";
import type { ProcessorConfig } from "./config.ts";
import { checkImage, checkSize, normalizeSteps, pipelineFor } from "./pipeline.ts";
import { resizedSize } from "./sizes.ts";
import { bestResolution, encoderSize, sizeInside, type TileRule } from "./tiles.ts";

/** One pipeline of a processor. */
export interface ProcessorPass {
  /** Number of the pass whose levels it takes; −1 for the image. */
  readonly from: number;
  /** Shape of what it takes. */
  readonly input: Size;
  /** Steps for three channels. */
  readonly pipeline: ImagePipeline;
  /** Levels for another pass, one image of the result, or several tiles of it, row by row. */
  readonly output: "levels" | "image" | "tiles";
}

/** Pipelines of a processor for one shape, and its result. */
export interface ProcessorPasses {
  /** Passes in the order of their results. */
  readonly passes: readonly ProcessorPass[];
  /** Rows of each image of the result. */
  readonly height: number;
  /** Columns of each image of the result. */
  readonly width: number;
  /** Images of the result: tiles, and the whole image; otherwise 1. */
  readonly count: number;
  /** Rows and columns of tiles; `[0, 0]` without them. */
  readonly grid: Size;
}

/**
 * Passes of an image processor for images of one shape. Most have one, that of {@linkcode pipelineFor}.
 *
 * @param config Configuration of the processor.
 * @param image Rows and columns of the image, 1 to 65,535.
 * @returns Pipelines, and the shape of the result.
 * @throws {OnpathError} `size` if a size is outside its range, or a rule refuses the image.
 *
 * @example
 * ```ts
 * import { passesFor, readProcessorConfig } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const config = readProcessorConfig({
 *   image_processor_type: "LlavaNextImageProcessor",
 *   size: { shortest_edge: 336 },
 *   crop_size: 336,
 *   image_grid_pinpoints: [[336, 672], [672, 336]],
 * });
 * const { passes, count, grid } = passesFor(config, { height: 480, width: 640 });
 * assert.deepEqual([count, grid], [3, [1, 2]]);
 * assert.deepEqual(passes[1]!.pipeline.steps.slice(0, 2), [
 *   { op: "resize", size: [336, 448], match: "pillow", filter: "bicubic" },
 *   { op: "pad", top: 0, left: 112, bottom: 0, right: 112, fill: 0 },
 * ]);
 * ```
 */
export function passesFor(
  config: ProcessorConfig,
  image: { readonly height: number; readonly width: number },
): ProcessorPasses {
  if (!Object(config).tiles) {
    const { pipeline, height, width } = pipelineFor(config, image);
    const input = [image.height, image.width] as const;
    return {
      passes: [{ from: -1, input, pipeline, output: "image" }],
      height,
      width,
      count: 1,
      grid: [0, 0],
    };
  }
  const size = checkImage(image);
  const { tiles } = config;
  return tiles!.kind === "anyres" ? anyresPasses(config, tiles!, size) : splitPasses(config, tiles!, size);
}

/** LLaVA-NeXT: the whole image, then the tiles of the image inside the best resolution. */
function anyresPasses(
  config: ProcessorConfig,
  { tile, resolutions }: Extract<TileRule, { kind: "anyres" }>,
  input: Size,
): ProcessorPasses {
  const { filter } = config.resize!;
  const best = bestResolution(resolutions, ...input);
  checkSize({ height: input[0], width: input[1] }, ...best);
  const inside = sizeInside(best, ...input);
  const [above, before] = [best[0] - inside[0] >> 1, best[1] - inside[1] >> 1];
  const [below, after] = [best[0] - inside[0] - above, best[1] - inside[1] - before];
  const pads: ImageStep[] = above + below + before + after === 0
    ? []
    : [{ op: "pad", top: above, left: before, bottom: below, right: after, fill: 0 }];
  const grid: Size = [best[0] / tile, best[1] / tile];
  const last = normalizeSteps(config);
  const pass = (steps: ImageStep[], output: ProcessorPass["output"]): ProcessorPass => ({
    from: -1,
    input,
    pipeline: { steps },
    output,
  });
  return {
    passes: [
      pass([...resizeTo(input, [tile, tile], filter), ...last], "image"),
      pass([...resizeTo(input, inside, filter), ...pads, ...last], "tiles"),
    ],
    height: tile,
    width: tile,
    count: 1 + grid[0] * grid[1],
    grid,
  };
}

/** Idefics3: resizes to levels, then the tiles and the whole image from the same levels. */
function splitPasses(
  config: ProcessorConfig,
  { tile, splits, filter: whole }: Extract<TileRule, { kind: "split" }>,
  image: Size,
): ProcessorPasses {
  const passes: ProcessorPass[] = [];
  const last = normalizeSteps(config);
  const filter = config.resize?.filter ?? whole;
  let from = -1, size = image;
  const add = (steps: readonly ImageStep[], output: ProcessorPass["output"]) =>
    passes.push({ from, input: size, pipeline: { steps }, output });
  const become = (next: Size) => {
    checkSize({ height: image[0], width: image[1] }, ...next);
    const steps = resizeTo(size, next, filter);
    if (steps.length > 0) from = add(steps, "levels") - 1;
    size = next;
  };
  if (config.resize !== null) become(resizedSize(config.resize.rule, ...size));
  const one = { height: tile, width: tile, count: 1, grid: [0, 0] as Size, passes };
  if (!splits) {
    add([...resizeTo(size, [tile, tile], filter), ...last], "image");
    return one;
  }
  become(encoderSize(tile, ...size));
  if (size[0] <= tile && size[1] <= tile) {
    add(last, "image");
    return one;
  }
  const grid: Size = [size[0] / tile, size[1] / tile];
  add(last, "tiles");
  add([...resizeTo(size, [tile, tile], whole), ...last], "image");
  return { ...one, count: 1 + grid[0] * grid[1], grid };
}

function resizeTo(from: Size, size: Size, filter: FilterName): ImageStep[] {
  return from[0] === size[0] && from[1] === size[1] ? [] : [{ op: "resize", size, match: "pillow", filter }];
}
