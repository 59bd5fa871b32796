/**
 * Pipeline of an image processor for one shape of images.
 *
 * @module
 */

import type { ImagePipeline, ImageStep } from "../../kernels/image/pipeline.ts";
import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import { MAX_AXIS } from "../../serialize/sampling.ts";
import type { Size } from "../../kernels/image/geometry/names.ts";
import type { ProcessorConfig } from "./config.ts";
import { centerAxis, resizedSize } from "./sizes.ts";

/** Maximum samples of one image at any step: 2^28. */
export const MAX_IMAGE_SAMPLES = 2 ** 28;

/** Pipeline of an image processor for one shape, and the size of its result. */
export interface ProcessorPipeline {
  /** Steps for images of that shape with three channels. */
  readonly pipeline: ImagePipeline;
  /** Rows of the result. */
  readonly height: number;
  /** Columns of the result. */
  readonly width: number;
}

/**
 * Pipeline of an image processor for images of one shape. It consists of `pad`, `resize`, `crop` and `normalize`, so
 * every device runs it.
 *
 * @param config Configuration of the processor.
 * @param image Rows and columns of the image, 1 to 65,535.
 * @returns Steps, and the size of the result.
 * @throws {OnpathError} `size` if a size is outside its range, or a rule refuses the image.
 *
 * @example
 * ```ts
 * import { pipelineFor, readProcessorConfig } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const config = readProcessorConfig({ image_processor_type: "CLIPImageProcessor" });
 * const { pipeline } = pipelineFor(config, { height: 480, width: 640 });
 * assert.deepEqual(pipeline.steps.slice(0, 2), [
 *   { op: "resize", size: [224, 298], match: "pillow", filter: "bicubic" },
 *   { op: "crop", top: 0, left: 37, height: 224, width: 224 },
 * ]);
 * ```
 */
export function pipelineFor(
  config: ProcessorConfig,
  image: { readonly height: number; readonly width: number },
): ProcessorPipeline {
  if (Object(config).resize === undefined) {
    throw new OnpathError(
      "pipeline",
      `Cannot make a pipeline: found ${kindOf(config)}, expected a configuration of readProcessorConfig()`,
    );
  }
  if (config.tiles !== null) {
    throw new OnpathError(
      "pipeline",
      `Cannot make one pipeline for ${config.type}: it cuts tiles, expected passesFor()`,
      { type: config.type },
    );
  }
  const steps: ImageStep[] = [];
  let [height, width] = checkImage(image);
  const become = (rows: number, columns: number) => {
    [height, width] = [rows, columns];
    checkSize(image, height, width);
  };
  const pad = (
    top: number,
    left: number,
    bottom: number,
    right: number,
    fill: number | readonly number[],
  ) => {
    if (top + left + bottom + right === 0) return;
    steps.push({ op: "pad", top, left, bottom, right, fill });
    become(top + height + bottom, left + width + right);
  };
  if (config.square !== null) {
    const edge = Math.max(height, width);
    const [top, left] = [Math.floor((edge - height) / 2), Math.floor((edge - width) / 2)];
    pad(top, left, edge - height - top, edge - width - left, config.square);
  }
  if (config.resize !== null) {
    const { rule, filter } = config.resize;
    const [rows, columns] = resizedSize(rule, height, width);
    checkSize(image, rows, columns);
    if (rows !== height || columns !== width) {
      steps.push({ op: "resize", size: [rows, columns], match: "pillow", filter });
    }
    become(rows, columns);
  }
  if (config.crop !== null) {
    const y = centerAxis(height, config.crop[0], config.center);
    const x = centerAxis(width, config.crop[1], config.center);
    if (y.length < height || x.length < width) {
      steps.push({ op: "crop", top: y.start, left: x.start, height: y.length, width: x.length });
      become(y.length, x.length);
    }
    pad(y.before, x.before, y.after, x.after, 0);
  }
  if (config.patches !== null) checkPatches(config.patches.patch * config.patches.merge, height, width);
  steps.push(...normalizeSteps(config));
  return { pipeline: { steps }, height, width };
}

/** Last steps of every pipeline: levels to values, planes first. */
export function normalizeSteps({ mean, std, range }: ProcessorConfig): ImageStep[] {
  const rest = { mean, std, dtype: "f32", layout: "CHW" } as const;
  return typeof range === "number"
    ? [{ op: "rescale", factor: range }, { op: "normalize", range: "0-255", ...rest }]
    : [{ op: "normalize", range, ...rest }];
}

/** Checks the edges of an image. */
export function checkImage(image: { readonly height: number; readonly width: number }): Size {
  const { height, width } = Object(image) as typeof image;
  return [
    checkInteger("image height", height, 1, MAX_AXIS),
    checkInteger("image width", width, 1, MAX_AXIS),
  ];
}

/**
 * Checks a size that an image becomes.
 *
 * @param image Rows and columns of the image, for the message.
 * @param height Rows that it becomes.
 * @param width Columns that it becomes.
 * @throws {OnpathError} `size` if an edge or the number of samples exceeds its limit.
 */
export function checkSize(
  image: { readonly height: number; readonly width: number },
  height: number,
  width: number,
) {
  if (height <= MAX_AXIS && width <= MAX_AXIS && 3 * height * width <= MAX_IMAGE_SAMPLES) return;
  throw new OnpathError(
    "size",
    `Cannot process an image of ${image.height} x ${image.width}: it would become ${height} x ${width}, expected edges ` +
      `of at most ${MAX_AXIS} and at most ${MAX_IMAGE_SAMPLES} samples`,
    { image, height, width, most: MAX_IMAGE_SAMPLES },
  );
}

function checkPatches(factor: number, height: number, width: number) {
  if (height % factor === 0 && width % factor === 0) return;
  throw new OnpathError(
    "size",
    `Cannot cut ${height} x ${width} into patches: expected multiples of ${factor}, as do_resize makes them`,
    { height, width, factor },
  );
}
