/**
 * Cost of the same pipeline at other batch sizes.
 *
 * @module
 */

import { compile } from "../../kernels/compile.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";

/** Default batch sizes, in images. */
export const BATCHES: readonly number[] = [1, 16, 64];

/** Maximum packets of a flow to schedule: a few seconds of work. */
const MAX_PACKETS = 4_000_000;

/** Cost of a batch, or the reason why it is unknown. Plain data. */
export type BatchCost =
  | { readonly images: number; readonly plan: ImagePlan }
  | { readonly images: number; readonly plan: null; readonly because: string };

/**
 * Compiles a plan's pipeline again for other batch sizes.
 *
 * @param plan Plan whose options are reused.
 * @param batches Numbers of images.
 */
export function costBatches(plan: ImagePlan, batches: readonly number[]): BatchCost[] {
  const { target: device, body: { input, layout, options } } = plan;
  const inner = input.layout.replace("N", "") as "HWC" | "CHW";
  const shape = input.shape.filter((_, at) => input.layout[at] !== "N");
  return batches.map((images): BatchCost => {
    if (images === layout.cut.images) return { images, plan };
    if (images * layout.cut.packets / layout.cut.images > MAX_PACKETS) {
      return { images, plan: null, because: "too many packets to schedule for a report" };
    }
    try {
      return {
        images,
        plan: compile(plan.body.pipeline, {
          input: { dtype: input.dtype, shape: [images, ...shape], layout: `N${inner}` },
          device,
          checksum: layout.checksum,
          tolerance: options.tolerance,
          form: options.form ?? undefined,
          layout: options.layout ?? undefined,
        }),
      };
    } catch (error) {
      if (!(error instanceof OnpathError)) throw error;
      return { images, plan: null, because: error.message };
    }
  });
}
