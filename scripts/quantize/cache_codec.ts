/**
 * Layers of a cache through a device and back, one run for each layer.
 *
 * @module
 */

import { compile } from "../../kernels/compile.ts";
import type { QuantizedCache } from "../../kernels/quantize/cache.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { RunReport } from "../../runtime/run_report.ts";
import { Session } from "../../runtime/session.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Tensor } from "../../serialize/tensor.ts";

/** Encoded layer: codes and metadata of each head, one after the other. */
export type QuantizedLayer = Pick<QuantizedCache, "codes" | "metadata">;

/** Device and options of a codec. */
export interface CodecOptions {
  /** An open device. */
  readonly device: Device;
  /** Ends the work with its reason. */
  readonly signal: AbortSignal;
  /** Maximum wait for one exchange, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Called after each layer. */
  readonly onLayer: (report: RunReport) => void;
}

/**
 * Encodes layers.
 *
 * @param method Method of all layers.
 * @param layers Views with the axes `[1, blocks, heads, tokens, channels]`.
 * @param options Device, signal and progress.
 * @throws {OnpathError} As `compile`, `Session.open` and `run`; messages name the layer.
 */
export async function encodeLayers(
  method: QuantizeMethod,
  layers: readonly Tensor<FloatDType>[],
  { device, signal, timeoutMs, onLayer }: CodecOptions,
): Promise<QuantizedLayer[]> {
  const plan = compile({ steps: [{ op: "quantize", method }] }, { input: layers[0]!, device });
  const session = await Session.open(plan, device, undefined, { signal, timeoutMs });
  const encoded: QuantizedLayer[] = [];
  for (const [at, layer] of layers.entries()) {
    const { output, report } = await inLayer(at, () => session.run(layer, { signal, timeoutMs }));
    encoded.push({ codes: output.codes, metadata: output.metadata });
    onLayer(report);
  }
  return encoded;
}

/**
 * Decodes layers.
 *
 * @param method Method of the encoder.
 * @param layers Encoded layers.
 * @param into Receives the values of a layer: a view of the axes `[1, blocks, heads, tokens, channels]`.
 * @param options Device, signal and progress.
 * @param take Called with each view once its values are there.
 * @throws {OnpathError} As {@linkcode encodeLayers}.
 */
export async function decodeLayers(
  method: QuantizeMethod,
  layers: readonly QuantizedLayer[],
  into: (layer: number) => Tensor<FloatDType>,
  { device, signal, timeoutMs, onLayer }: CodecOptions,
  take: (decoded: Tensor<FloatDType>, layer: number) => void = () => {},
): Promise<void> {
  const { dtype, shape } = into(0);
  const plan = compile({ steps: [{ op: "dequantize", method, dtype }] }, { input: { shape }, device });
  const session = await Session.open(plan, device, undefined, { signal, timeoutMs });
  for (const [at, { codes, metadata }] of layers.entries()) {
    const cache = { method, shape: shape as unknown as CacheDimensions, codes, metadata };
    const { output, report } = await inLayer(
      at,
      () => session.run(cache, { signal, timeoutMs, into: into(at) }),
    );
    take(output, at);
    onLayer(report);
  }
}

/**
 * Views the codes and metadata of one head.
 *
 * @param layer Encoded layer.
 * @param head Index of the head.
 * @param heads Number of heads.
 */
export function headOf({ codes, metadata }: QuantizedLayer, head: number, heads: number): QuantizedLayer {
  const part = (bytes: Uint8Array<ArrayBuffer>) =>
    bytes.subarray(head * bytes.length / heads, (head + 1) * bytes.length / heads);
  return { codes: part(codes), metadata: part(metadata) };
}

/** Names the layer in errors: a run has one layer alone, so its own number is always 0. */
async function inLayer<T>(layer: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof OnpathError)) throw error;
    const message = error.message.replace(/\blayer 0\b/, `layer ${layer}`);
    throw new OnpathError(error.code, message, { ...error.details, layer }, { cause: error });
  }
}
