/**
 * The image processors of Hugging Face's transformers that are read, with the defaults of their Python classes.
 *
 * @module
 */

import type { FilterName, Size } from "../../kernels/image/geometry/names.ts";

/** Values of one processor class where its configuration has none. */
export interface Family {
  /** Rules of `size`: an integer becomes a square or the shortest edge, and the forms that the class accepts. */
  readonly size: {
    readonly whole: "square" | "shortest" | "refused";
    readonly forms: readonly ("square" | "shortest" | "longest")[];
    readonly preset: Readonly<Record<string, number>>;
  };
  /** Pillow's number of the default filter. */
  readonly resample: number;
  /** Default of `do_convert_rgb`; null if the class does not have the field. */
  readonly convertsToRgb: boolean | null;
  /** Default mean and standard deviation. */
  readonly statistics: readonly [mean: readonly number[], std: readonly number[]];
  /** Steps that only some classes have. */
  readonly has: readonly ("crop" | "crop_pct" | "pad" | "patches" | "aspect" | "anyres" | "split")[];
}

const CLIP = [[0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]] as const;
const HALF = [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]] as const;

const square = (length: number): Family["size"] => ({
  whole: "square",
  forms: ["square"],
  preset: { height: length, width: length },
});

const shortest = (
  length: number,
  forms: Family["size"]["forms"] = ["square", "shortest"],
): Family["size"] => ({
  whole: "shortest",
  forms,
  preset: { shortest_edge: length },
});

const clip: Family = {
  size: shortest(224),
  resample: 3,
  convertsToRgb: true,
  statistics: CLIP,
  has: ["crop"],
};

const split: Family = {
  size: { whole: "refused", forms: ["square", "longest"], preset: { longest_edge: 4 * 364 } },
  resample: 1,
  convertsToRgb: true,
  statistics: HALF,
  has: ["split"],
};

/** Name of a processor class that is read, as in `image_processor_type`. */
export type ProcessorType =
  | "CLIPImageProcessor"
  | "ViTImageProcessor"
  | "DeiTImageProcessor"
  | "BitImageProcessor"
  | "ConvNextImageProcessor"
  | "SiglipImageProcessor"
  | "BlipImageProcessor"
  | "LlavaImageProcessor"
  | "LlavaNextImageProcessor"
  | "Qwen2VLImageProcessor"
  | "Idefics3ImageProcessor"
  | "SmolVLMImageProcessor";

/** Processor classes by name. */
export const FAMILIES: Readonly<Record<ProcessorType, Family>> = {
  CLIPImageProcessor: { ...clip, has: ["crop", "aspect"] },
  ViTImageProcessor: {
    size: square(224),
    resample: 2,
    convertsToRgb: false,
    statistics: HALF,
    has: [],
  },
  DeiTImageProcessor: {
    size: square(256),
    resample: 3,
    convertsToRgb: null,
    statistics: HALF,
    has: ["crop"],
  },
  BitImageProcessor: clip,
  ConvNextImageProcessor: {
    size: shortest(384, ["shortest"]),
    resample: 3,
    convertsToRgb: null,
    statistics: HALF,
    has: ["crop_pct"],
  },
  SiglipImageProcessor: {
    size: { ...square(224), whole: "refused" },
    resample: 3,
    convertsToRgb: false,
    statistics: HALF,
    has: [],
  },
  BlipImageProcessor: {
    size: square(384),
    resample: 3,
    convertsToRgb: true,
    statistics: CLIP,
    has: [],
  },
  LlavaImageProcessor: { ...clip, has: ["crop", "pad"] },
  LlavaNextImageProcessor: { ...clip, has: ["crop", "anyres"] },
  Qwen2VLImageProcessor: {
    size: { whole: "refused", forms: [], preset: {} },
    resample: 3,
    convertsToRgb: true,
    statistics: CLIP,
    has: ["patches"],
  },
  Idefics3ImageProcessor: split,
  SmolVLMImageProcessor: split,
};

/** Filters by their numbers in Pillow. */
export const FILTER_NUMBERS: readonly FilterName[] = [
  "nearest",
  "lanczos",
  "bilinear",
  "bicubic",
  "box",
  "hamming",
];

/** Resolutions of LLaVA-NeXT where the configuration has none. */
export const ANYRES_RESOLUTIONS: readonly Size[] = [[336, 672], [672, 336], [672, 672], [1008, 336], [
  336,
  1008,
]];

/** Edge of a tile of Idefics3 where the configuration has none. */
export const SPLIT_TILE = 364;

/** ConvNeXT crops only below this size; from it on, it resizes to a square. */
export const CONVNEXT_WHOLE = 384;

/** ConvNeXT's share of the shortest edge that stays, where the configuration has none. */
export const CONVNEXT_CROP = 224 / 256;
