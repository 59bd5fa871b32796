/**
 * Decodes pictures with a browser's own decoder: `createImageBitmap` and an `OffscreenCanvas`.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { slice, type Tensor, tensor } from "../../serialize/tensor.ts";
import { MAX_PICTURE_SAMPLES } from "./picture.ts";
import { pictureKind, readPictureHeader, withoutExif } from "./picture_header.ts";

/** Used part of a browser's globals. */
export interface BrowserScope {
  /** Decodes a file. */
  readonly createImageBitmap: (
    file: Blob,
    options: { readonly colorSpaceConversion: "none"; readonly premultiplyAlpha: "none" },
  ) => Promise<{ readonly width: number; readonly height: number; close(): void }>;
  /** Canvas that reads pixels back. */
  readonly OffscreenCanvas: new (width: number, height: number) => {
    getContext(kind: "2d", options: { readonly willReadFrequently: boolean }): {
      drawImage(image: unknown, x: number, y: number): void;
      getImageData(x: number, y: number, width: number, height: number): {
        readonly data: Uint8ClampedArray<ArrayBuffer>;
      };
    } | null;
  };
}

/** Returns the globals of a browser, or undefined where they are missing. */
export function browserScope(scope: unknown = globalThis): BrowserScope | undefined {
  const { createImageBitmap, OffscreenCanvas } = scope as Partial<BrowserScope>;
  return typeof createImageBitmap === "function" && typeof OffscreenCanvas === "function"
    ? scope as BrowserScope
    : undefined;
}

/**
 * Decodes a picture to its stored samples: without colour profile, and without its EXIF data, so that nothing rotates.
 *
 * @param scope Globals of the browser.
 * @param bytes The whole file: PNG, JPEG or WebP.
 * @returns A u8 tensor in HWC of one channel for gray, otherwise three.
 * @throws {OnpathError} `file` if it cannot be decoded; `dtype` for 16 bits a sample; `shape` for CMYK, several
 * frames, or transparent pixels, whose colour a canvas does not keep; `size` if it is too large.
 */
export async function decodeBitmap(scope: BrowserScope, bytes: Uint8Array): Promise<Tensor> {
  const kind = pictureKind(bytes);
  const header = kind === undefined ? undefined : readPictureHeader(bytes, kind);
  if (kind === undefined || header === undefined) {
    throw refused("file", "expected a PNG, JPEG or WebP picture");
  }
  const { width, height, channels, bits, isAnimated } = header;
  if (4 * width * height > MAX_PICTURE_SAMPLES) {
    throw refused("size", `it has ${width} x ${height} pixels, expected at most ${MAX_PICTURE_SAMPLES / 4}`);
  }
  if (bits !== 8) throw refused("dtype", `its samples have ${bits} bits, expected 8`);
  if (isAnimated) throw refused("shape", "it has several frames, expected one");
  if (kind === "jpeg" && channels !== 1 && channels !== 3) {
    throw refused("shape", `it has ${channels} channels, expected gray or RGB`);
  }
  const file = new Blob(withoutExif(bytes as Uint8Array<ArrayBuffer>, kind));
  const pixels = await readPixels(scope, file, width, height);
  for (let at = 3; at < pixels.length; at += 4) {
    if (pixels[at] !== 255) {
      throw refused(
        "shape",
        "it has transparent pixels, whose colour a canvas does not keep; pass a decoder",
      );
    }
  }
  const rgba = tensor(pixels, { dtype: "u8", shape: [height, width, 4], layout: "HWC" });
  return slice(rgba, [0, 0, 0], [height, width, channels < 3 ? 1 : 3]);
}

async function readPixels(
  scope: BrowserScope,
  file: Blob,
  width: number,
  height: number,
): Promise<Uint8ClampedArray<ArrayBuffer>> {
  try {
    const bitmap = await scope.createImageBitmap(file, {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
    try {
      if (bitmap.width !== width || bitmap.height !== height) {
        throw refused(
          "file",
          `the browser decoded ${bitmap.width} x ${bitmap.height}, expected ${width} x ${height} as in the header`,
        );
      }
      const context = new scope.OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      if (context === null) throw refused("file", "the browser has no canvas of this size");
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, width, height).data;
    } finally {
      bitmap.close();
    }
  } catch (cause) {
    if (cause instanceof OnpathError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refused("file", reason.slice(0, 300), cause);
  }
}

function refused(code: "file" | "dtype" | "shape" | "size", why: string, cause?: unknown): OnpathError {
  return new OnpathError(
    code,
    `Cannot read the encoded image: ${why}`,
    {},
    cause === undefined ? {} : { cause },
  );
}
