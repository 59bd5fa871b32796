/**
 * Descriptions of the names in a plan, in plain words.
 *
 * @module
 */

import type { FormChoice } from "../../kernels/image/plan/choose_form.ts";
import type { LayoutChoice } from "../../kernels/image/plan/layouts.ts";
import { CPU_PROFILE } from "../../runtime/device/cpu/device.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { count } from "./text.ts";

/** Description of each layout, one sentence. */
const LAYOUT_WORDS: Readonly<Record<LayoutChoice["name"], string>> = {
  samples: "Bare samples: no step needs neighbours, so each output is one pixel of the input.",
  cells: "For each output, the four pixels around its position and the index of its weights.",
  tiles:
    "For each output, the four pixels around its position; the device derives the weights from the position.",
  grid: "Only the rows and columns that some output needs; the device gathers the four pixels.",
  rows: "Only the rows that some output needs, complete.",
  image: "The whole image, row by row.",
};

/** Description of each form of tables, one sentence. */
export const FORM_WORDS: Readonly<Record<FormChoice["form"], string>> = {
  distinct: "All products of a distinct weight and a pixel's value: one lookup a neighbour.",
  nibble: "The same products for half a pixel's bits: tables 16 times smaller, two lookups in place of one.",
  "two-pass": "Columns first, then rows: the tables grow with height plus width, not with their product.",
  "row-pages": "Only the table of the current row phase is on chip, while the next page loads.",
  universal:
    "Weights rounded to 1/256: one small table serves every size, with a difference of up to one level.",
  positions: "The paper's own tables, one for each output position: the baseline, for comparison only.",
  multiply: "The weights alone, with a multiplier each: for devices with free multipliers.",
  products: "The library's own fixed-point products, so that the result is equal bit for bit.",
  levels: "One entry for each of the 256 values of a pixel.",
};

/** Describes the chosen layout. */
export function layoutText({ body: { layout, geometry } }: ImagePlan): string {
  return geometry.sampling?.kernel === "resample"
    ? "Whole rows, one after another: the antialiasing filter reads all of them, and the device buffers the " +
      "filtered rows of one output row."
    : LAYOUT_WORDS[layout.name];
}

/** Reason for taking or rejecting a layout. */
export function layoutVerdict(
  { verdict }: LayoutChoice,
  { body: { options, layouts, pages } }: ImagePlan,
): string {
  switch (verdict) {
    case "chosen":
      return layouts.length === 1
        ? "chosen: the only one"
        : options.layout !== null
        ? "chosen: requested"
        : pages !== null
        ? "chosen: the fastest with pages"
        : "chosen: the fastest";
    case "slower":
      return "slower";
    case "not asked for":
      return "not requested";
    case "pages need cells or tiles":
      return "cannot group rows by page";
  }
}

/** Reason for taking or rejecting a form. */
export function formVerdict(
  { verdict, levels }: FormChoice,
  { form, tolerance }: ImagePlan["body"]["options"],
): string {
  switch (verdict) {
    case "chosen":
      return form === null ? "chosen: the fewest blocks" : "chosen: requested";
    case "larger":
      return "takes more blocks";
    case "tolerance":
      return `up to ${levels} off, ${tolerance} allowed`;
    case "does not fit":
      return "does not fit on chip";
    case "not built":
      return "the device has no such tables";
    case "swaps":
      return "not needed: others need no swaps";
    case "not asked for":
      return "not requested";
    case "baseline":
      return "baseline, never built";
  }
}

/** Summarises the pipeline: `resize (exact), normalize (f16, CHW)`. */
export function stepsText({ body: { pipeline } }: ImagePlan): string {
  const steps = pipeline.steps.map((step) => {
    const name = step.op.replaceAll("_", " ");
    if (step.op === "resize") return `${name} (${step.match})`;
    if (step.op === "normalize") return `${name} (${step.dtype}, ${step.layout})`;
    return name;
  });
  return steps.join(", ") || "no step";
}

/** Summarises the device: its kind, if its summary begins with that, or its name. */
export function deviceText({ target: { name, summary } }: ImagePlan): string {
  if (name === MODEL_PROFILE.name) return "the model device";
  if (name === CPU_PROFILE.name) return "the cpu device";
  const kind = /^Alveo \w+/.exec(summary)?.[0];
  return kind === undefined ? `device ${name}` : `an ${kind}${name === "vnx" ? " under VNx" : ""}`;
}

/** Summarises the plan in one line. */
export function headline(plan: ImagePlan): string {
  const length = (shape: readonly number[], layout: string, axis: string) => shape[layout.indexOf(axis)]!;
  const size = ({ shape, layout }: { readonly shape: readonly number[]; readonly layout: string }) =>
    `${length(shape, layout, "H")} x ${length(shape, layout, "W")}`;
  const { images } = plan.body.layout.cut;
  const what = images === 1
    ? `${size(plan.body.input)} image`
    : `${count(images)} images of ${size(plan.body.input)}`;
  return `${what} → ${size(plan.body.output)}: ${stepsText(plan)}, on ${deviceText(plan)}`;
}

/** Describes the accuracy of the result, one sentence for each stage. */
export function boundTexts({ body: { bounds } }: ImagePlan): string[] {
  return bounds.map(({ kernel, versus, levels, because }) =>
    levels === 0
      ? `${kernel}: equals ${versus}, because ${because}.`
      : `${kernel}: at most ${count(levels, 3)} level${
        levels === 1 ? "" : "s"
      } off ${versus}, because ${because}.`
  );
}
