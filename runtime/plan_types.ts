/**
 * Types of inputs, results and resources, by plan type.
 *
 * @module
 */

import type { ImageBody } from "../kernels/image/plan/plan.ts";
import type { LookupBody, LookupResources } from "../kernels/lookup/plan.ts";
import type { Plan } from "../kernels/plan/plan.ts";
import type { QuantizedCache } from "../kernels/quantize/cache.ts";
import type { DequantizeOptions, QuantizeOptions } from "../kernels/quantize/flow.ts";
import type { CacheBody } from "../kernels/quantize/plan.ts";
import type { TextTokens } from "../kernels/tokenize/flows/text_pieces.ts";
import type { TokenizePlan } from "../kernels/tokenize/plan/plan.ts";
import type { TextOptions, TextResources } from "../kernels/tokenize/workload.ts";
import type { NormalizePlan } from "../kernels/text_normalize/plan.ts";
import type { Tensor } from "../serialize/tensor.ts";

/** Input of a plan; `any` for a workload that the registry does not list. */
export type InputOf<P extends Plan> = P extends Plan<"image"> | Plan<"lookup"> ? Tensor
  : P extends Plan<"quantize", CacheBody<infer D>> ? Tensor<D>
  : P extends Plan<"dequantize"> ? QuantizedCache
  : P extends TokenizePlan | NormalizePlan ? string | Uint8Array
  // deno-lint-ignore no-explicit-any -- a custom workload checks its own input
  : any;

/** Result of a plan; `any` for a workload that the registry does not list. */
export type OutputOf<P extends Plan> = P extends Plan<"image", ImageBody<infer D>> ? Tensor<D>
  : P extends Plan<"lookup", LookupBody<infer D>> ? Tensor<D>
  : P extends Plan<"quantize"> ? QuantizedCache
  : P extends Plan<"dequantize", CacheBody<infer D>> ? Tensor<D>
  : P extends TokenizePlan ? TextTokens
  : P extends NormalizePlan ? Uint8Array<ArrayBuffer>
  // deno-lint-ignore no-explicit-any -- as above
  : any;

/** Data that a plan names but does not hold; `void` if there is none. */
export type ResourcesOf<P extends Plan> = P extends TokenizePlan ? TextResources
  : P extends Plan<"lookup"> ? LookupResources
  : P extends Plan<"image"> | Plan<"quantize"> | Plan<"dequantize"> | NormalizePlan ? void
  // deno-lint-ignore no-explicit-any -- as above
  : any;

/** Options of a run that only the plan's workload has. */
export type OptionsOf<P extends Plan> = P extends TokenizePlan ? TextOptions
  : P extends Plan<"quantize"> ? QuantizeOptions
  : P extends Plan<"dequantize", CacheBody<infer D>> ? DequantizeOptions<D>
  : object;

/** Result of one `push` or `end` of a stream; `never` if inputs cannot grow. */
export type PartOf<P extends Plan> = P extends TokenizePlan ? Uint32Array
  : P extends NormalizePlan ? Uint8Array<ArrayBuffer>
  : never;
