/**
 * Reads an input file of any supported kind as an image tensor.
 *
 * @module
 */

import { type Layout, type Tensor, tensor } from "../../serialize/tensor.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { NPY_MAGIC, readNpy } from "./npy.ts";
import { pictureKind, readPicture } from "./picture.ts";
import { MAX_INPUT_BYTES, readBounded } from "./read.ts";

/** Options for reading an input. */
export interface InputOptions {
  /** Order of an array's axes; default: {@linkcode nameAxes} derives it from their number. */
  readonly layout?: Layout | undefined;
  /** Aborts the reading with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a picture (PNG, JPEG, WebP) or an array (`.npy`). The first bytes of the file decide its kind.
 *
 * @param path Path of the file.
 * @param options Order of the axes, and abort signal.
 * @returns A tensor with a layout.
 * @throws {OnpathError} `file`, `dtype`, `shape` or `size`; the message names the file.
 */
export async function readInput(path: string, options: InputOptions = {}): Promise<Tensor> {
  const bytes = await readBounded(path, { maxBytes: MAX_INPUT_BYTES, signal: options.signal });
  return await decodeInput(bytes, path, options);
}

/**
 * Decodes the bytes of an input file, as {@linkcode readInput}.
 *
 * @param bytes The whole file.
 * @param path Path of the file.
 * @param options Order of the axes, and abort signal.
 * @returns A tensor with a layout.
 * @throws {OnpathError} `file`, `dtype`, `shape` or `size`; the message names the file.
 */
export async function decodeInput(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  options: InputOptions = {},
): Promise<Tensor> {
  const { layout, signal } = options;
  if (path.toLowerCase().endsWith(".npy") || NPY_MAGIC.every((byte, at) => bytes[at] === byte)) {
    const array = readNpy(bytes, path);
    const { shape, layout: named } = nameAxes(array.shape, layout, path);
    return tensor(array.data, { dtype: array.dtype, shape, layout: named });
  }
  if (pictureKind(bytes) === undefined) {
    throw new OnpathError("file", `Cannot read ${path}: expected PNG, JPEG, WebP or .npy`, { path });
  }
  if (layout !== undefined && layout !== "HWC") {
    throw new OnpathError("shape", `Cannot read ${path} as ${layout}: a picture is HWC`, { path, layout });
  }
  const picture = await readPicture(bytes, path);
  signal?.throwIfAborted();
  return picture;
}

/**
 * Names the axes of a shape: `[H,W]` becomes `[H,W,1]`, three axes are HWC, four NHWC.
 *
 * @param shape Number of elements along each axis.
 * @param layout Layout given by the user, if any.
 * @param what Name of the array in messages.
 * @returns Shape and layout.
 * @throws {OnpathError} `shape` if the number of axes does not match.
 */
export function nameAxes(
  shape: readonly number[],
  layout: Layout | undefined,
  what: string,
): { shape: readonly number[]; layout: Layout } {
  if (layout === undefined) {
    if (shape.length === 2) return { shape: [...shape, 1], layout: "HWC" };
    if (shape.length === 3) return { shape, layout: "HWC" };
    if (shape.length === 4) return { shape, layout: "NHWC" };
  } else if (shape.length === layout.length) {
    return { shape, layout };
  }
  throw new OnpathError(
    "shape",
    `Cannot use ${what}: shape [${shape.join(", ")}] has ${shape.length} axes, expected ` +
      (layout === undefined ? "[H, W], [H, W, C] or [N, H, W, C]" : `${layout.length} for ${layout}`),
    { shape, layout },
  );
}
