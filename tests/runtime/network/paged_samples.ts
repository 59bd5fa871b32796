/**
 * Images whose table pages are swapped, on devices with many and few slots.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { noise } from "../../support/images.ts";
import { sameTensor } from "../helpers.ts";
import type { WorkloadSample } from "../workload_samples.ts";

const PIPELINE = { steps: [{ op: "resize", size: [23, 19] }] } as const;

/** A card whose page memory holds a few pages, and which loses its pages after 60 epochs. */
const SMALL: DeviceProfile = { ...MODEL_PROFILE, bram: 60, uram: 0, usable: 1, instances: 1, epochs: 60 };

/** Images of a layout for a device. */
export function pagedSample(name: string, layout: "cells" | "tiles", profile: DeviceProfile): WorkloadSample {
  const inputs = [1, 2, 3].map((seed) => noise(2, 31, 41, 3, seed));
  return {
    name: `image (${layout} with pages, ${name})`,
    compile: () => compile(PIPELINE, { input: inputs[0]!, device: profile, form: "row-pages", layout }),
    inputs,
    check: (input, output) => sameTensor(output as Tensor, referencePipeline(PIPELINE, input as Tensor)),
  };
}

/** Images whose pages are swapped, on devices with many and few slots. */
export const PAGED_SAMPLES: readonly WorkloadSample[] = [
  pagedSample("many slots", "cells", MODEL_PROFILE),
  pagedSample("few slots", "tiles", SMALL),
];
