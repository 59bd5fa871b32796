import assert from "node:assert/strict";
import fc from "fast-check";
import { compile } from "../../kernels/compile.ts";
import { createImageExecutor } from "../../kernels/image/cpu/executor.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { asWindow } from "../support/images.ts";
import { sized } from "../support/long.ts";
import { anyCase, sameTensor } from "../runtime/helpers.ts";

Deno.test("createImageExecutor() gives the reference's bits for random images and pipelines", () => {
  let computed = 0;
  fc.assert(
    fc.property(anyCase, fc.boolean(), fc.nat(), ({ image, pipeline }, isWindow, seed) => {
      const plan = compile(pipeline, { input: image, device: MODEL_PROFILE });
      const executor = createImageExecutor(plan);
      assert(executor !== undefined);
      computed++;
      const input = isWindow ? asWindow(image, seed) : image;
      const expected = referencePipeline(pipeline, image);
      sameTensor(executor.run(input), expected, "first run");
      sameTensor(executor.run(input), expected, "second run");
    }),
    { numRuns: sized(3000, 300), seed: 20260115 },
  );
  assert(computed > 0);
});
