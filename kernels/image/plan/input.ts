/**
 * Input of a plan: its check, and its channels on the way to the device.
 *
 * @module
 */

import { checkElements } from "../../../serialize/dtype.ts";
import { imageAxes } from "../../../serialize/image_axes.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { requireElements } from "../../../serialize/require.ts";
import { toRgbReference } from "../channels/to_rgb.ts";
import type { ImagePlan } from "./plan.ts";

/**
 * Refuses an input of another type or shape than the plan's. The axis order may differ.
 *
 * @throws {OnpathError} `dtype` or `shape`, with the expected and the actual value.
 */
export function checkPlanInput(plan: ImagePlan, input: Tensor): void {
  const wanted = plan.body.input;
  const { data, shape, strides } = Object(input) as Partial<Tensor>;
  if (!ArrayBuffer.isView(data) || !Array.isArray(shape) || !Array.isArray(strides)) {
    throw new OnpathError(
      "dtype",
      `Cannot run plan ${plan.id}: its input is ${kindOf(input)} and no tensor, expected what tensor() makes`,
      { plan: plan.id, found: kindOf(input) },
    );
  }
  if (input.dtype !== wanted.dtype) {
    throw new OnpathError(
      "dtype",
      `Cannot run plan ${plan.id} on dtype ${
        typeof input.dtype === "string" ? input.dtype : kindOf(input.dtype)
      }: expected ${wanted.dtype}`,
      {
        expected: wanted.dtype,
        found: input.dtype,
      },
    );
  }
  checkElements(wanted.dtype, data);
  requireElements(`run plan ${plan.id} on`, input);
  const found = imageAxes(input);
  for (
    const [name, letter] of [["images", "N"], ["height", "H"], ["width", "W"], ["channels", "C"]] as const
  ) {
    const axis = wanted.layout.indexOf(letter);
    const expected = axis < 0 ? 1 : wanted.shape[axis]!;
    if (found[name] !== expected) {
      throw new OnpathError(
        "shape",
        `Cannot run plan ${plan.id} on shape [${
          input.shape.join(", ")
        }] (${input.layout}): it was compiled for ` +
          `[${wanted.shape.join(", ")}] (${wanted.layout})`,
        { axis: name, expected, found: found[name] },
      );
    }
  }
}

/**
 * Samples that a plan serializes: those of the input, as three channels after a step `to_rgb`.
 *
 * @param plan Compiled plan.
 * @param input Image, already checked against the plan.
 * @returns The input, a view of it, or a copy if alpha is blended.
 */
export function planSamples(plan: ImagePlan, input: Tensor): Tensor {
  const [step] = plan.body.pipeline.steps;
  return step?.op === "to_rgb" ? toRgbReference(input, step.alpha) : input;
}
