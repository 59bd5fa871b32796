/**
 * Decodes PNG, JPEG and WebP pictures to samples, and encodes samples as PNG. The package sharp is required,
 * and loaded with the first picture.
 *
 * @module
 */

import type { Sharp, SharpConstructor } from "sharp";
import { imageAxes } from "../../serialize/image_axes.ts";
import { type Tensor, tensor, toBytes, toDense, toLayout } from "../../serialize/tensor.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Maximum number of samples of a picture (pixels times channels): 2^28. */
export const MAX_PICTURE_SAMPLES = 2 ** 28;

/** Detects the kind of a picture from its first bytes; undefined if unknown. */
export function pictureKind(bytes: Uint8Array): "png" | "jpeg" | "webp" | undefined {
  const begins = (at: number, ...expected: number[]) =>
    expected.every((byte, index) => bytes[at + index] === byte);
  if (begins(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "png";
  if (begins(0, 0xff, 0xd8, 0xff)) return "jpeg";
  if (begins(0, 0x52, 0x49, 0x46, 0x46) && begins(8, 0x57, 0x45, 0x42, 0x50)) return "webp";
  return undefined;
}

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
  if (pictureKind(bytes) === undefined) {
    throw new OnpathError("file", `Cannot read ${name}: expected a PNG, JPEG or WebP picture`, { name });
  }
  const sharp = await loadSharp(`read ${name}`);
  const decode = async <T>(use: (picture: Sharp) => Promise<T>): Promise<T> => {
    try {
      return await use(sharp(bytes, { ignoreIcc: true, limitInputPixels: MAX_PICTURE_SAMPLES }));
    } catch (cause) {
      const message = `Cannot read ${name}: ${reason(cause)}`;
      throw new OnpathError("file", message, { name }, { cause });
    }
  };
  const facts = await decode((picture) => picture.metadata());
  const { width, height, channels, depth, space, pages = 1 } = facts;
  const samples = width * height * channels;
  if (samples > MAX_PICTURE_SAMPLES) {
    throw new OnpathError(
      "size",
      `Cannot read ${name}: it has ${width} x ${height} x ${channels} samples, expected at most ${MAX_PICTURE_SAMPLES}`,
      { name, width, height, channels, most: MAX_PICTURE_SAMPLES },
    );
  }
  if (depth !== "uchar") {
    throw new OnpathError("dtype", `Cannot read ${name}: its samples are ${depth}, expected 8 bits`, {
      name,
      found: depth,
      bits: facts.bitsPerSample,
    });
  }
  if (pages > 1) {
    throw new OnpathError("shape", `Cannot read ${name}: it has ${pages} images, expected one`, {
      name,
      pages,
    });
  }
  if (channels === 2 || (space !== "srgb" && space !== "b-w" && space !== "rgb")) {
    const found = channels === 2 ? "gray with alpha" : `${channels} channels of ${space}`;
    throw new OnpathError("shape", `Cannot read ${name}: it has ${found}, expected gray, RGB or RGBA`, {
      name,
      channels,
      space,
    });
  }
  const raw = await decode((picture) =>
    (channels === 1 ? picture.toColourspace("b-w") : picture).raw().toBuffer({ resolveWithObject: true })
  );
  if (raw.info.channels !== channels) {
    throw new OnpathError(
      "file",
      `Cannot read ${name}: the decoder returned ${raw.info.channels} channels, expected ${channels} as in the header`,
      { name, expected: channels, found: raw.info.channels },
    );
  }
  // The samples are copied, because the decoder's buffer may belong to a pool.
  return tensor(new Uint8Array(raw.data), { dtype: "u8", shape: [height, width, channels], layout: "HWC" });
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
      `Cannot write shape [${
        shape.join(", ")
      }] (${layout}) as .png: expected one image in HWC with 1, 3 or 4 channels`,
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

function reason(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
