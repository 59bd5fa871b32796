/**
 * Encoding of an output tensor; the file's name decides the format.
 *
 * @module
 */

import type { Tensor } from "../../serialize/tensor.ts";
import { checkNpyDType, encodeNpy } from "./npy.ts";
import { checkPicture, encodePng } from "./picture.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** Format of an output file. */
export type OutputFormat = "npy" | "png" | "safetensors";

/** All formats of output files. */
export const OUTPUT_FORMATS: readonly OutputFormat[] = ["npy", "png", "safetensors"];

/** Key of the tensor in a `.safetensors` file. */
export const OUTPUT_KEY = "output";

/**
 * Derives the format from a file name.
 *
 * @param path Path of the file, which may not exist yet.
 * @returns The format, or undefined if the extension is not one of {@linkcode OUTPUT_FORMATS}.
 */
export function outputFormat(path: string): OutputFormat | undefined {
  const name = path.toLowerCase();
  return OUTPUT_FORMATS.find((format) => name.endsWith(`.${format}`));
}

/**
 * Checks, before any computation, that a format can hold an output.
 *
 * @param format Format of the file.
 * @param output Element type, shape and layout of the output.
 * @throws {OnpathError} `dtype` or `shape` if it cannot.
 */
export function checkOutput(
  format: OutputFormat,
  output: Pick<Tensor, "dtype" | "shape" | "layout">,
): void {
  if (format === "npy") checkNpyDType(output.dtype);
  if (format === "png") checkPicture(output);
}

/**
 * Encodes a tensor in a format.
 *
 * @param format Format of the file.
 * @param output Tensor to encode.
 * @returns The file in chunks.
 * @throws {OnpathError} As {@linkcode checkOutput}; `file` if a package is missing.
 */
export async function encodeOutput(format: OutputFormat, output: Tensor): Promise<readonly Uint8Array[]> {
  switch (format) {
    case "npy":
      return encodeNpy(output);
    case "png":
      return [await encodePng(output)];
    case "safetensors":
      return encodeSafetensors(OUTPUT_KEY, output);
  }
}
