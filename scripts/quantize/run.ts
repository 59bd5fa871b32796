/**
 * Runs of whole caches: there with a report, or back.
 *
 * @module
 */

import { type Tensor, zeros } from "../../serialize/tensor.ts";
import type { Progress } from "../../serialize/flow.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { RunReport } from "../../runtime/run_report.ts";
import { type Cache, emptyCache } from "./cache.ts";
import { decodeLayers, encodeLayers } from "./cache_codec.ts";
import { type PartReport, startReport } from "./cache_report.ts";
import type { QuantizedFile, QuantizedPart } from "./quantized_file.ts";
import type { QuerySource } from "./queries.ts";

/** Options of a run. */
export interface CacheRunOptions {
  /** An open device. */
  readonly device: Device;
  /** Maximum wait for one exchange with it, in milliseconds. */
  readonly timeoutMs?: number | undefined;
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

/** Work of a device. */
export interface DeviceWork {
  /** Packets sent. */
  packets: number;
  /** Counted cycles; null if the device counts none. */
  cycles: number | null;
}

/** Quantized cache with its report. */
export interface QuantizeRun {
  /** Codes and metadata of all parts. */
  readonly file: QuantizedFile;
  /** Report of each part. */
  readonly reports: readonly PartReport[];
  /** Packets and cycles of both directions. */
  readonly work: Readonly<Record<"quantize" | "dequantize", DeviceWork>>;
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
  const step = countSteps(2 * cache.parts.length * cache.sizes.layers, options);
  const times = { quantize: 0, dequantize: 0, report: 0 };
  const quantized = followWork(options.device, step);
  const parts: QuantizedPart[] = [];
  let begun = performance.now();
  for (const [at, { part, layers }] of cache.parts.entries()) {
    const encoded = await encodeLayers(methods[at]!, layers, { ...options, onLayer: quantized.onLayer });
    parts.push({ part, method: methods[at]!, layers: encoded });
  }
  times.quantize = performance.now() - begun;
  const { onLayer, work } = followWork(options.device, step);
  const report = startReport(cache, methods, options.queries, options.limit);
  for (const [at, { method, layers }] of parts.entries()) {
    begun = performance.now();
    const { dtype, parts: views } = cache, { shape } = views[at]!.layers[0]!, before = times.report;
    await decodeLayers(
      method,
      layers,
      () => zeros({ dtype, shape }),
      { ...options, onLayer },
      (decoded, layer) => {
        const compared = performance.now();
        report.add(at, layer, layers[layer]!, decoded);
        times.report += performance.now() - compared;
      },
    );
    times.dequantize += performance.now() - begun - (times.report - before);
  }
  const { dtype, layout, content, sizes, names } = cache;
  const file = { shape: { dtype, layout, content, sizes, names }, parts };
  return { file, reports: report.finish(), work: { quantize: quantized.work, dequantize: work }, times };
}

/**
 * Takes a quantized cache back to its tensors.
 *
 * @param file Quantized cache.
 * @param options Signal and progress.
 * @returns Tensors by name, as they were before, and the device's work.
 */
export async function dequantizeCache(
  { shape, parts }: QuantizedFile,
  options: CacheRunOptions,
): Promise<{ readonly tensors: Map<string, Tensor<FloatDType>>; readonly work: DeviceWork }> {
  const step = countSteps(parts.length * shape.sizes.layers, options);
  const { onLayer, work } = followWork(options.device, step);
  const { cache, tensors } = emptyCache(shape);
  for (const [at, { method, layers }] of parts.entries()) {
    const views = cache.parts[at]!.layers;
    await decodeLayers(method, layers, (layer) => views[layer]!, { ...options, onLayer });
  }
  return { tensors, work };
}

/** Adds up the work of runs; a device's own counters begin when it is opened. */
function followWork(
  device: Device,
  step: () => void,
): { readonly work: DeviceWork; readonly onLayer: (report: RunReport) => void } {
  const { cycles: before } = device.counters();
  const work: DeviceWork = { packets: 0, cycles: null };
  const onLayer = ({ sent, counters: { cycles } }: RunReport) => {
    work.packets += sent;
    // The model of a kernel without a cycle model adds none.
    if (cycles !== null && cycles > (before ?? 0)) work.cycles = cycles - (before ?? 0);
    step();
  };
  return { work, onLayer };
}

function countSteps(total: number, { onProgress }: CacheRunOptions): () => void {
  let done = 0;
  onProgress({ done, total });
  return () => onProgress({ done: ++done, total });
}
