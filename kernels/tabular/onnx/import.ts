/**
 * Import of a fitted scikit-learn pipeline that was exported as ONNX.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import type { FittedPipeline } from "../fitted/steps.ts";
import { loadWith } from "../optional.ts";

/** Options of {@linkcode importOnnx}. */
export interface ImportOnnxOptions {
  /**
   * Names of the columns of an input, by its name. Default: the input's name, with `_0`, `_1` and so on if it has
   * several columns.
   */
  readonly columns?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * Imports a fitted pipeline from ONNX: Imputer, Scaler, LabelEncoder, OneHotEncoder and Binarizer of `ai.onnx.ml`, and
 * the operators between them. Results equal those of onnxruntime.
 *
 * @param bytes ONNX file, at most 16 MiB.
 * @param options Names of columns.
 * @throws {OnpathError} `file` if the bytes are no ONNX model; `size` if there are too many; `pipeline` if an operator
 * is not supported, with its name; `shape` if the names of columns do not fit.
 *
 * @example
 * ```ts
 * import { importOnnx } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(importOnnx(Uint8Array.of(1, 2, 3)), /Cannot read an ONNX model/);
 * ```
 */
export async function importOnnx(
  bytes: Uint8Array,
  options: ImportOnnxOptions = {},
): Promise<FittedPipeline> {
  if (!(bytes instanceof Uint8Array)) {
    throw new OnpathError("file", `Cannot read an ONNX model: it is ${kindOf(bytes)}, expected a Uint8Array`);
  }
  const { columns = {} } = Object(options) as ImportOnnxOptions;
  for (const [input, names] of Object.entries(Object(columns))) {
    if (!Array.isArray(names) || !names.every((name) => typeof name === "string" && name.length > 0)) {
      throw new OnpathError(
        "shape",
        `Cannot name the columns of input "${excerpt(input)}": expected a list of names`,
      );
    }
  }
  // Only imports load the package that reads protobuf.
  const { importGraph } = await loadWith("protobufjs", () => import("./graph.ts"));
  return importGraph(bytes, columns);
}
