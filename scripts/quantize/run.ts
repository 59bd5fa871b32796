/**
 * Runs of whole caches: there with a report, or back.
 *
 * @module
 */

import type { Tensor } from "../../serialize/tensor.ts";
import type { Progress } from "../../serialize/flow.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import { type Cache, emptyCache } from "./cache.ts";
import { decodeLayers, encodeLayers } from "./cache_codec.ts";
import { type PartReport, startReport } from "./cache_report.ts";
import { placeLayer } from "./head_values.ts";
import type { QuantizedFile, QuantizedPart } from "./quantized_file.ts";
import type { QuerySource } from "./queries.ts";

/** Options of a run. */
export interface CacheRunOptions {
  /** Ends the run with its reason. */
  readonly signal: AbortSignal;
  /** Called after every layer of a part. */
  readonly onProgress: (progress: Progress) => void;
}

/** Options of a run with a report. */
export interface QuantizeRunOptions extends CacheRunOptions {
  /** Queries of the report. */
  readonly queries: QuerySource;
  /** Share of saturated values above which a head has a warning. */
  readonly limit: number;
}

/** Quantized cache with its report. */
export interface QuantizeRun {
  /** Codes and metadata of all parts. */
  readonly file: QuantizedFile;
  /** Report of each part. */
  readonly reports: readonly PartReport[];
  /** Milliseconds of each step. */
  readonly times: Readonly<Record<"quantize" | "dequantize" | "report", number>>;
}

/**
 * Quantizes a cache, takes it back, and compares.
 *
 * @param cache Cache to quantize.
 * @param methods Method of each part.
 * @param options Queries, limit, signal and progress.
 */
export async function quantizeCache(
  cache: Cache,
  methods: readonly QuantizeMethod[],
  options: QuantizeRunOptions,
): Promise<QuantizeRun> {
  const { signal } = options;
  const onLayer = countSteps(2 * cache.parts.length * cache.sizes.layers, options);
  const times = { quantize: 0, dequantize: 0, report: 0 };
  const parts: QuantizedPart[] = [];
  let begun = performance.now();
  for (const [at, { part, layers }] of cache.parts.entries()) {
    const encoded = await encodeLayers(methods[at]!, layers, { signal, onLayer });
    parts.push({ part, method: methods[at]!, layers: encoded });
  }
  times.quantize = performance.now() - begun;
  const report = startReport(cache, methods, options.queries, options.limit);
  for (const [at, { method, layers }] of parts.entries()) {
    begun = performance.now();
    const shape = cache.parts[at]!.layers[0]!.shape, before = times.report;
    await decodeLayers(method, cache.dtype, shape, layers, { signal, onLayer }, (decoded, layer) => {
      const compared = performance.now();
      report.add(at, layer, layers[layer]!, decoded);
      times.report += performance.now() - compared;
    });
    times.dequantize += performance.now() - begun - (times.report - before);
  }
  const { dtype, layout, content, sizes, names } = cache;
  return {
    file: { shape: { dtype, layout, content, sizes, names }, parts },
    reports: report.finish(),
    times,
  };
}

/**
 * Takes a quantized cache back to its tensors.
 *
 * @param file Quantized cache.
 * @param options Signal and progress.
 * @returns Tensors by name, as they were before.
 */
export async function dequantizeCache(
  { shape, parts }: QuantizedFile,
  options: CacheRunOptions,
): Promise<Map<string, Tensor<FloatDType>>> {
  const { signal } = options;
  const onLayer = countSteps(parts.length * shape.sizes.layers, options);
  const { cache, tensors } = emptyCache(shape);
  for (const [at, { method, layers }] of parts.entries()) {
    const views = cache.parts[at]!.layers;
    await decodeLayers(
      method,
      shape.dtype,
      views[0]!.shape,
      layers,
      { signal, onLayer },
      (decoded, layer) => {
        placeLayer(decoded, views[layer]!);
      },
    );
  }
  return tensors;
}

function countSteps(total: number, { onProgress }: CacheRunOptions): () => void {
  let done = 0;
  onProgress({ done, total });
  return () => onProgress({ done: ++done, total });
}
