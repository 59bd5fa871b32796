/**
 * Image processors of torchvision's presets, by the name of the weights.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ProcessorConfig } from "./config.ts";
import { PRESET_ROWS, type PresetRow } from "./preset_table.ts";
import { createProcessor, type ImageProcessor, type ProcessorOptions } from "./processor.ts";

/** Weights that `DEFAULT` stands for: the first that a class has. */
const DEFAULTS = ["IMAGENET1K_V2", "IMAGENET1K_V1", "IMAGENET1K_SWAG_E2E_V1"];

/**
 * Configuration of a torchvision preset for classification. It resizes the shortest edge, crops the centre, divides by
 * 255, and normalizes, all in float32.
 *
 * @param name Name such as `ResNet50_Weights.IMAGENET1K_V2`, or with `DEFAULT`.
 * @returns Configuration for {@linkcode pipelineFor}.
 * @throws {OnpathError} `pipeline` if torchvision 0.14 has no such weights for classification.
 *
 * @example
 * ```ts
 * import { pipelineFor, presetConfig } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const config = presetConfig("ResNet50_Weights.IMAGENET1K_V2");
 * const { pipeline } = pipelineFor(config, { height: 480, width: 640 });
 * assert.deepEqual(pipeline.steps.slice(0, 2), [
 *   { op: "resize", size: [232, 309], match: "pillow", filter: "bilinear" },
 *   { op: "crop", top: 4, left: 42, height: 224, width: 224 },
 * ]);
 * ```
 */
export function presetConfig(name: string): ProcessorConfig {
  const { resize, crop, filter, statistics: [mean, std] } = rowOf(name);
  return {
    type: "ImageClassification",
    toRgb: false,
    square: null,
    resize: { rule: { kind: "shortest", length: resize }, filter },
    crop: [crop, crop],
    center: "half-even",
    tiles: null,
    range: "0-1",
    mean,
    std,
    patches: null,
  };
}

/**
 * Creates the image processor of a torchvision preset. Its values equal those of `Weights.transforms()` for an image of
 * Pillow in mode RGB, bit for bit.
 *
 * @param name Name such as `ResNet50_Weights.IMAGENET1K_V2`, or with `DEFAULT`.
 * @param options Decoder and number of kept plans.
 * @returns Processor; images must have three channels.
 * @throws {OnpathError} As {@linkcode presetConfig}; `size` if an option is outside its limits.
 *
 * @example
 * ```ts
 * import { presetFrom, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const processor = presetFrom("ConvNeXt_Tiny_Weights.DEFAULT");
 * const image = tensor(new Uint8Array(300 * 400 * 3), { dtype: "u8", shape: [300, 400, 3], layout: "HWC" });
 * const { pixel_values } = await processor(image);
 * assert.deepEqual(pixel_values.dims, [1, 3, 224, 224]);
 * ```
 */
export function presetFrom(name: string, options: ProcessorOptions = {}): ImageProcessor {
  return createProcessor(presetConfig(name), options);
}

function rowOf(name: unknown): PresetRow {
  const [, type, weights] = /^(\w{1,60})_Weights\.(\w{1,60})$/.exec(typeof name === "string" ? name : "") ??
    [];
  const rows = PRESET_ROWS.filter(({ classes }) => classes.includes(type!));
  const wanted = weights === "DEFAULT" ? DEFAULTS : [weights];
  const row = wanted.map((each) => rows.find((one) => one.weights === each)).find((each) =>
    each !== undefined
  );
  if (row !== undefined) return row;
  const known = rows.length === 0
    ? "a name such as ResNet50_Weights.IMAGENET1K_V2 of weights for classification in torchvision 0.14"
    : `${type}_Weights with ${[...rows.map((each) => each.weights), "DEFAULT"].join(", ")}`;
  throw new OnpathError("pipeline", `Cannot find a preset: ${named(name)} is unknown, expected ${known}`, {
    known: rows.map((each) => each.weights),
  });
}
