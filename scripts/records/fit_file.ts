/**
 * Fitted pipelines for files: fitted to one, or imported.
 *
 * @module
 */

import { fitRecords } from "../../kernels/tabular/fit/fit.ts";
import { fitRecordsStream } from "../../kernels/tabular/fit/stream.ts";
import type { FittedPipeline } from "../../kernels/tabular/fitted/steps.ts";
import { importOnnx } from "../../kernels/tabular/onnx/import.ts";
import { joinRecords } from "../../kernels/tabular/rows.ts";
import type { RecordsPipeline } from "../../kernels/tabular/spec.ts";
import { type Records, records } from "../../kernels/tabular/table.ts";
import { readBounded } from "../io/read.ts";
import type { PassOptions, RecordSource } from "./source.ts";

/** Maximum length of a file that is fitted exactly by default: 64 MiB. */
export const MAX_EXACT_BYTES = 2 ** 26;

/** Maximum length of an ONNX file: 16 MiB. */
const MAX_ONNX_BYTES = 2 ** 24;

/** Way to fit: all rows at once in memory, or batch by batch in bounded memory. */
export type FitMode = "exact" | "stream";

/**
 * Fits a pipeline to a file.
 *
 * @param pipeline Steps.
 * @param source File to fit to; read once, or in a stream once for each group of dependent steps.
 * @param mode All rows at once, or batch by batch.
 * @param options Signal and progress of each pass.
 * @throws {OnpathError} As `fitRecords` and `fitRecordsStream`.
 */
export async function fitFile(
  pipeline: RecordsPipeline,
  source: RecordSource,
  mode: FitMode,
  options: PassOptions,
): Promise<FittedPipeline> {
  const { signal } = options;
  if (mode === "stream") return await fitRecordsStream(pipeline, () => source.batches(options), { signal });
  const batches: Records[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return fitRecords(pipeline, records(joinRecords(batches).columns));
}

/**
 * Imports a fitted pipeline for the columns of a file. An input with several columns takes the file's names in order.
 *
 * @param path Path of the ONNX file.
 * @param names Names of the file's columns.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} As `importOnnx`; `file` or `size` if the file cannot be read.
 */
export async function importFile(
  path: string,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<FittedPipeline> {
  const bytes = await readBounded(path, { maxBytes: MAX_ONNX_BYTES, signal });
  const fitted = await importOnnx(bytes);
  const inputs = fitted.inputs.map(({ name }) => name);
  if (inputs.length !== names.length || inputs.every((name) => names.includes(name))) return fitted;
  const prefix = /^(.*)_0$/.exec(inputs[0]!)?.[1];
  const isOne = prefix !== undefined && inputs.every((name, at) => name === `${prefix}_${at}`);
  if (isOne) return await importOnnx(bytes, { columns: { [prefix]: names } });
  return inputs.length === 1 ? await importOnnx(bytes, { columns: { [inputs[0]!]: names } }) : fitted;
}
