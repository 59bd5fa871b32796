/**
 * Model of an image processor: encoded images in, the values that a Hugging Face model takes out.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import type { Device } from "../device/device.ts";
import { boundedDecoder, type ImageDecoder } from "../processor/decoder.ts";
import { MAX_PICTURE_SAMPLES } from "../processor/picture.ts";
import { type ImageProcessor, processorFrom } from "../processor/processor.ts";
import { checkOptions } from "../option_checks.ts";
import { keepOpen } from "../reopen.ts";
import { isInputError } from "./failures.ts";
import type { ModelOptions } from "./image_model.ts";
import { type InferenceModel, MODEL_CHECKS } from "./model.ts";
import { countStrings, type InferenceTensor } from "./tensors.ts";

/** Options of {@linkcode processorModel}. */
export interface ProcessorModelOptions extends ModelOptions {
  /** Parsed `preprocessor_config.json`. */
  readonly config: unknown;
  /** Name of the input. Default "images". */
  readonly input?: string | undefined;
  /** Maximum samples of a decoded image, pixels times channels. Default 2^26. */
  readonly maxSamples?: number | undefined;
  /** Decoder of images. Default: the package sharp, with `maxSamples`. */
  readonly decoder?: ImageDecoder | undefined;
}

/** Values of one image. */
export interface ProcessedItem {
  /** Values in C order. */
  readonly data: Float32Array;
  /** Lengths of the axes of one image: channels, rows, columns; or patches and their values. */
  readonly dims: readonly number[];
  /** Patches along time, rows and columns, for Qwen2-VL alone. */
  readonly grid: BigInt64Array | undefined;
}

/**
 * Creates the model of an image processor. Its input is a list of PNG, JPEG or WebP files, which may differ in size.
 *
 * @param options Configuration, decoder and device.
 * @throws {OnpathError} `size` if an option is missing or wrong; as {@linkcode processorFrom}.
 *
 * @example
 * ```ts
 * import { createModelDevice } from "onpath";
 * import { processorModel } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const model = processorModel({
 *   name: "clip",
 *   config: { image_processor_type: "CLIPImageProcessor" },
 *   open: () => Promise.resolve(createModelDevice()),
 * });
 * assert.deepEqual(model.inputs, [{ name: "images", datatype: "BYTES", shape: [-1] }]);
 * assert.deepEqual(model.outputs, [{ name: "pixel_values", datatype: "FP32", shape: [-1, 3, 224, 224] }]);
 * ```
 */
export function processorModel(options: ProcessorModelOptions): InferenceModel<Uint8Array, ProcessedItem> {
  checkOptions("make a processor model", options, { ...MODEL_CHECKS, decoder: { kind: "function" } });
  const { name, version = "1", config, open, input = "images", maxSamples = 2 ** 26 } = options;
  checkInteger("maximum of samples", maxSamples, 1, MAX_PICTURE_SAMPLES);
  const processor = processorFrom(config, { decoder: options.decoder ?? boundedDecoder(maxSamples) });
  const keeper = keepOpen<Device>({ open, close: (device) => device.close() });
  const { patches } = processor.config;
  return {
    name,
    version,
    platform: "onpath_processor",
    inputs: [{ name: input, datatype: "BYTES", shape: [-1] }],
    outputs: patches === null
      ? [{ name: "pixel_values", datatype: "FP32", shape: [-1, 3, ...sizeOf(processor)] }]
      : [
        {
          name: "pixel_values",
          datatype: "FP32",
          shape: [-1, 3 * patches.temporal * patches.patch * patches.patch],
        },
        { name: "image_grid_thw", datatype: "INT64", shape: [-1, 3] },
      ],
    start: (wait) => bounded(`model ${name}`, keeper.run(() => Promise.resolve()), wait),
    begin: ([images]) => {
      const { data, shape } = images as InferenceTensor & { readonly datatype: "BYTES" };
      countStrings(input, shape);
      return { items: data, join: joinItems };
    },
    run: async (items, wait) => await keeper.run((device) => process(processor, items, { ...wait, device })),
    close: () => keeper.close(),
  };
}

/** Returns rows and columns of the results; -1 if they depend on the image. */
function sizeOf({ config: { crop, resize } }: ImageProcessor): [rows: number, columns: number] {
  if (crop !== null) return [crop[0], crop[1]];
  if (resize?.rule.kind === "fixed") return [resize.rule.height, resize.rule.width];
  return [-1, -1];
}

/** Processes images. One that fails has its error in place of values. */
async function process(
  processor: ImageProcessor,
  items: readonly Uint8Array[],
  options: WaitOptions & { readonly device: Device },
): Promise<(ProcessedItem | OnpathError)[]> {
  const { pixel_values: { data, dims }, image_grid_thw: grids, indexes, failures } = await processor(
    items,
    options,
  );
  const done = new Array<ProcessedItem | OnpathError>(items.length);
  let row = 0;
  for (const [at, index] of indexes.entries()) {
    const grid = grids?.data.slice(3 * at, 3 * at + 3);
    const rows = grid === undefined ? 1 : Number(grid[0]! * grid[1]! * grid[2]!);
    const length = dims.slice(1).reduce((product, axis) => product * axis, rows);
    const start = row * (length / rows);
    row += rows;
    done[index] = {
      data: data.subarray(start, start + length),
      dims: grid === undefined ? dims.slice(1) : [rows, ...dims.slice(1)],
      grid,
    };
  }
  for (const { index, error } of failures) {
    // An image whose size differs from the first one's fails with its neighbours alone.
    done[index] = items.length === 1 ? error : await processAlone(processor, items[index]!, options);
  }
  return done;
}

async function processAlone(
  processor: ImageProcessor,
  item: Uint8Array,
  options: WaitOptions & { readonly device: Device },
): Promise<ProcessedItem | OnpathError> {
  try {
    return (await process(processor, [item], options))[0]!;
  } catch (error) {
    if (isInputError(error)) return error;
    throw error;
  }
}

/** Joins the values of a request's images. */
function joinItems(items: readonly ProcessedItem[]): InferenceTensor[] {
  const [{ dims, grid }] = items as readonly [ProcessedItem, ...ProcessedItem[]];
  const inner = grid === undefined ? dims : dims.slice(1);
  const other = items.findIndex((item) =>
    String(item.dims.slice(dims.length - inner.length)) !== String(inner)
  );
  if (other >= 0) {
    throw new OnpathError(
      "shape",
      `Cannot join the images of a request: image ${other} becomes [${
        items[other]!.dims.join(", ")
      }], expected [${dims.join(", ")}] as image 0`,
      { index: other },
    );
  }
  const data = new Float32Array(items.reduce((sum, item) => sum + item.data.length, 0));
  let at = 0;
  for (const item of items) {
    data.set(item.data, at);
    at += item.data.length;
  }
  const rows = grid === undefined ? items.length : items.reduce((sum, item) => sum + item.dims[0]!, 0);
  const values: InferenceTensor = { name: "pixel_values", datatype: "FP32", shape: [rows, ...inner], data };
  if (grid === undefined) return [values];
  const grids = BigInt64Array.from(items.flatMap((item) => [...item.grid!]));
  return [values, { name: "image_grid_thw", datatype: "INT64", shape: [items.length, 3], data: grids }];
}
