import assert from "node:assert/strict";
import fc from "fast-check";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import { offload } from "../../runtime/offload.ts";
import { requestsFor } from "../../kernels/image/plan/rows.ts";
import { imageWorkload } from "../../kernels/image/workload.ts";
import { LAYOUTS } from "../../serialize/tensor.ts";
import { asWindow, inLayout } from "../support/images.ts";
import { faultyDevice, keepAnswers } from "./faulty_device.ts";
import { anyCase, sameTensor, test } from "./helpers.ts";

test("offload() gives what the reference gives, for random images and pipelines in random layouts", async () => {
  await using device = createModelDevice();
  const layouts = fc.constantFrom(...LAYOUTS);
  await fc.assert(
    fc.asyncProperty(
      anyCase,
      layouts,
      fc.boolean(),
      fc.nat(),
      async ({ image, pipeline }, layout, window, seed) => {
        const plan = compile(pipeline, { input: image, device });
        const single = !image.layout!.startsWith("N") || image.shape[0] === 1;
        const turned = single || layout.startsWith("N") ? inLayout(image, layout) : image;
        const input = window ? asWindow(turned, seed) : turned;
        const { output } = await offload(plan, input, device);
        sameTensor(output, referencePipeline(pipeline, image));
      },
    ),
    { numRuns: 200, seed: 20260110 },
  );
});

test("offload() gives the same for a plan that was written and read", async () => {
  await using device = createModelDevice();
  await fc.assert(
    fc.asyncProperty(
      anyCase,
      fc.constantFrom("crc32c" as const, "link" as const),
      async ({ image, pipeline }, checksum) => {
        const plan = decodePlan(
          encodePlan(compile(pipeline, { input: image, device, checksum })),
          imageWorkload,
        );
        sameTensor((await offload(plan, image, device)).output, referencePipeline(pipeline, image));
      },
    ),
    { numRuns: 50, seed: 20260111 },
  );
});

test("offload() gives the same over a device that loses packets", async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, fc.integer({ min: 2, max: 5 }), async ({ image, pipeline }, every) => {
      const lost: [number, number][] = [];
      await using device = faultyDevice(async ({ number, exchange, answer }) =>
        keepAnswers(exchange.output, await answer(), (sequence) => {
          if (number > 0 || sequence % every !== 0) return true;
          lost.push([sequence, sequence]);
          return false;
        })
      );
      const plan = compile(pipeline, { input: image, device });
      const { output, report } = await offload(plan, image, device);
      sameTensor(output, referencePipeline(pipeline, image));
      assert(lost.length > 0);
      // Where rows are sent, all that an answer needs goes again, and no packet twice.
      const again = requestsFor(plan, lost.sort(([a], [b]) => a - b));
      assert.equal(report.resent, again.reduce((sum, [first, last]) => sum + last - first + 1, 0));
    }),
    { numRuns: 50, seed: 20260112 },
  );
});
