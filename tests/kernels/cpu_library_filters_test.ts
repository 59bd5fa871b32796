import fc from "fast-check";
import { compile } from "../../kernels/compile.ts";
import { createImageExecutor } from "../../kernels/image/cpu/executor.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { sameTensor } from "../runtime/helpers.ts";
import { inLayout, noise } from "../support/images.ts";
import { sized } from "../support/long.ts";

const FILTERS = [
  ...(["nearest", "bilinear", "bicubic", "area", "lanczos4"] as const).map((filter) => (
    { match: "opencv", filter } as const
  )),
  ...(["bilinear", "bicubic"] as const).flatMap((filter) => [
    { match: "torchvision", filter, antialias: true } as const,
    { match: "torchvision", filter } as const,
  ]),
];

Deno.test("createImageExecutor() gives the reference's bits for filters of OpenCV and torchvision, and for to_rgb", () => {
  const length = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(
      fc.tuple(length, length, length, length),
      fc.constantFrom(...FILTERS),
      fc.constantFrom(1, 3, 4),
      fc.constantFrom(undefined, "drop" as const, [10, 20, 30] as const),
      fc.constantFrom("HWC" as const, "CHW" as const),
      fc.constantFrom("0-1" as const, "0-255" as const, 1 / 127.5),
      fc.nat(),
      ([height, width, rows, columns], filter, channels, alpha, layout, factor, seed) => {
        const image = inLayout(noise(1, height, width, channels, seed), layout);
        const pipeline = {
          steps: [
            ...(alpha === undefined ? [] : [{ op: "to_rgb", alpha }]),
            { op: "resize", size: [rows, columns], ...filter },
            ...(typeof factor === "number" ? [{ op: "rescale", factor }] : []),
            { op: "normalize", range: typeof factor === "number" ? "0-255" : factor, layout: "CHW" },
          ],
        } as ImagePipeline;
        const plan = compile(pipeline, { input: image, device: MODEL_PROFILE });
        sameTensor(createImageExecutor(plan)!.run(image), referencePipeline(pipeline, image));
      },
    ),
    { numRuns: sized(2000, 300), seed: 20260119 },
  );
});
