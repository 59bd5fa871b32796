import assert from "node:assert/strict";
import fc from "fast-check";
import { compile } from "../../kernels/compile.ts";
import { createImageExecutor } from "../../kernels/image/cpu/executor.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { LAYOUTS, slice, type Tensor, tensor, toBytes } from "../../serialize/tensor.ts";
import { asWindow, inLayout, noise } from "../support/images.ts";
import { sized } from "../support/long.ts";
import { random } from "../support/random.ts";
import { refusal } from "../support/failure.ts";
import { anyCase, sameTensor } from "../runtime/helpers.ts";

/** Executor of a pipeline that is exact. */
function executorOf(pipeline: ImagePipeline, input: Tensor) {
  const device = { ...MODEL_PROFILE, bram: 2 ** 20, uram: 2 ** 20 };
  const executor = createImageExecutor(compile(pipeline, { input, device }));
  assert(executor !== undefined);
  return executor;
}

/** An image of levels that make ties and overshoots likely. */
function extremes(height: number, width: number, channels: number, seed: number): Tensor {
  const next = random(seed), levels = [0, 0, 1, 2, 127, 254, 255, 255];
  const data = Uint8Array.from({ length: height * width * channels }, () => levels[next() & 7]!);
  return tensor(data, { dtype: "u8", shape: [height, width, channels], layout: "HWC" });
}

Deno.test("createImageExecutor() gives the reference's bits for random images and pipelines", () => {
  fc.assert(
    fc.property(
      anyCase,
      fc.constantFrom(...LAYOUTS),
      fc.boolean(),
      fc.nat(),
      ({ image, pipeline }, layout, isWindow, seed) => {
        const executor = executorOf(pipeline, image);
        const single = !image.layout!.startsWith("N") || image.shape[0] === 1;
        const turned = single || layout.startsWith("N") ? inLayout(image, layout) : image;
        const input = isWindow ? asWindow(turned, seed) : turned;
        const expected = referencePipeline(pipeline, image);
        sameTensor(executor.run(input), expected, "first run");
        sameTensor(executor.run(input), expected, "second run");
      },
    ),
    { numRuns: sized(3000, 300), seed: 20260115 },
  );
});

Deno.test("createImageExecutor() gives the model device's bits for random images and pipelines", async () => {
  await using device = createModelDevice();
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ image, pipeline }) => {
      const plan = compile(pipeline, { input: image, device });
      const { output } = await offload(plan, image, device);
      sameTensor(createImageExecutor(plan)!.run(image), output);
    }),
    { numRuns: sized(500, 60), seed: 20260116 },
  );
});

Deno.test("createImageExecutor() gives the reference's bits for larger images, up and down", () => {
  const length = fc.integer({ min: 1, max: 90 });
  fc.assert(
    fc.property(
      fc.tuple(length, length, length, length),
      fc.constantFrom(1, 3, 4),
      fc.constantFrom("exact", "opencv", "torchvision", "pillow"),
      fc.constantFrom("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"),
      fc.nat(),
      ([height, width, rows, columns], channels, match, filter, seed) => {
        const image = extremes(height, width, channels, seed);
        const own = match === "pillow" ? filter : "bilinear";
        const pipeline: ImagePipeline = {
          steps: [{ op: "resize", size: [rows, columns], match, filter: own }],
        };
        sameTensor(executorOf(pipeline, image).run(image), referencePipeline(pipeline, image));
      },
    ),
    { numRuns: sized(2000, 150), seed: 20260117 },
  );
});

Deno.test("createImageExecutor() rounds ties and neighbours of ties for every size of denominator", () => {
  const sizes: [number, number, number, number][] = [
    [7, 9, 14, 18], // denominators of 4: one shift
    [72, 128, 22, 23],
    [37, 41, 31, 97], // binary32 and its correction
    [5, 7, 1025, 1027], // above 2^21: binary64
    [3, 5, 2, 16411], // column weights above 16 bits
  ];
  for (const [height, width, rows, columns] of sizes) {
    for (const match of ["exact", "torchvision", "opencv"] as const) {
      for (const channels of [1, 3, 4]) {
        if (rows > 1000 && channels > 1) continue;
        const image = extremes(height, width, channels, rows);
        const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [rows, columns], match }] };
        const what = `${match} ${height}x${width} to ${rows}x${columns}, ${channels} channels`;
        sameTensor(executorOf(pipeline, image).run(image), referencePipeline(pipeline, image), what);
      }
    }
  }
});

Deno.test("createImageExecutor() gives the reference's bits where the output has many bands and blocks", () => {
  const image = inLayout(noise(2, 190, 150, 3, 5), "NHWC");
  const normalize = { op: "normalize", mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.25], range: "0-1" } as const;
  for (const match of ["opencv", "pillow"] as const) {
    for (const layout of ["HWC", "CHW"] as const) {
      const pipeline: ImagePipeline = {
        steps: [
          { op: "letterbox", size: [211, 240], match },
          { op: "pad", top: 3, bottom: 60, right: 5, fill: 114 },
          { ...normalize, layout },
        ],
      };
      sameTensor(executorOf(pipeline, image).run(image), referencePipeline(pipeline, image), match + layout);
    }
  }
});

Deno.test("createImageExecutor() computes only the window of a crop, and nothing where only pads show", () => {
  const image = noise(1, 64, 64, 3, 1);
  for (
    const steps of [
      [{ op: "resize", size: [40, 40], match: "pillow" }, { op: "center_crop", size: [8, 6] }],
      [{ op: "resize", size: [40, 40] }, { op: "crop", top: 33, left: 31, height: 7, width: 9 }],
      [
        { op: "resize", size: [4, 4] },
        { op: "pad", top: 9, left: 9, fill: 7 },
        { op: "crop", top: 0, left: 0, height: 5, width: 13 },
      ],
      [{ op: "pad", left: 20, fill: 9 }, { op: "crop", top: 0, left: 0, height: 5, width: 13 }],
    ] as ImagePipeline["steps"][]
  ) sameTensor(executorOf({ steps }, image).run(image), referencePipeline({ steps }, image));
});

Deno.test("run() writes into a target, and keeps its memory", () => {
  const image = noise(1, 50, 60, 3, 9);
  const pipeline: ImagePipeline = {
    steps: [{ op: "resize", size: [20, 20] }, { op: "normalize", range: "0-1", layout: "CHW" }],
  };
  const executor = executorOf(pipeline, image);
  const held = executor.memoryBytes;
  const whole = new Uint8Array(4 * 3 * 400 + 16).fill(0xaa);
  const target = whole.subarray(8, 8 + 4 * 3 * 400);
  for (let i = 0; i < 20; i++) {
    const output = executor.run(image, target);
    assert.equal(output.data.buffer, whole.buffer);
    sameTensor(output, referencePipeline(pipeline, image));
  }
  assert.equal(executor.memoryBytes, held);
  assert(held > 0 && held <= 4 * 65536);
  assert.deepEqual([...whole.subarray(0, 8), ...whole.subarray(-8)], new Array(16).fill(0xaa));
  const fresh = executor.run(image);
  assert.notEqual(fresh.data.buffer, executor.run(image).data.buffer);
});

Deno.test("run() refuses other inputs, and targets of another length or alignment", () => {
  const image = noise(1, 5, 6, 3, 9);
  const pipeline: ImagePipeline = {
    steps: [{ op: "resize", size: [4, 4] }, { op: "normalize", range: "0-1" }],
  };
  const executor = executorOf(pipeline, image);
  const good = toBytes(executor.run(image)).slice();
  assert.throws(() => executor.run(noise(1, 6, 5, 3, 9)), refusal("shape", /compiled for/));
  assert.throws(() => executor.run({ ...image, dtype: "i8" } as Tensor), refusal("dtype", /expected u8/));
  assert.throws(
    () => executor.run(image, new Uint8Array(good.length + 1)),
    refusal("size", /expected 192 bytes/),
  );
  assert.throws(
    () => executor.run(image, new Uint8Array(good.length + 4).subarray(1, 193)),
    refusal("size", /aligned to 4/),
  );
  const outside = slice(noise(1, 5, 7, 3, 1), [0, 0, 0, 0], [1, 5, 6, 3]);
  assert.throws(() => executor.run({ ...outside, offset: 4 }), refusal("shape", /outside its data/));
  assert.throws(
    () => executor.run({ ...image, strides: [90, -18, 3, 1] }),
    refusal("shape", /outside its data/),
  );
  assert.deepEqual(toBytes(executor.run(image)), good);
});

Deno.test("createImageExecutor() returns undefined for tables with an error, and refuses too much memory", () => {
  const image = noise(1, 30, 30, 3, 9);
  const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [17, 19] }] };
  const form = "universal";
  const plan = compile(pipeline, { input: image, device: MODEL_PROFILE, tolerance: 1, form });
  assert.equal(createImageExecutor(plan), undefined);
  const large = { dtype: "u8", shape: [20000, 20000, 3], layout: "HWC" } as const;
  const steps = [{ op: "affine", matrix: [1, 0, 0, 0, 1, 0], size: [4, 4] }] as const;
  const whole = compile({ steps }, { input: large, device: MODEL_PROFILE });
  assert.throws(() => createImageExecutor(whole), refusal("size", /more than 1073741824 bytes/));
});
