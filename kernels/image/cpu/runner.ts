/**
 * Run of one plan: loads blocks of rows, samples rows of levels, and converts them in bands of the output.
 *
 * @module
 */

import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import type { ImageAxes } from "../../../serialize/image_axes.ts";
import { checkChannels } from "../../../serialize/sampling.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import type { NormalizeParams } from "../normalize/spec.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { createBand } from "./band.ts";
import { createArena } from "./module.ts";
import { prepareSampling } from "./sampling.ts";

/** Computes images of one plan. */
export interface ImageRunner {
  /** Bytes of WebAssembly memory. */
  readonly memoryBytes: number;
  /** Computes all images of an input into the bytes of the output. */
  readonly run: (input: Tensor, axes: ImageAxes, target: Uint8Array) => void;
}

/** Prepares tables and memory of a plan. */
export function prepareRunner(plan: ImagePlan): ImageRunner {
  const { geometry, input, output, stages } = plan.body;
  const length = (axis: string) => input.shape[input.layout.indexOf(axis)] ?? 1;
  const channels = checkChannels(length("C"));
  const images = input.layout.includes("N") ? length("N") : 1;
  const arena = createArena();
  const { sampler, source, width, height, rows, columns } = prepareSampling(arena, geometry, {
    height: length("H"),
    width: length("W"),
    channels,
  });
  const normalize = stages.find(({ kernel }) => kernel === "normalize")?.params as
    | NormalizeParams
    | undefined;
  const band = createBand(arena, {
    height,
    width,
    channels,
    elementBytes: DTYPE_BYTES[output.dtype],
    normalize,
    isSamplerPlanar: sampler.isPlanar,
    columns,
    fill: geometry.fill,
  });
  const memory = arena.build();
  const load = source.connect(memory);
  const { take, give } = sampler.connect(memory);
  const { start, fillRows, write, flush } = band.connect(memory);
  return {
    memoryBytes: memory.bytes.length,
    run: (tensor, axes, target) => {
      for (let image = 0; image < images; image++) {
        start(target, image);
        fillRows(rows.start);
        for (const { row, rows: count, output: first, outputs } of sampler.blocks) {
          const loaded = load(tensor, axes, image, row, count);
          take?.(loaded, count);
          for (let o = first; o < first + outputs; o++) write(give, o, loaded);
        }
        fillRows(height - rows.end);
        flush();
      }
    },
  };
}
