/**
 * Results of an image processor.
 *
 * @module
 */

import type { OnpathError } from "../../serialize/errors.ts";

/** Tensor of float32 values, by the names of onnxruntime's constructor. */
export interface BatchTensor {
  /** Element type. */
  readonly type: "float32";
  /** Values in C order. */
  readonly data: Float32Array<ArrayBuffer>;
  /**
   * Length of each axis: images, channels, rows, columns; images, tiles, channels, rows, columns; or patches and their
   * values.
   */
  readonly dims: number[];
}

/** Tensor of int64 values, by the names of onnxruntime's constructor. */
export interface GridTensor {
  /** Element type. */
  readonly type: "int64";
  /** Values in C order. */
  readonly data: BigInt64Array<ArrayBuffer>;
  /** Images, and the numbers of each. */
  readonly dims: number[];
}

/** Tensor of truth values, by the names of onnxruntime's constructor. */
export interface MaskTensor {
  /** Element type. */
  readonly type: "bool";
  /** 1 for true, 0 for false, in C order. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Images, tiles, rows and columns. */
  readonly dims: number[];
}

/** Image of a call that could not be processed. */
export interface ImageFailure {
  /** Index of the image in the call. */
  readonly index: number;
  /** Reason, with the index in its message and details. */
  readonly error: OnpathError;
}

/** Result of a call. */
export interface ProcessedImages {
  /** Values for the model, image by image: `new ort.Tensor(type, data, dims)` takes its three fields. */
  readonly pixel_values: BatchTensor;
  /** Patches along time, rows and columns of each image, for Qwen2-VL alone. */
  readonly image_grid_thw?: GridTensor;
  /** Rows and columns of each image before the resize, for LLaVA-NeXT alone. */
  readonly image_sizes?: GridTensor;
  /** True for the samples of tiles that an image has, for Idefics3 and SmolVLM alone. */
  readonly pixel_attention_mask?: MaskTensor;
  /** Rows and columns of tiles of each image, 0 without a split, for Idefics3 and SmolVLM alone. */
  readonly tile_grid?: GridTensor;
  /** Index in the call of each image of `pixel_values`. */
  readonly indexes: readonly number[];
  /** Images that are missing from `pixel_values`, in order. */
  readonly failures: readonly ImageFailure[];
}
