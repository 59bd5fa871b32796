/**
 * Decoders of encoded images, and the default one.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { browserScope, decodeBitmap } from "./bitmap.ts";
import { decodePicture, type SharpFunction } from "./picture.ts";

/** Pixels as a browser's canvas and its `ImageData` hold them: RGBA, 8 bits. */
export interface PixelData {
  /** Samples, row by row. */
  readonly data: Uint8ClampedArray | Uint8Array;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/**
 * Decodes one image to its stored samples: no colour profile, no orientation, as Pillow's `Image.open`.
 *
 * @param bytes The encoded image.
 * @param options Signal that ends the processor's wait.
 * @returns Tensor in HWC or CHW, or RGBA pixels.
 */
export type ImageDecoder = (
  bytes: Uint8Array,
  options: { readonly signal: AbortSignal | undefined },
) => Tensor | PixelData | Promise<Tensor | PixelData>;

/**
 * Package name, in a variable because Deno would download the package of a literal import without using it, and
 * bundlers would require it.
 */
const SHARP: string = "sharp";

const PICTURE = { name: "the encoded image", takesGrayAlpha: true };

/**
 * Creates the decoder of PNG, JPEG and WebP: the package sharp, otherwise the browser's own.
 *
 * @param load Loads sharp; rejects if it is missing.
 * @param scope Globals, those of a browser or others.
 */
export function createDecoder(load: () => Promise<SharpFunction>, scope: unknown): ImageDecoder {
  return async (bytes) => {
    const browser = browserScope(scope);
    if (browser === undefined) return await decodePicture(load, bytes, PICTURE);
    // The error is ignored here, because the browser's own decoder takes the place of the package.
    const sharp = await load().catch(() => undefined);
    return sharp === undefined
      ? await decodeBitmap(browser, bytes)
      : await decodePicture(() => Promise.resolve(sharp), bytes, PICTURE);
  };
}

/** Decodes with the package sharp if it is installed, otherwise with the browser's `createImageBitmap`. */
export const defaultDecoder: ImageDecoder = createDecoder(loadSharp, globalThis);

/**
 * Creates a decoder as the default one, with a lower limit of samples. A small file may hold a large picture.
 *
 * @param maxSamples Maximum pixels times channels, checked before the picture is decoded.
 */
export function boundedDecoder(maxSamples: number): ImageDecoder {
  return (bytes) => decodePicture(loadSharp, bytes, { ...PICTURE, maxSamples });
}

async function loadSharp(): Promise<SharpFunction> {
  try {
    return (await import(SHARP)).default as SharpFunction;
  } catch (cause) {
    throw new OnpathError(
      "file",
      `Cannot decode an image: the package "sharp" is missing. Install it (npm install sharp), or pass a decoder`,
      { package: SHARP },
      { cause },
    );
  }
}
