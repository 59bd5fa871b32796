/**
 * Images as a processor takes them: tensors, pixels of a canvas, or encoded bytes, as one form of tensor.
 *
 * @module
 */

import { toRgbReference } from "../../kernels/image/channels/to_rgb.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { slice, type Tensor, tensor, toLayout } from "../../serialize/tensor.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import type { ProcessorConfig } from "./config.ts";
import type { ImageDecoder, PixelData } from "./decoder.ts";

/**
 * Image for a processor: a u8 tensor in HWC or CHW with 1, 3 or 4 channels, RGBA pixels such as `ImageData`, or the
 * bytes of an encoded image.
 */
export type ProcessorImage = Tensor | PixelData | Uint8Array | ArrayBuffer;

/** Maximum length of an encoded image: 1 GiB. */
const MAX_ENCODED_BYTES = 2 ** 30;

/**
 * Reads one image as a u8 tensor in HWC.
 *
 * @param image Image in any of its forms.
 * @param decoder Decoder of encoded bytes.
 * @param options Signal and timeout of the decoder.
 * @returns Tensor with 1, 3 or 4 channels. It may be a view of the image.
 * @throws {OnpathError} `dtype`, `shape` or `size` if it is not an image of 8 bits; `file` if it cannot be decoded;
 * `timeout` if the decoder takes too long.
 */
export async function readImage(
  image: ProcessorImage,
  decoder: ImageDecoder,
  options: WaitOptions,
): Promise<Tensor> {
  const bytes = image instanceof ArrayBuffer ? new Uint8Array(image) : image;
  if (!(bytes instanceof Uint8Array)) return samplesOf(bytes);
  if (bytes.length === 0 || bytes.length > MAX_ENCODED_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot decode an image of ${bytes.length} bytes: expected 1 to ${MAX_ENCODED_BYTES}`,
      { bytes: bytes.length, most: MAX_ENCODED_BYTES },
    );
  }
  return samplesOf(await decoded(bytes, decoder, options));
}

async function decoded(bytes: Uint8Array, decoder: ImageDecoder, options: WaitOptions) {
  const { signal } = options;
  try {
    const task = Promise.resolve().then(() => decoder(bytes, { signal }));
    return await bounded("the decoder", task, options);
  } catch (cause) {
    if (cause instanceof OnpathError || signal?.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OnpathError("file", `Cannot decode an image: ${reason.slice(0, 300)}`, {}, { cause });
  }
}

function samplesOf(image: Tensor | PixelData): Tensor {
  const value = Object(image) as Partial<Tensor> & Partial<PixelData>;
  if (typeof value.dtype === "string" && Array.isArray(value.shape)) return checkTensor(value as Tensor);
  if (Number.isInteger(value.width) && Number.isInteger(value.height)) return pixelsOf(value as PixelData);
  throw new OnpathError(
    "dtype",
    `Cannot read an image that is ${
      kindOf(image)
    }: expected a tensor, pixels with width and height, or encoded bytes`,
    { found: kindOf(image) },
  );
}

function checkTensor(image: Tensor): Tensor {
  if (image.dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot process an image of dtype ${image.dtype}: expected u8`, {
      expected: "u8",
      found: image.dtype,
    });
  }
  if ((image.layout !== "HWC" && image.layout !== "CHW") || image.shape.length !== 3) {
    throw new OnpathError(
      "shape",
      `Cannot process an image of layout ${
        String(image.layout)
      } with ${image.shape.length} axes: expected HWC or CHW`,
      { layout: image.layout, shape: image.shape },
    );
  }
  const { shape, strides, offset, data } = image;
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides?.[axis]!, offset);
  if (!(data instanceof Uint8Array) || !(offset >= 0 && last < data.length)) {
    throw new OnpathError(
      "shape",
      `Cannot process an image of shape [${shape.join(", ")}]: its data does not hold it`,
      {
        shape,
      },
    );
  }
  return toLayout(image, "HWC");
}

/** RGBA pixels. An image without transparent pixels is RGB, because a canvas has no other form for it. */
function pixelsOf({ data, width, height }: PixelData): Tensor {
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new OnpathError("dtype", `Cannot process pixels in ${kindOf(data)}: expected 8 bits a sample`, {
      found: kindOf(data),
    });
  }
  const all = tensor(data as Uint8Array<ArrayBuffer>, {
    dtype: "u8",
    shape: [height, width, 4],
    layout: "HWC",
  });
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return all;
  return slice(all, [0, 0, 0], [height, width, 3]);
}

/** Conversion of a processor to three channels: Pillow's, or none for a reason. */
export type Conversion = { readonly converts: true } | { readonly converts: false; readonly because: string };

/**
 * Conversion that a processor does before its resize.
 *
 * @param config Configuration of the processor.
 */
export function conversionOf({ toRgb, tiles, type }: ProcessorConfig): Conversion {
  if (type === "ImageClassification") {
    return { converts: false, because: "torchvision's presets do not convert" };
  }
  if (!toRgb) return { converts: false, because: "do_convert_rgb is not true" };
  return tiles?.kind === "split"
    ? { converts: false, because: `${type} converts after its resize, which is not built` }
    : { converts: true };
}

/**
 * Makes three channels as Pillow's `convert("RGB")`: alpha is dropped, not blended, and gray is repeated. Both are
 * views without a copy.
 *
 * @param image Tensor in HWC.
 * @param conversion Whether the processor converts; otherwise three channels are required.
 * @returns View with three channels.
 * @throws {OnpathError} `shape` if the number of channels is not 1, 3 or 4, or needs a conversion that the processor
 * does not do.
 */
export function toRgb(image: Tensor, conversion: Conversion): Tensor {
  const channels = image.shape[2]!;
  if (channels === 3) return image;
  if (channels !== 1 && channels !== 4) {
    throw new OnpathError(
      "shape",
      `Cannot process an image of ${channels} channels: expected 1 (gray), 3 (RGB) or 4 (RGBA)`,
      { channels },
    );
  }
  if (!conversion.converts) {
    throw new OnpathError(
      "shape",
      `Cannot process an image of ${channels} channels: expected 3, because ${conversion.because}`,
      { channels },
    );
  }
  return toRgbReference(image, "drop");
}
