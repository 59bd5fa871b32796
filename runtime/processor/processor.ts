/**
 * Image processor: images in, a float32 tensor for onnxruntime out.
 *
 * @module
 */

import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import { countElements, type Tensor } from "../../serialize/tensor.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Device } from "../device/device.ts";
import { createCpuDevice } from "../device/cpu/device.ts";
import { checkFallback } from "../fallback.ts";
import { checkRunOptions } from "../run_options.ts";
import type { SessionOptions } from "../session.ts";
import { type ProcessorConfig, readProcessorConfig } from "./config.ts";
import { defaultDecoder, type ImageDecoder } from "./decoder.ts";
import { conversionOf, type ProcessorImage, readImage, toRgb } from "./input.ts";
import { createPlanCache, type PlanCache, type ShapeSession } from "./plan_cache.ts";
import type { ImageFailure, ProcessedImages } from "./results.ts";
import { batchOf } from "./batch.ts";
import type { ProcessedImage } from "./processed.ts";

/** Maximum images of one call. */
const MAX_IMAGES = 4096;

/** Maximum samples of the images of one call: 2^30. */
const MAX_SAMPLES = 2 ** 30;

/** Images of one shape, or tiles, that are in a session at a time, so that memory stays bounded. */
const RUN_IMAGES = 16;

/** Options of {@linkcode processorFrom}. */
export interface ProcessorOptions {
  /** Decoder of encoded images. Default: the package sharp if it is installed, otherwise the browser's own. */
  readonly decoder?: ImageDecoder | undefined;
  /** Maximum plans that are kept for a device, one for each shape of images: 1 to 1024. Default 16. */
  readonly maxPlans?: number | undefined;
  /** Runs images on this machine if a device is lost; see `fallback` of a session. Default: the error is thrown. */
  readonly fallback?: SessionOptions["fallback"];
}

/** Options of one call of a processor. */
export interface ProcessOptions extends WaitOptions {
  /** Open device that runs the plans; the caller closes it. Default: a cpu device of the processor, on
   * this thread. */
  readonly device?: Device | undefined;
}

/** An image processor. Calls may be concurrent. */
export interface ImageProcessor {
  /**
   * Processes images, which may differ in shape. One that cannot be processed is listed in `failures`, and the others
   * come out.
   *
   * @param images 1 to 4096 images, or one.
   * @param options Device, signal, and timeout of each wait for the decoder or the device.
   * @returns Values for the model.
   * @throws {OnpathError} The error of the first image if all failed; `device`, `timeout` or `gap` if the device
   * fails; `size` if an option is outside its limits.
   */
  (images: ProcessorImage | readonly ProcessorImage[], options?: ProcessOptions): Promise<ProcessedImages>;
  /** Configuration that the processor runs, with all defaults. */
  readonly config: ProcessorConfig;
}

/**
 * Creates an image processor from the configuration file of a Hugging Face model. Its values equal those of the Python
 * class that resizes by Pillow and computes by NumPy (`use_fast=False`), bit for bit.
 *
 * @param json Parsed `preprocessor_config.json` or `processor_config.json`.
 * @param options Decoder, number of kept plans, and fallback.
 * @returns Processor.
 * @throws {OnpathError} As {@linkcode readProcessorConfig}; `size` if an option is outside its limits.
 *
 * @example
 * ```ts
 * import { processorFrom, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const processor = processorFrom({
 *   image_processor_type: "CLIPImageProcessor",
 *   size: { shortest_edge: 32 },
 *   crop_size: { height: 32, width: 32 },
 * });
 * const image = (height: number, width: number) =>
 *   tensor(new Uint8Array(height * width * 3), { dtype: "u8", shape: [height, width, 3], layout: "HWC" });
 * const { pixel_values } = await processor([image(48, 64), image(40, 40)]);
 * assert.deepEqual(pixel_values.dims, [2, 3, 32, 32]);
 * assert.equal(pixel_values.data[0], Math.fround(Math.fround(-0.48145466) / Math.fround(0.26862954)));
 * ```
 */
export function processorFrom(json: unknown, options: ProcessorOptions = {}): ImageProcessor {
  return createProcessor(readProcessorConfig(json), options);
}

/**
 * Creates an image processor from a checked configuration.
 *
 * @param config Configuration of {@linkcode readProcessorConfig} or of a preset.
 * @param options Decoder and number of kept plans.
 * @throws {OnpathError} `size` if an option is outside its limits.
 */
export function createProcessor(config: ProcessorConfig, options: ProcessorOptions): ImageProcessor {
  const { decoder = defaultDecoder, maxPlans = 16, fallback } = Object(options) as ProcessorOptions;
  checkInteger("maximum of plans", maxPlans, 1, 1024);
  checkFallback(fallback);
  if (typeof decoder !== "function") {
    throw new OnpathError("size", `Cannot use a decoder that is ${kindOf(decoder)}: expected a function`);
  }
  const cache = createPlanCache(config, { maxPlans, fallback });
  let ownDevice: Device | undefined;
  const processor = async (
    images: ProcessorImage | readonly ProcessorImage[],
    options: ProcessOptions = {},
  ): Promise<ProcessedImages> => {
    checkRunOptions(options);
    const { signal, timeoutMs } = options;
    const device = checkDevice(options.device) ?? (ownDevice ??= createCpuDevice());
    const list = Array.isArray(images) ? images as readonly ProcessorImage[] : [images as ProcessorImage];
    checkInteger("number of images", list.length, 1, MAX_IMAGES);
    const failures: ImageFailure[] = [];
    const groups = new Map<ShapeSession, Prepared[]>();
    let samples = 0;
    for (const [index, image] of list.entries()) {
      signal?.throwIfAborted();
      try {
        const prepared = await prepare(config, cache, device, image, { decoder, signal, timeoutMs });
        const { shape } = prepared;
        samples = checkSum(samples + countElements(prepared.image.shape));
        if (!groups.has(shape)) groups.set(shape, []);
        groups.get(shape)!.push({ ...prepared, index });
      } catch (error) {
        signal?.throwIfAborted();
        failures.push({ index, error: ofImage(error, index) });
      }
    }
    const done = await runGroups(groups, { signal, timeoutMs });
    return batchOf(config, done, failures);
  };
  return Object.assign(processor, { config });
}

/** Image that is ready to run. */
interface Prepared {
  readonly index: number;
  readonly shape: ShapeSession;
  readonly image: Tensor;
}

async function prepare(
  config: ProcessorConfig,
  cache: PlanCache,
  device: Device,
  image: ProcessorImage,
  { decoder, ...wait }: WaitOptions & { readonly decoder: ImageDecoder },
): Promise<Omit<Prepared, "index">> {
  const samples = toRgb(await readImage(image, decoder, wait), conversionOf(config));
  const [height, width] = samples.shape as [number, number];
  return { shape: await cache.sessionFor(device, height, width), image: samples };
}

function checkDevice(device: Device | undefined): Device | undefined {
  if (device === undefined || typeof Object(device).exchange === "function") return device;
  throw new OnpathError("device", `Cannot process images on a device that is ${kindOf(device)}`, {
    found: kindOf(device),
  });
}

function checkSum(samples: number): number {
  if (samples <= MAX_SAMPLES) return samples;
  throw new OnpathError(
    "size",
    `Cannot hold ${samples} samples in one call: expected at most ${MAX_SAMPLES}`,
    {
      samples,
      most: MAX_SAMPLES,
    },
  );
}

/** Runs the images shape by shape. */
async function runGroups(
  groups: ReadonlyMap<ShapeSession, readonly Prepared[]>,
  wait: WaitOptions,
): Promise<ProcessedImage[]> {
  const done: ProcessedImage[] = [];
  for (const [{ run, ...shape }, images] of groups) {
    const runImages = Math.ceil(RUN_IMAGES / shape.count);
    for (let first = 0; first < images.length; first += runImages) {
      const part = images.slice(first, first + runImages);
      const results = await run(part.map(({ image }) => image), wait);
      for (const [at, data] of results.entries()) {
        const { index, image } = part[at]!;
        done.push({ index, source: [image.shape[0]!, image.shape[1]!], ...shape, data });
      }
    }
  }
  return done.sort((a, b) => a.index - b.index);
}

/** Names the image in its error. Errors that are not the project's are defects and pass. */
function ofImage(error: unknown, index: number): OnpathError {
  if (!(error instanceof OnpathError)) throw error;
  const message = `Cannot process image ${index}: ${error.message.replace(/^Cannot /, "cannot ")}`;
  return new OnpathError(error.code, message, { ...error.details, index }, { cause: error });
}
