import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { compile as compileTyped } from "../../kernels/compile.ts";
import { toRgbReference } from "../../kernels/image/channels/to_rgb.ts";
import { targetSize } from "../../kernels/image/resize/target_size.ts";
import {
  type ImagePipeline,
  lowerPipeline,
  parsePipeline,
  type PipelineInput,
} from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/image/plan/compile.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import type { Device } from "../../runtime/device/device.ts";
import { offload } from "../../runtime/offload.ts";
import { type Layout, type Tensor, tensor, toDense, toLayout } from "../../serialize/tensor.ts";
import { presetGoldens } from "../support/presets.ts";
import { randomBytes } from "../support/random.ts";

const sha256 = (values: Float32Array | Uint8Array) =>
  createHash("sha256").update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)).digest(
    "hex",
  );

const picture = (height: number, width: number, channels: number) =>
  tensor(randomBytes(height * width * channels, 5), {
    dtype: "u8",
    shape: [height, width, channels],
    layout: "HWC",
  });

const refuses = (steps: unknown[], message: RegExp, image: Tensor = picture(40, 60, 3)) =>
  assert.throws(() => referencePipeline({ steps } as PipelineInput, image), { code: "pipeline", message });

/** Compares a device with the reference. */
async function assertEqual(device: Device, pipeline: ImagePipeline, image: Tensor): Promise<Tensor> {
  const plan = compile(pipeline, { input: image, device });
  const { output } = await offload(plan, image, device);
  const expected = referencePipeline(pipeline, image);
  assert.deepEqual([output.shape, output.dtype, output.layout], [
    expected.shape,
    expected.dtype,
    expected.layout,
  ]);
  assert.deepEqual(output.data, expected.data);
  return output;
}

Deno.test("targetSize() with a maximum gives torchvision's sizes", () => {
  for (const { image, shortest, max, size } of presetGoldens("size")) {
    if (Math.min(...size) > 0) assert.deepEqual(targetSize({ shortest, max }, ...image), size);
    else assert.equal(targetSize({ shortest, max }, ...image), `the result would be ${size.join(" x ")}`);
  }
});

Deno.test("targetSize() of the longest edge truncates the other one as exact arithmetic does", () => {
  const edge = fc.integer({ min: 1, max: 65535 });
  fc.assert(fc.property(edge, edge, edge, (height, width, longest) => {
    const [low, high] = height < width ? [height, width] : [width, height];
    const other = Number(BigInt(longest) * BigInt(low) / BigInt(high));
    const size = height <= width ? [other, longest] : [longest, other];
    const found = targetSize({ longest }, height, width);
    assert.deepEqual(found, other === 0 ? `the result would be ${size.join(" x ")}` : size);
  }));
});

Deno.test("resize takes every form of size, on the model", async () => {
  await using device = createModelDevice();
  const image = picture(40, 60, 3);
  const sizes = [
    [[20, 25], [20, 25]],
    [20, [20, 30]],
    [{ shortest: 20 }, [20, 30]],
    [{ shortest: 20, max: 27 }, [18, 27]],
    [{ longest: 30 }, [20, 30]],
    [{ factor: 14, min_pixels: 1, max_pixels: 900 }, [14, 28]],
    [{ factor: 14, min_pixels: 3136, max_pixels: 9000 }, [56, 70]],
    [{ factor: 14, min_pixels: 1, max_pixels: 9000 }, [42, 56]],
  ] as const;
  for (const [size, expected] of sizes) {
    const { shape } = await assertEqual(
      device,
      { steps: [{ op: "resize", size, match: "pillow", filter: "bicubic" }] },
      image,
    );
    assert.deepEqual(shape, [...expected, 3]);
  }
});

Deno.test("resize refuses sizes that contradict themselves or the image", () => {
  const at = (size: unknown) => [{ op: "resize", size }];
  refuses(at({ shortest: 20, max: 20 }), /max must be above shortest/);
  refuses(at({ factor: 2, min_pixels: 9, max_pixels: 8 }), /min_pixels must be at most max_pixels/);
  for (
    const size of [
      { shortest: 0 },
      { longest: 65536 },
      { shortest: 5, longest: 9 },
      {},
      null,
      { factor: 28 },
      NaN,
    ]
  ) {
    refuses(at(size), /steps\.0\.size/);
  }
  const thin = picture(1, 50, 3);
  refuses(at({ longest: 20 }), /steps\.0 \(resize\): the result would be 0 x 20/, thin);
  refuses(at({ shortest: 1, max: 2 }), /steps\.0 \(resize\): the result would be 0 x 2/, thin);
  refuses(
    at({ factor: 2, min_pixels: 1, max_pixels: 99 }),
    /ratio 201\.0, expected at most 200/,
    picture(1, 201, 3),
  );
  refuses(at({ factor: 40_000, min_pixels: 2 ** 31, max_pixels: 2 ** 31 }), /exceeds 65535/);
});

Deno.test("pad to a square centres the image in its colour, on the model", async () => {
  await using device = createModelDevice();
  const fill = [122, 116, 104];
  for (
    const [height, width, top, left] of [[7, 12, 2, 0], [12, 7, 0, 2], [9, 9, 0, 0], [1, 2, 0, 0]] as const
  ) {
    const image = picture(height, width, 3);
    const { shape, data } = await assertEqual(device, { steps: [{ op: "pad", to: "square", fill }] }, image);
    const edge = Math.max(height, width);
    assert.deepEqual(shape, [edge, edge, 3]);
    for (let y = 0; y < edge; y++) {
      for (let x = 0; x < edge; x++) {
        const isInside = y >= top && y < top + height && x >= left && x < left + width;
        const from = 3 * ((y - top) * width + x - left);
        const pixel = isInside ? [...image.data.subarray(from, from + 3)] : fill;
        assert.deepEqual([...data.subarray(3 * (y * edge + x), 3 * (y * edge + x) + 3)], pixel);
      }
    }
  }
  refuses([{ op: "pad", to: "square", top: 1 }], /"square" excludes top, left, bottom and right/);
  refuses([{ op: "pad", to: "round" }], /steps\.0\.to/);
  refuses([{ op: "pad", to: "square", fill: [1, 2] }], /fill has 2 values/);
});

Deno.test("rescale multiplies in float64 and normalizes in float32, as NumPy does", async () => {
  await using device = createModelDevice();
  const levels = tensor(Uint8Array.from({ length: 256 }, (_, at) => at), {
    dtype: "u8",
    shape: [16, 16, 1],
    layout: "HWC",
  });
  for (const { factor, mean, std, sha256: expected } of presetGoldens("rescale")) {
    const { data } = await assertEqual(device, {
      steps: [{ op: "rescale", factor }, { op: "normalize", range: "0-255", mean: [mean], std: [std] }],
    }, levels);
    assert.equal(sha256(data as Float32Array), expected, `factor ${factor}`);
  }
});

Deno.test("rescale alone makes float32, and the plan states its factor", async () => {
  await using device = createModelDevice();
  const image = picture(8, 8, 3);
  const pipeline = { steps: [{ op: "rescale", factor: 1 / 127.5 }] } as const;
  const plan = compileTyped(pipeline, { input: image, device });
  const { output } = await offload(plan, image, device);
  const values: Float32Array = output.data;
  assert.deepEqual([...values], [...image.data].map((level) => Math.fround(level * (1 / 127.5))));
  assert.match(plan.body.bounds[0]!.versus, /\(x\*0\.00784313725490196 - mean\) \/ std in binary32/);
});

Deno.test("rescale and to_rgb refuse a place or value that they cannot have", () => {
  const half = { op: "rescale", factor: 0.5 };
  refuses(
    [half, { op: "crop", top: 0, left: 0, height: 1, width: 1 }],
    /steps\.1 \(crop\): only normalize may follow/,
  );
  refuses([half, half], /only normalize may follow rescale/);
  refuses([half, { op: "normalize", range: "0-1" }], /expected "0-255" after rescale/);
  refuses([{ op: "normalize", range: "0-1" }, half], /no step may follow normalize/);
  for (const factor of [0, -1, NaN, Infinity, 1e7, "1", null, undefined]) {
    refuses([{ op: "rescale", factor }], /factor/);
  }
  refuses([{ op: "crop", top: 0, left: 0, height: 1, width: 1 }, { op: "to_rgb" }], /must be the first step/);
  for (const alpha of ["keep", [1, 2], [1, 2, 256], 5, null]) {
    refuses([{ op: "to_rgb", alpha }], /steps\.0\.alpha/);
  }
  // The colour of a pad has the channels after to_rgb.
  refuses(
    [{ op: "to_rgb" }, { op: "pad", top: 1, fill: [1, 2, 3, 4] }],
    /the image has 3 channels/,
    picture(4, 4, 4),
  );
});

Deno.test("to_rgb blends every level and alpha as Pillow's alpha_composite", () => {
  const samples = Uint8Array.from({ length: 65536 * 4 }, (_, at) => at % 4 === 3 ? at >> 10 : at >> 2 & 255);
  const image = tensor(samples, { dtype: "u8", shape: [256, 256, 4], layout: "HWC" });
  for (const { colour, sha256: expected } of presetGoldens("blend")) {
    assert.equal(sha256(toRgbReference(image, colour).data as Uint8Array), expected, colour.join(", "));
  }
});

Deno.test("to_rgb gives gray, RGB and RGBA images three channels in all layouts, on the model", async () => {
  await using device = createModelDevice();
  for (const channels of [1, 3, 4]) {
    const image = picture(9, 12, channels);
    for (const alpha of ["drop", [10, 200, 255]] as const) {
      const rgb = toDense(toRgbReference(image, alpha));
      assert.deepEqual(rgb.shape, [9, 12, 3]);
      if (channels === 1) assert.deepEqual([...rgb.data.subarray(3, 6)], new Array(3).fill(image.data[1]));
      if (channels === 3) assert.equal(rgb.data, image.data);
      if (channels === 4 && alpha === "drop") {
        assert.deepEqual(rgb.data.subarray(3, 6), image.data.subarray(4, 7));
      }
      const steps = [{ op: "resize", size: [6, 5] }, { op: "pad", top: 1, fill: [1, 2, 3] }] as const;
      const expected = referencePipeline({ steps }, rgb);
      for (const layout of ["HWC", "CHW", "NHWC", "NCHW"] as const satisfies readonly Layout[]) {
        const source = toDense(toLayout(image, layout));
        const pipeline = { steps: [{ op: "to_rgb", alpha }, ...steps] } as const;
        const output = await assertEqual(device, pipeline, source);
        assert.deepEqual(toLayout(output, "HWC").data, expected.data);
      }
    }
  }
});

Deno.test("to_rgb, pad to a square, a size by rule and rescale give the reference's values on the RTL", async () => {
  await using device = await createRtlDevice();
  const { dtype } = await assertEqual(device, {
    steps: [
      { op: "to_rgb", alpha: [255, 255, 255] },
      { op: "pad", to: "square", fill: [122, 116, 104] },
      { op: "resize", size: { factor: 14, min_pixels: 1, max_pixels: 1000 } },
      { op: "rescale", factor: 1 / 127.5 },
      { op: "normalize", range: "0-255", mean: [1, 1, 1], layout: "CHW" },
    ],
  }, picture(40, 60, 4));
  assert.equal(dtype, "f32");
  assert(device.counters().packets > 0);
});

Deno.test("lowerPipeline() has the channels that to_rgb makes", () => {
  const { output, steps } = lowerPipeline(parsePipeline({ steps: [{ op: "to_rgb" }] }), {
    height: 5,
    width: 6,
    channels: 4,
  });
  assert.deepEqual([output, steps], [{ height: 5, width: 6, channels: 3 }, []]);
});
