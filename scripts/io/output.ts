/**
 * An output tensor as a file: what kind of file follows from its name.
 *
 * @module
 */

import type { Tensor } from "../../serialize/tensor.ts";
import { checkNpyDType, encodeNpy } from "./npy.ts";
import { checkPicture, encodePng } from "./picture.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** A kind of output file. */
export type OutputFormat = "npy" | "png" | "safetensors";

/** The kinds of output files. */
export const OUTPUT_FORMATS: readonly OutputFormat[] = ["npy", "png", "safetensors"];

/** The key of the tensor in a `.safetensors` file. */
export const OUTPUT_KEY = "output";

/**
 * The kind of file that a name asks for.
 *
 * @param path The file; it does not have to exist.
 * @returns The kind, or undefined where the ending is none of {@linkcode OUTPUT_FORMATS}.
 */
export function outputFormat(path: string): OutputFormat | undefined {
  const name = path.toLowerCase();
  return OUTPUT_FORMATS.find((format) => name.endsWith(`.${format}`));
}

/**
 * Refuses an output that a kind of file cannot hold, before it is computed.
 *
 * @param format The kind of file.
 * @param output Element type, shape and layout of the output.
 * @throws {OnpathError} `dtype` or `shape`.
 */
export function checkOutput(
  format: OutputFormat,
  output: Pick<Tensor, "dtype" | "shape" | "layout">,
): void {
  if (format === "npy") checkNpyDType(output.dtype);
  if (format === "png") checkPicture(output);
}

/**
 * Writes a tensor as a kind of file.
 *
 * @param format The kind of file.
 * @param output The tensor.
 * @returns The file's bytes in pieces.
 * @throws {OnpathError} As {@linkcode checkOutput}; `file` when a package is missing.
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
