/**
 * Executor of an image plan on the host: whole images at once, without packets.
 *
 * @module
 */

import type { Tensor } from "../../../serialize/tensor.ts";
import { toBytes, toDense } from "../../../serialize/tensor.ts";
import { checkPlanInput } from "../plan/input.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { referencePipeline } from "../reference.ts";

/** Runs whole images of one plan at once, without packets. Holds memory; not reentrant: calls are synchronous. */
export interface ImageExecutor {
  /**
   * Computes one input of the plan into a fresh tensor, or into `target`: the bytes of the whole output, dense
   * in the plan's output layout.
   */
  readonly run: (input: Tensor, target?: Uint8Array) => Tensor;
  /** Bytes of WebAssembly memory held. */
  readonly memoryBytes: number;
}

/**
 * Creates the executor of a plan.
 *
 * @param plan Compiled plan.
 */
export function createImageExecutor(plan: ImagePlan): ImageExecutor | undefined {
  if (plan.body.stages.some(({ form }) => form === "universal")) return undefined;
  return {
    memoryBytes: 0,
    run: (input, target) => {
      checkPlanInput(plan, input);
      const output = toDense(referencePipeline(plan.body.pipeline, input));
      target?.set(toBytes(output));
      return output;
    },
  };
}
