/**
 * zod schema of a processor's configuration. Internal.
 *
 * @module
 */

import { z } from "zod";
import { sizeSpec } from "../../kernels/image/geometry/fields.ts";
import type { FilterName, Size } from "../../kernels/image/geometry/names.ts";
import type { Schema } from "../../kernels/schema.ts";
import { type Family, FILTER_NUMBERS } from "./families.ts";

/** Fields of a configuration, checked one by one. A class has only some of them. */
export interface ProcessorFields {
  /** Whether images become RGB; absent if the class does not have the field. */
  readonly do_convert_rgb?: boolean | null | undefined;
  /** Whether LLaVA pads to a square, and classes with tiles pad the shorter results of a batch. */
  readonly do_pad?: boolean | null | undefined;
  /** LLaVA's name of the padding, in the configuration of a CLIP processor. */
  readonly image_aspect_ratio?: "pad" | "" | null | undefined;
  /** Whether to resize. */
  readonly do_resize: boolean;
  /** Size in one of several forms. */
  readonly size?: unknown;
  /** Filter of the resize. */
  readonly resample: FilterName;
  /** Whether to crop the centre. */
  readonly do_center_crop: boolean;
  /** Size of the crop in one of several forms. */
  readonly crop_size?: unknown;
  /** ConvNeXT's share of the shortest edge that stays. */
  readonly crop_pct?: number | null | undefined;
  /** Whether levels are multiplied by a factor. */
  readonly do_rescale: boolean;
  /** Factor of the levels. */
  readonly rescale_factor: number;
  /** Whether mean and standard deviation are applied. */
  readonly do_normalize: boolean;
  /** Mean of each channel, or of all. */
  readonly image_mean?: number | readonly number[] | null | undefined;
  /** Standard deviation of each channel, or of all. */
  readonly image_std?: number | readonly number[] | null | undefined;
  /** Fewest pixels after Qwen2-VL's resize. */
  readonly min_pixels?: number | null | undefined;
  /** Most pixels after Qwen2-VL's resize. */
  readonly max_pixels?: number | null | undefined;
  /** Resolutions of LLaVA-NeXT. */
  readonly image_grid_pinpoints?: readonly Size[] | null | undefined;
  /** Whether Idefics3 cuts tiles. */
  readonly do_image_splitting: boolean;
  /** Size of Idefics3's tiles. */
  readonly max_image_size?: unknown;
  /** Rows and columns of a patch. */
  readonly patch_size: number;
  /** Images of a patch. */
  readonly temporal_patch_size: number;
  /** Rows and columns of patches that the model merges. */
  readonly merge_size: number;
}

/** Maximum rows and columns of a patch, and of merged patches. */
const MAX_PATCH = 256;

/** Maximum resolutions of LLaVA-NeXT. */
const MAX_RESOLUTIONS = 256;

const name = z.string().max(200);
const flag = z.boolean();
const perChannel = (value: z.ZodType<number>) =>
  z.union([value, z.tuple([value, value, value])], "expected a number, or a list of 3 numbers").nullish();
const pixels = z.number().int().min(1).max(2 ** 31);

/** Fields that change nothing, and their only values. */
const INERT = {
  image_processor_type: name.optional(),
  feature_extractor_type: name.optional(),
  processor_class: name.nullish(),
  _valid_processor_keys: z.array(name).max(100).optional(),
  data_format: z.literal("channels_first").nullish(),
  input_data_format: z.null().optional(),
  return_tensors: z.null().optional(),
  device: z.null().optional(),
  disable_grouping: z.null().optional(),
  pad_size: z.null().optional(),
};

/**
 * Schema of the fields of one class. Python ignores fields that a class does not know; here they are refused, unless
 * they say that nothing is done.
 *
 * @param family Class of the processor.
 */
export function processorFields(family: Family): Schema<ProcessorFields> {
  const has = (step: Family["has"][number]) => family.has.includes(step);
  const off = z.literal(false).nullish();
  const shape = {
    ...INERT,
    do_resize: flag.default(true),
    resample: z.number().default(family.resample).transform((number, context) => {
      const filter = FILTER_NUMBERS[number];
      if (filter !== undefined) return filter;
      const known = FILTER_NUMBERS.map((name, index) => `${index} (${name})`).join(", ");
      context.addIssue({ code: "custom", message: `number ${number} is unknown, expected one of ${known}` });
      return z.NEVER;
    }),
    do_rescale: flag.default(true),
    rescale_factor: z.number().min(1e-30).max(1e6).default(1 / 255),
    do_normalize: flag.default(true),
    image_mean: perChannel(z.number().min(-1e6).max(1e6)),
    image_std: perChannel(z.number().min(1e-30).max(1e6)),
    do_convert_rgb: family.convertsToRgb === null ? off : flag.nullable().default(family.convertsToRgb),
    do_pad: has("pad") ? flag.nullish() : has("anyres") || has("split") ? z.literal(true).nullish() : off,
    do_center_crop: has("crop") ? flag.default(true) : off.transform(() => false),
    size: z.unknown().optional(),
    ...(has("aspect") ? { image_aspect_ratio: z.enum(["pad", ""]).nullish() } : {}),
    ...(has("crop") ? { crop_size: z.unknown().optional() } : {}),
    ...(has("crop_pct") ? { crop_pct: z.number().gt(0).max(1000).nullish() } : {}),
    ...(has("anyres")
      ? {
        aspect_ratio_setting: z.literal("anyres").nullish(),
        image_grid_pinpoints: z.array(sizeSpec).min(1).max(MAX_RESOLUTIONS).nullish(),
      }
      : {}),
    ...(has("split")
      ? { do_image_splitting: flag.default(true), max_image_size: z.unknown().optional() }
      : {}),
    min_pixels: has("patches") ? pixels.nullish() : z.undefined().optional(),
    max_pixels: has("patches") ? pixels.nullish() : z.undefined().optional(),
    ...(has("patches")
      ? {
        patch_size: z.number().int().min(1).max(MAX_PATCH).default(14),
        temporal_patch_size: z.number().int().min(1).max(16).default(2),
        merge_size: z.number().int().min(1).max(MAX_PATCH).default(2),
      }
      : {}),
  };
  return z.strictObject(shape) as unknown as Schema<ProcessorFields>;
}
