/**
 * Registry of workloads. To add one, add a folder in kernels/ and a line here.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import type { ImagePlan } from "./image/plan/plan.ts";
import { imageWorkload } from "./image/workload.ts";
import type { LookupPlan } from "./lookup/plan.ts";
import { lookupWorkload } from "./lookup/workload.ts";
import type { DequantizePlan, QuantizePlan } from "./quantize/plan.ts";
import { dequantizeWorkload, quantizeWorkload } from "./quantize/workload.ts";
import type { NormalizePlan } from "./text_normalize/plan.ts";
import { normalizeWorkload } from "./text_normalize/workload.ts";
import type { TokenizePlan } from "./tokenize/plan/plan.ts";
import { tokenizeWorkload } from "./tokenize/workload.ts";
import type { Workload } from "./workload.ts";

/** Plan of any workload in the registry. */
export type AnyPlan = ImagePlan | TokenizePlan | NormalizePlan | LookupPlan | QuantizePlan | DequantizePlan;

/** A workload of any types; a plan's name selects the right one. */
// deno-lint-ignore no-explicit-any -- workloads differ in all their types
export type AnyWorkload = Workload<any, any, any, any, any, any>;

/**
 * Every workload. The first one that has all steps of a pipeline compiles it.
 *
 * @example
 * ```ts
 * import { WORKLOADS } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * assert(WORKLOADS.some(({ name }) => name === "image"));
 * ```
 */
export const WORKLOADS: readonly AnyWorkload[] = [
  normalizeWorkload,
  tokenizeWorkload,
  imageWorkload,
  lookupWorkload,
  quantizeWorkload,
  dequantizeWorkload,
];

/**
 * Finds a workload by name.
 *
 * @param name Name as stored in plans.
 * @throws {OnpathError} `plan` if the registry does not contain it.
 *
 * @example
 * ```ts
 * import { findWorkload } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(findWorkload("tokenize").data, ["text", "tokens"]);
 * assert.throws(() => findWorkload("video"), /it is unknown, expected one of/);
 * ```
 */
export function findWorkload(name: string): AnyWorkload {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (found !== undefined) return found;
  const known = WORKLOADS.map((workload) => workload.name);
  throw new OnpathError(
    "plan",
    `Cannot use workload ${JSON.stringify(name)}: it is unknown, expected one of ${known.join(", ")}`,
    { name, known },
  );
}
