/**
 * Types of inputs, results and resources, by the plan that they belong to.
 *
 * @module
 */

import type { ImageBody } from "../kernels/image/plan/plan.ts";
import type { Plan } from "../kernels/plan/plan.ts";
import type { TextTokens } from "../kernels/tokenize/flows/text_pieces.ts";
import type { TokenizePlan } from "../kernels/tokenize/plan/plan.ts";
import type { TextOptions, TextResources } from "../kernels/tokenize/workload.ts";
import type { NormalizePlan } from "../kernels/text_normalize/plan.ts";
import type { Tensor } from "../serialize/tensor.ts";

/** Input of a plan. Of a workload that the registry does not list, anything. */
export type InputOf<P extends Plan> = P extends Plan<"image"> ? Tensor
  : P extends TokenizePlan | NormalizePlan ? string | Uint8Array
  // deno-lint-ignore no-explicit-any -- the caller's own workload knows
  : any;

/** Result of a plan. */
export type OutputOf<P extends Plan> = P extends Plan<"image", ImageBody<infer D>> ? Tensor<D>
  : P extends TokenizePlan ? TextTokens
  : P extends NormalizePlan ? Uint8Array<ArrayBuffer>
  // deno-lint-ignore no-explicit-any -- as above
  : any;

/** Data that a plan names but does not hold. */
export type ResourcesOf<P extends Plan> = P extends TokenizePlan ? TextResources
  : P extends Plan<"image"> | NormalizePlan ? void
  // deno-lint-ignore no-explicit-any -- as above
  : any;

/** Options of a run, beyond those of all workloads. */
export type OptionsOf<P extends Plan> = P extends TokenizePlan ? TextOptions : object;

/** Result of one step of a stream. */
export type PartOf<P extends Plan> = P extends TokenizePlan ? Uint32Array
  : P extends NormalizePlan ? Uint8Array<ArrayBuffer>
  : never;
