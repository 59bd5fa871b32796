/**
 * Remap kernel: converts cells to samples. The weights do not depend on matrix, image and size, so one set of
 * tables serves all remaps.
 *
 * @module
 */

import type { Bound, Kernel, TableForm } from "../kernel.ts";
import { weightForms } from "../resize/forms.ts";
import { cellStage, withForm } from "../resize/model.ts";
import type { AxisWeights } from "../resize/positions.ts";
import { productModel } from "../resize/product_models.ts";
import { POSITION_STEPS } from "./positions.ts";
import { type RemapParams, remapParams } from "./spec.ts";

/** Rotation, affine and perspective warps with table lookups. */
export const remapKernel: Kernel<RemapParams> = {
  name: "remap",
  summary: "four-neighbour bilinear sampling of cells at any positions, to 1/32 sample",
  params: remapParams,
  forms: () => remapForms(),
  bound: (_params, form) => withForm(BOUND, form),
  prepare: (_params, input, form) =>
    cellStage("remap", input, (channels) => ({
      process: productModel(form, remapAxis(), remapAxis(), channels, false),
    })),
};

const BOUND: Bound = {
  versus: "OpenCV 4.6 warpAffine, warpPerspective and remap, INTER_LINEAR, 8 bits",
  levels: 1,
  because: "the positions and the weights over 32 * 32 are OpenCV's own and the sum is exact; " +
    "no difference is known on x86-64, other processors convert extreme positions otherwise",
};

/** Neighbours arrive in any order. So only forms that are indexed by pairs and never swapped are suitable. */
function remapForms(): TableForm[] {
  return weightForms(remapAxis(), remapAxis()).filter(({ index }) => index === "pairs");
}

/**
 * Returns the weights of one axis of a remap: pair k is (32 − k, k) over 32.
 *
 * @returns 32 pairs without indexes. The sampling map holds the neighbours of every sample.
 */
export function remapAxis(): AxisWeights {
  return {
    low: new Int32Array(0),
    high: new Int32Array(0),
    phase: new Uint16Array(0),
    pairs: Array.from({ length: POSITION_STEPS }, (_, k) => [POSITION_STEPS - k, k] as const),
    denominator: POSITION_STEPS,
  };
}
