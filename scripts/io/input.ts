/**
 * An input file of any kind as an image tensor.
 *
 * @module
 */

import { type Layout, type Tensor, tensor } from "../../serialize/tensor.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { NPY_MAGIC, readNpy } from "./npy.ts";
import { pictureKind, readPicture } from "./picture.ts";
import { MAX_INPUT_BYTES, readBounded } from "./read.ts";

/** How an input is read. */
export interface InputOptions {
  /** The order of an array's axes; by default that of {@linkcode defaultLayout}. */
  readonly layout?: Layout | undefined;
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a picture (PNG, JPEG, WebP) or an array (`.npy`). What a file is follows from its first bytes.
 *
 * @param path The file.
 * @param options The order of axes, and a signal.
 * @returns A tensor with a layout.
 * @throws {OnpathError} `file`, `dtype`, `shape` or `size`, naming the file.
 */
export async function readInput(path: string, options: InputOptions = {}): Promise<Tensor> {
  const { layout, signal } = options;
  const bytes = await readBounded(path, { most: MAX_INPUT_BYTES, signal });
  if (path.toLowerCase().endsWith(".npy") || NPY_MAGIC.every((byte, at) => bytes[at] === byte)) {
    const array = readNpy(bytes, path);
    const { shape, layout: named } = nameAxes(array.shape, layout, path);
    return tensor(array.data, { dtype: array.dtype, shape, layout: named });
  }
  if (pictureKind(bytes) === undefined) {
    throw new OnpathError("file", `Cannot read ${path}: it is neither PNG, JPEG, WebP nor .npy`, { path });
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
 * @param layout The order that the user names, if any.
 * @param what What has the shape, as messages name it.
 * @returns Shape and layout.
 * @throws {OnpathError} `shape` when the number of axes does not fit.
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
