/**
 * The part of the device suite about results: every output equals the reference bit for bit.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import type { Device } from "../../runtime/device/device.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { KIND } from "../../serialize/header.ts";
import type { Layout, Tensor } from "../../serialize/tensor.ts";
import { inLayout, noise } from "../support/images.ts";
import { readPhoto } from "../support/photos.ts";
import { LIBRARY_RESIZES } from "../support/resample.ts";
import { MATCHES, type Register, type SuiteOptions } from "./suite_types.ts";
import { anyCase, sameTensor } from "./helpers.ts";

const IMAGENET: ImagePipeline["steps"][number] = {
  op: "normalize",
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  range: "0-1",
  dtype: "f16",
  layout: "CHW",
};

const GEOMETRY: Readonly<Record<string, ImagePipeline["steps"]>> = {
  crop: [{ op: "crop", top: 1, left: 2, height: 9, width: 11 }],
  center_crop: [{ op: "center_crop", size: [8, 10] }],
  pad: [{ op: "pad", top: 1, left: 2, bottom: 3, right: 4, fill: 99 }],
  resize: [{ op: "resize", size: [7, 9] }],
  upscale: [{ op: "resize", size: [23, 31] }],
  letterbox: [{ op: "letterbox", size: [20, 20] }],
  "pad, resize, crop": [
    { op: "pad", top: 2, left: 2, bottom: 2, right: 2, fill: 7 },
    { op: "resize", size: [12, 12] },
    { op: "center_crop", size: [9, 9] },
  ],
};

/** Registers the tests of results. */
export function registerOutputs(register: Register, options: SuiteOptions): void {
  const { isDirect = false, matches = MATCHES } = options;
  async function equalsReference(device: Device, pipeline: ImagePipeline, image: Tensor, what = "") {
    const plan = compile(pipeline, { input: image, device });
    const { output, report } = await offload(plan, image, device);
    sameTensor(output, referencePipeline(pipeline, image), what);
    assert.equal(report.sent, isDirect ? 0 : plan.body.layout.cut.packets, what);
    assert.equal(report.direct, isDirect ? 1 : 0, what);
    assert.equal(report.resent, 0, what);
    return plan;
  }

  if (options.photo ?? true) {
    register("the photograph to 224 x 224, ImageNet, f16, CHW equals the reference", async (device) => {
      const photo = await readPhoto("coffee.png");
      const plan = await equalsReference(
        device,
        { steps: [{ op: "resize", size: [224, 224], match: "exact" }, IMAGENET] },
        photo,
      );
      assert.deepEqual(plan.body.output.shape, [3, 224, 224]);
    });
  }

  for (const match of matches) {
    register(`match ${match} equals the reference for all channels, types and layouts`, async (device) => {
      let tried = 0;
      for (const channels of [1, 3, 4]) {
        for (const dtype of ["u8", "i8", "f16", "bf16", "f32"]) {
          for (const layout of ["HWC", "CHW"] as Layout[]) {
            const image = inLayout(noise(1, 13, 17, channels, ++tried), layout);
            const normalize = {
              op: "normalize",
              mean: [0.4, 0.5, 0.6, 0.7].slice(0, channels),
              std: [0.01, 0.02, 0.3, 0.25].slice(0, channels),
              range: "0-1",
              dtype,
              layout,
            };
            const steps = [{ op: "resize", size: [11, 19], match }, normalize];
            await equalsReference(
              device,
              { steps } as ImagePipeline,
              image,
              `${channels} ${dtype} ${layout}`,
            );
          }
        }
      }
      assert.equal(tried, 30);
    });
  }

  register(
    "every filter of OpenCV and torchvision equals the reference, or is refused by name",
    async (device) => {
      const image = noise(2, 19, 23, 3, 4);
      for (const resize of LIBRARY_RESIZES) {
        for (const size of [[7, 9], [30, 41], [12, 40]] as const) {
          const steps: ImagePipeline["steps"] = [
            { op: "crop", top: 1, left: 2, height: 17, width: 20 },
            { op: "resize", size, ...resize },
            { op: "pad", top: 1, left: 0, bottom: 0, right: 3, fill: 9 },
            IMAGENET,
          ];
          const what = `${resize.match} ${resize.filter} to ${size}`;
          try {
            compile({ steps }, { input: image, device });
          } catch (error) {
            assert(!device.profile.kernels.includes("resample"), what);
            assert.match((error as Error).message, /no kernel "resample"/);
            continue;
          }
          await equalsReference(device, { steps }, image, what);
        }
      }
    },
  );

  for (const [name, steps] of Object.entries(GEOMETRY)) {
    register(
      `${name} equals the reference for all channels and batches, with and without normalize`,
      async (device) => {
        for (const channels of [1, 3, 4]) {
          for (const images of [1, 3]) {
            const image = noise(images, 14, 15, channels, channels + images);
            await equalsReference(device, { steps }, image, `${channels} channels, ${images} images`);
            const planar: ImagePipeline["steps"][number] = {
              op: "normalize",
              range: "0-255",
              dtype: "f32",
              layout: "CHW",
            };
            await equalsReference(
              device,
              { steps: [...steps, planar] },
              image,
              `${channels} channels, planar`,
            );
          }
        }
      },
    );
  }

  register(
    "normalize alone goes as bare samples, resize in every layout equals the reference",
    async (device) => {
      const image = inLayout(noise(1, 30, 40, 3, 5), "HWC");
      const normalized = await equalsReference(device, { steps: [IMAGENET] }, image);
      assert.equal(normalized.body.layout.kind, KIND.samples);
      const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [20, 20] }] };
      for (const layout of device.profile.layouts) {
        if (device.profile.gathers === false && layout !== "cells") continue;
        const plan = compile(pipeline, { input: image, device, layout });
        const kind = { cells: KIND.cells, tiles: KIND.tiles }[layout as string] ?? KIND.samples;
        assert.equal(plan.body.layout.kind, kind);
        sameTensor((await offload(plan, image, device)).output, referencePipeline(pipeline, image), layout);
      }
    },
  );

  register("levels 0 and 255, one pixel, and one row or column equal the reference", async (device) => {
    for (const [height, width] of [[1, 1], [1, 9], [9, 1]] as const) {
      for (const match of matches) {
        for (const level of [0, 255]) {
          const image = inLayout(noise(1, height, width, 3, 3), "HWC");
          image.data.fill(level, 0, image.data.length >> 1);
          await equalsReference(
            device,
            { steps: [{ op: "resize", size: [5, 4], match }] },
            image,
            `${height} x ${width} ${match}`,
          );
        }
      }
    }
  });

  register("packets that share a row and packets of several rows equal the reference", async (device) => {
    const image = inLayout(noise(1, 9, 500, 3, 8), "HWC");
    const shared = await equalsReference(device, { steps: [{ op: "resize", size: [5, 470] }] }, image);
    assert(shared.body.layout.cut.packetsPerRow > 1);
    const several = await equalsReference(device, { steps: [{ op: "resize", size: [5, 7] }] }, image);
    assert(several.body.layout.cut.rowsPerPacket > 1);
  });

  register("one session runs many inputs, each right", async (device) => {
    const images = [1, 2, 3].map((seed) => inLayout(noise(1, 20, 30, 3, seed), "HWC"));
    const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [16, 16] }, IMAGENET] };
    const session = await Session.open(compile(pipeline, { input: images[0]!, device }), device);
    for (const image of images) {
      sameTensor((await session.run(image)).output, referencePipeline(pipeline, image));
    }
  });

  register("random pipelines on random images equal the reference", async (device) => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ image, pipeline }) => {
        const isRun = pipeline.steps.every((step) => !("match" in step) || matches.includes(step.match!));
        if (isRun) await equalsReference(device, pipeline, image);
      }),
      { numRuns: options.runs ?? 60, seed: 20260101 },
    );
  });
}
