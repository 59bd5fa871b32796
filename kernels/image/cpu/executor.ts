/**
 * Executor of an image plan on the host: whole images at once, without packets, in WebAssembly SIMD.
 * See `docs/cpu.md`.
 *
 * @module
 */

import { DTYPE_BYTES, viewElements } from "../../../serialize/dtype.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { imageAxes } from "../../../serialize/image_axes.ts";
import { countElements, type Tensor, tensor } from "../../../serialize/tensor.ts";
import { KERNELS } from "../kernels.ts";
import { checkPlanInput, planSamples } from "../plan/input.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { findForm } from "../resize/forms.ts";
import { type ImageRunner, prepareRunner } from "./runner.ts";

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
 * Creates the executor of a plan. Its outputs equal those of every device bit for bit.
 *
 * @param plan Compiled plan.
 * @returns Executor; undefined if the plan is not exact: a form of tables with an error defines its output, so
 * packets must pass the model.
 * @throws {OnpathError} `size` when it would need more than 1 GiB of memory.
 *
 * @example
 * ```ts
 * import { compile, tensor } from "onpath";
 * import { createImageExecutor } from "./executor.ts";
 * import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(Uint8Array.of(0, 100, 200, 100), { dtype: "u8", shape: [2, 2, 1], layout: "HWC" });
 * const plan = compile({ steps: [{ op: "resize", size: [1, 1] }] }, { input: image, device: MODEL_PROFILE });
 * assert.deepEqual([...createImageExecutor(plan)!.run(image).data], [100]);
 * ```
 */
export function createImageExecutor(plan: ImagePlan): ImageExecutor | undefined {
  if (!isExact(plan)) return undefined;
  const runner: ImageRunner = prepareRunner(plan);
  const { dtype, shape, layout } = plan.body.output;
  const count = countElements(shape);
  const bytes = count * DTYPE_BYTES[dtype];
  return {
    memoryBytes: runner.memoryBytes,
    run: (input, target) => {
      checkPlanInput(plan, input);
      const samples = planSamples(plan, input);
      const to = target ?? new Uint8Array(bytes);
      if (to.length !== bytes || to.byteOffset % DTYPE_BYTES[dtype] !== 0) {
        throw new OnpathError(
          "size",
          `Cannot write the output of plan ${plan.id} to ${to.length} bytes at offset ${to.byteOffset}: ` +
            `expected ${bytes} bytes, aligned to ${DTYPE_BYTES[dtype]}`,
          { expected: bytes, found: to.length, offset: to.byteOffset },
        );
      }
      runner.run(samples, imageAxes(samples), to);
      return tensor(viewElements(dtype, to.buffer as ArrayBuffer, to.byteOffset, count), {
        dtype,
        shape,
        layout,
      });
    },
  };
}

/** Whether all tables of a plan are exact. */
function isExact(plan: ImagePlan): boolean {
  return plan.body.stages.every(({ kernel, params, form }) =>
    findForm(KERNELS[kernel]!.forms(params), form).levels === 0
  );
}
