/**
 * Decodes PNG, JPEG and WebP pictures to samples, and encodes samples as PNG. The package sharp is required,
 * and loaded with the first picture.
 *
 * @module
 */

import type { SharpConstructor } from "sharp";
import { decodePicture, type SharpFunction } from "../../runtime/processor/picture.ts";
import { imageAxes } from "../../serialize/image_axes.ts";
import { type Tensor, toBytes, toDense, toLayout } from "../../serialize/tensor.ts";
import { OnpathError } from "../../serialize/errors.ts";

export { MAX_PICTURE_SAMPLES } from "../../runtime/processor/picture.ts";
export { pictureKind } from "../../runtime/processor/picture_header.ts";

/**
 * Decodes a picture to its stored samples, without colour profile or orientation. Gray stays one channel, RGB
 * three, RGBA four.
 *
 * @param bytes The whole file; only PNG, JPEG and WebP reach the decoder.
 * @param name Name of the file in messages.
 * @returns A u8 tensor in HWC.
 * @throws {OnpathError} `file` if it cannot be decoded or sharp is missing; `dtype` for 16 bits a sample;
 * `shape` for gray with alpha, CMYK, or several images; `size` if it is too large.
 */
export async function readPicture(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Tensor> {
  const load = () => loadSharp(`read ${name}`) as Promise<unknown> as Promise<SharpFunction>;
  return await decodePicture(load, bytes, { name, takesGrayAlpha: false });
}

/**
 * Encodes an image as PNG.
 *
 * @param image Tensor accepted by {@linkcode checkPicture}.
 * @returns Bytes of the file.
 * @throws {OnpathError} As {@linkcode checkPicture}; `file` if sharp is missing.
 */
export async function encodePng(image: Tensor): Promise<Uint8Array> {
  checkPicture(image);
  const sharp = await loadSharp("write a .png");
  const { height, width, channels } = imageAxes(image);
  const raw = { width, height, channels: channels as 1 | 3 | 4 };
  const picture = sharp(toBytes(toDense(toLayout(image, "HWC"))), { raw });
  return await (channels === 1 ? picture.toColourspace("b-w") : picture).png().toBuffer();
}

/**
 * Checks that a tensor can be written as a picture.
 *
 * @throws {OnpathError} `dtype` if samples are not u8; `shape` if channels are not the last axis or there are
 * several images.
 */
export function checkPicture({ dtype, shape, layout }: Pick<Tensor, "dtype" | "shape" | "layout">): void {
  if (dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot write ${dtype} as .png: expected u8`, {
      expected: "u8",
      found: dtype,
    });
  }
  const one = layout === "HWC" || (layout === "NHWC" && shape[0] === 1);
  if (!one || ![1, 3, 4].includes(shape.at(-1)!)) {
    throw new OnpathError(
      "shape",
      `Cannot write shape [${shape.join(", ")}] (${
        layout ?? "no layout"
      }) as .png: expected one image in HWC with 1, 3 or 4 channels`,
      { shape, layout },
    );
  }
}

async function loadSharp(purpose: string): Promise<SharpConstructor> {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw new OnpathError(
      "file",
      `Cannot ${purpose}: the package "sharp" is missing. Install it (npm install sharp), or use .npy files, ` +
        `which need no package`,
      { package: "sharp" },
      { cause },
    );
  }
}
