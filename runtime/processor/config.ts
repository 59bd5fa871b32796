/**
 * Reading of Hugging Face's image processor configurations into plain data.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import type { FilterName, Size } from "../../kernels/image/geometry/names.ts";
import { parseWith } from "../../kernels/schema.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { CONVNEXT_CROP, CONVNEXT_WHOLE, FAMILIES, type Family, type ProcessorType } from "./families.ts";
import { type ProcessorFields, processorFields } from "./fields.ts";
import type { LevelRange } from "../../kernels/image/normalize/spec.ts";
import { readCropSize, readPixelRange, readSizeRule } from "./size_fields.ts";
import type { SizeRule } from "./sizes.ts";
import { readTiles } from "./tile_fields.ts";
import type { TileRule } from "./tiles.ts";
import { isObject } from "../../serialize/require.ts";

/** Patches of Qwen2-VL, in samples and images. */
export interface PatchGrid {
  /** Rows and columns of a patch. */
  readonly patch: number;
  /** Images of a patch along time; one image is repeated. */
  readonly temporal: number;
  /** Rows and columns of patches that the model merges. */
  readonly merge: number;
}

/** What an image processor does, in the order of the fields. Plain data with all defaults. */
export interface ProcessorConfig {
  /** Class in transformers, or torchvision's class of presets. */
  readonly type: ProcessorType | "ImageClassification";
  /** Whether images become RGB; otherwise they must have three channels. */
  readonly toRgb: boolean;
  /** Colour that pads an image to a square before the resize; null for none. */
  readonly square: readonly [red: number, green: number, blue: number] | null;
  /** Size rule and filter of the resize; null for none. */
  readonly resize: { readonly rule: SizeRule; readonly filter: FilterName } | null;
  /** Size of the centre crop; null for none. */
  readonly crop: Size | null;
  /** Rounding of the first row and column of the crop. */
  readonly center: "down" | "half-even";
  /** Tiles in place of one image; null for none. */
  readonly tiles: TileRule | null;
  /** Values before the mean. */
  readonly range: LevelRange;
  /** Mean of each channel. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation of each channel. */
  readonly std: readonly [number, number, number];
  /** Patches in place of an image; null for none. */
  readonly patches: PatchGrid | null;
}

/** Name of the document in messages. */
const DOCUMENT = "preprocessor_config";

/** Endings of class names that stand for one processor. */
const OLD_NAME = /FeatureExtractor$/;

/**
 * Reads a `preprocessor_config.json`, or the `image_processor` of a `processor_config.json`. The other fields of the
 * latter concern prompts and are not read.
 *
 * @param json Parsed JSON.
 * @returns Configuration with the defaults of the Python class.
 * @throws {OnpathError} `pipeline`, with the name of an unknown class, an unknown field, or a value that the class
 * refuses.
 *
 * @example
 * ```ts
 * import { readProcessorConfig } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const config = readProcessorConfig({ image_processor_type: "ViTImageProcessor", size: 384 });
 * assert.deepEqual(config.resize, { rule: { kind: "fixed", height: 384, width: 384 }, filter: "bilinear" });
 * assert.throws(
 *   () => readProcessorConfig({ image_processor_type: "ViTImageProcessor", do_flip: true }),
 *   /do_flip/,
 * );
 * ```
 */
export function readProcessorConfig(json: unknown): ProcessorConfig {
  const document = imageProcessorOf(json);
  const type = typeOf(document);
  const family: Family = FAMILIES[type];
  const fields = parseWith(processorFields(family), document, "pipeline", DOCUMENT);
  if (!fields.do_rescale && !fields.do_normalize) {
    throw new OnpathError(
      "pipeline",
      `Cannot read ${DOCUMENT}: do_rescale and do_normalize are both false, expected one of them for float32 values`,
      { type },
    );
  }
  const mean = fields.do_normalize ? channelsOf(fields.image_mean ?? family.statistics[0]) : ZEROS;
  const std = fields.do_normalize ? channelsOf(fields.image_std ?? family.statistics[1]) : ONES;
  const patches = family.has.includes("patches")
    ? { patch: fields.patch_size, temporal: fields.temporal_patch_size, merge: fields.merge_size }
    : null;
  return {
    type,
    toRgb: fields.do_convert_rgb ?? false,
    square: isPadded(fields) ? padColour(fields, family) : null,
    ...geometryOf(fields, family, patches),
    center: "down",
    tiles: readTiles(type, fields, family),
    range: rangeOf(fields),
    mean,
    std,
    patches,
  };
}

/** Values before the mean. The product with 1/255 equals the quotient by 255 for all levels. */
function rangeOf({ do_rescale, rescale_factor }: ProcessorFields): LevelRange {
  return !do_rescale ? "0-255" : rescale_factor === 1 / 255 ? "0-1" : rescale_factor;
}

const ZEROS = [0, 0, 0] as const;
const ONES = [1, 1, 1] as const;

/** Resize and crop of a configuration. */
function geometryOf(
  fields: ProcessorFields,
  family: Family,
  patches: PatchGrid | null,
): Pick<ProcessorConfig, "resize" | "crop"> {
  const filter = fields.resample;
  // Tiles have the size of the crop, so neither the resize of a tile nor its crop changes anything.
  if (family.has.includes("anyres")) {
    const [height, width] = readCropSize(fields.crop_size ?? 224, `${DOCUMENT}.crop_size`);
    return { resize: { rule: { kind: "fixed", height, width }, filter }, crop: null };
  }
  if (patches !== null) {
    const rule: SizeRule = {
      kind: "smart",
      factor: patches.patch * patches.merge,
      ...readPixelRange(fields, DOCUMENT),
    };
    return { resize: fields.do_resize ? { rule, filter } : null, crop: null };
  }
  const rule = readSizeRule(fields.size ?? family.size.preset, family.size, `${DOCUMENT}.size`);
  const crop = family.has.includes("crop") && fields.do_center_crop
    ? readCropSize(fields.crop_size ?? 224, `${DOCUMENT}.crop_size`)
    : null;
  if (!fields.do_resize) return { resize: null, crop };
  if (!family.has.includes("crop_pct") || rule.kind !== "shortest") return { resize: { rule, filter }, crop };
  const { length } = rule;
  if (length >= CONVNEXT_WHOLE) {
    return { resize: { rule: { kind: "fixed", height: length, width: length }, filter }, crop };
  }
  const before = readSizeRule(
    { shortest_edge: Math.trunc(length / (fields.crop_pct ?? CONVNEXT_CROP)) },
    family.size,
    `${DOCUMENT}.crop_pct`,
  );
  return { resize: { rule: before, filter }, crop: [length, length] };
}

/** Whether an image is padded to a square, as LLaVA 1.5 does by either field. */
function isPadded({ do_pad, image_aspect_ratio }: ProcessorFields): boolean {
  return do_pad === true || image_aspect_ratio === "pad";
}

/** The mean colour, rounded down to levels. */
function padColour(fields: ProcessorFields, family: Family): [number, number, number] {
  const colour = channelsOf(fields.image_mean ?? family.statistics[0]).map((mean) => Math.trunc(mean * 255));
  if (colour.some((level) => level < 0 || level > 255)) {
    throw new OnpathError(
      "pipeline",
      `Cannot read ${DOCUMENT}.image_mean: the padding colour would be [${
        colour.join(", ")
      }], expected 0 to 255`,
      { colour },
    );
  }
  return colour as [number, number, number];
}

function channelsOf(values: number | readonly number[]): [number, number, number] {
  return typeof values === "number"
    ? [values, values, values]
    : values as unknown as [number, number, number];
}

function imageProcessorOf(json: unknown): Record<string, unknown> {
  const document = isObject(json) && Object.hasOwn(json, "image_processor") ? json["image_processor"] : json;
  if (isObject(document)) return document;
  throw new OnpathError(
    "pipeline",
    `Cannot read ${DOCUMENT}: it is ${kindOf(document)}, expected the parsed JSON of an image processor`,
    { found: kindOf(document) },
  );
}

function typeOf(document: Record<string, unknown>): ProcessorType {
  const name = document["image_processor_type"] ?? document["feature_extractor_type"];
  const type = typeof name === "string" ? name.replace(OLD_NAME, "ImageProcessor") : "";
  if (Object.hasOwn(FAMILIES, type)) return type as ProcessorType;
  const known = Object.keys(FAMILIES);
  const isFast = /Fast$/.test(type) && Object.hasOwn(FAMILIES, type.slice(0, -4));
  throw new OnpathError(
    "pipeline",
    `Cannot read ${DOCUMENT}.image_processor_type: ${named(name)} is unknown, expected ` +
      (isFast
        ? `${
          named(type.slice(0, -4))
        }, because the fast class resizes by torchvision and rounds in another order`
        : `one of ${known.join(", ")}`),
    { known },
  );
}
