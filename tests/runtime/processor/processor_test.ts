import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import sharp from "sharp";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { processorFrom } from "../../../runtime/processor/processor.ts";
import type { ImageFailure } from "../../../runtime/processor/results.ts";
import { type Tensor, tensor, toDense, toLayout } from "../../../serialize/tensor.ts";
import { expected, joined, picture, SMALL } from "./samples.ts";

const summary = (failures: readonly ImageFailure[]) =>
  failures.map(({ index, error }) => `${index} ${error.code} ${error.message}`);

const encode = (image: Tensor) => {
  const [height, width, channels] = image.shape as [number, number, 3 | 4];
  return sharp(Buffer.from(image.data.buffer), { raw: { height, width, channels } });
};

Deno.test("processor() takes images of different shapes, types and forms in one call, in their order", async () => {
  const [wide, tall, same] = [picture(24, 50), picture(61, 33, 3, 5), picture(24, 50, 3, 7)];
  const rgba = picture(30, 40, 4, 3), gray = picture(30, 40, 1, 9);
  const repeated = tensor(Uint8Array.from({ length: 3600 }, (_, at) => gray.data[Math.floor(at / 3)]!), {
    dtype: "u8",
    shape: [30, 40, 3],
    layout: "HWC",
  });
  const opaque = tensor(
    Uint8Array.from({ length: 3600 }, (_, at) => rgba.data[4 * Math.floor(at / 3) + at % 3]!),
    {
      dtype: "u8",
      shape: [30, 40, 3],
      layout: "HWC",
    },
  );
  const png = new Uint8Array(await encode(tall).png().toBuffer());
  const { pixel_values, indexes, failures, image_grid_thw } = await processorFrom(SMALL)([
    wide,
    png,
    toDense(toLayout(same, "CHW")),
    rgba,
    gray,
    { data: new Uint8ClampedArray(rgba.data as Uint8Array), width: 40, height: 30 },
    png.slice().buffer,
  ]);
  assert.deepEqual([pixel_values.type, pixel_values.dims], ["float32", [7, 3, 20, 20]]);
  assert.deepEqual([indexes, failures, image_grid_thw], [[0, 1, 2, 3, 4, 5, 6], [], undefined]);
  const images = [wide, tall, same, opaque, repeated, opaque, tall];
  assert.deepEqual(pixel_values.data, joined(...images.map((image) => expected(image))));
});

Deno.test("processor() takes opaque pixels of a canvas without do_convert_rgb, and no others", async () => {
  const vit = { image_processor_type: "ViTImageProcessor", size: 20 };
  const image = picture(30, 40);
  const pixels = new Uint8ClampedArray(30 * 40 * 4).fill(255);
  for (let at = 0; at < 1200; at++) pixels.set(image.data.subarray(3 * at, 3 * at + 3), 4 * at);
  const canvas = { data: pixels, width: 40, height: 30 };
  assert.deepEqual((await processorFrom(vit)(canvas)).pixel_values.data, expected(image, vit));
  pixels[3] = 254;
  for (const other of [canvas, picture(30, 40, 4), picture(30, 40, 1)]) {
    await assert.rejects(processorFrom(vit)(other), {
      code: "shape",
      message: /because do_convert_rgb is not true/,
    });
  }
});

Deno.test("processor() names a bad image, and the others come out", async () => {
  const good = picture(24, 50), other = picture(33, 33);
  const raw16 = new Uint16Array(300).fill(500);
  const deep = await sharp(raw16, { raw: { height: 10, width: 10, channels: 3 } })
    .toColourspace("rgb16").png().toBuffer();
  const jpeg = await encode(picture(64, 64)).jpeg().toBuffer();
  const cmyk = await encode(picture(64, 64)).toColourspace("cmyk").jpeg().toBuffer();
  const frames = Buffer.concat([0, 90].map((level) => Buffer.alloc(16 * 16 * 3, level)));
  const animated = await sharp(frames, { raw: { height: 32, width: 16, channels: 3, pageHeight: 16 } })
    .webp({ loop: 0, delay: [50, 50] }).toBuffer();
  const corrupt = Uint8Array.from(await encode(other).png().toBuffer());
  corrupt.fill(7, 60, 200);
  const images = [
    good,
    corrupt,
    jpeg.subarray(0, jpeg.length - 700),
    deep,
    cmyk,
    animated,
    new TextEncoder().encode("no picture"),
    new Uint8Array(0),
    picture(1, 50_000),
    other,
    { ...good, dtype: "f32" },
    { ...good, layout: "NHWC" },
    { ...good, strides: [1e9, 3, 1] },
    { data: new Uint8ClampedArray(3), width: 2, height: 2 },
    null,
  ];
  const { pixel_values, indexes, failures } = await processorFrom(SMALL)(images as Tensor[]);
  assert.deepEqual(indexes, [0, 9]);
  assert.deepEqual(pixel_values.data, joined(expected(good), expected(other)));
  const patterns = [
    /^1 file Cannot process image 1: cannot read the encoded image: /,
    /^2 file Cannot process image 2: cannot read the encoded image: /,
    /^3 dtype .* its samples are ushort, expected 8 bits/,
    /^4 shape .* 4 channels of cmyk, expected gray, RGB or RGBA/,
    /^5 shape .* it has 2 images, expected one/,
    /^6 file .* expected a PNG, JPEG or WebP picture/,
    /^7 size .* cannot decode an image of 0 bytes/,
    /^8 size .* it would become 20 x 1000000/,
    /^10 dtype .* dtype f32: expected u8/,
    /^11 shape .* layout NHWC with 3 axes/,
    /^12 shape .* its data does not hold it/,
    /^13 shape .* needs 16 elements, the data has 3/,
    /^14 dtype .* an image that is null/,
  ];
  const found = summary(failures);
  assert.equal(found.length, patterns.length, found.join("\n"));
  for (const [at, pattern] of patterns.entries()) assert.match(found[at]!, pattern);
});

Deno.test("processor() throws the first error if no image is left", async () => {
  const processor = processorFrom(SMALL);
  await assert.rejects(processor([new Uint8Array(3), picture(1, 50_000)]), {
    code: "file",
    message: /^Cannot process image 0: cannot read/,
  });
  await assert.rejects(processor([]), { code: "size", message: /number of images 0/ });
});

Deno.test("processor() does not rotate by EXIF, as Pillow's Image.open", async () => {
  const image = picture(24, 50);
  const rotated = await encode(image).png().withMetadata({ orientation: 6 }).toBuffer();
  assert.equal((await sharp(rotated).metadata()).orientation, 6);
  assert.deepEqual((await processorFrom(SMALL)(rotated)).pixel_values.data, expected(image));
});

Deno.test("processor() names images whose result has another size than the first", async () => {
  const whole = { image_processor_type: "SiglipImageProcessor", do_resize: false };
  const { pixel_values: { dims }, indexes, failures } = await processorFrom(whole)([
    picture(8, 9),
    picture(9, 8),
    new Uint8Array(2),
    picture(8, 9),
  ]);
  assert.deepEqual([dims, indexes], [[2, 3, 8, 9], [0, 3]]);
  assert.match(summary(failures).join("\n"), /^1 shape .* becomes 9 x 8, expected 8 x 9 as image 0\n2 file/);
});

Deno.test("processor() gives Qwen2-VL's patches of different images in one tensor", async () => {
  const qwen = {
    image_processor_type: "Qwen2VLImageProcessor",
    patch_size: 2,
    merge_size: 2,
    min_pixels: 16,
  };
  const { pixel_values: { dims, data }, image_grid_thw } = await processorFrom(qwen)([
    picture(8, 12),
    picture(4, 4),
  ]);
  assert.deepEqual(image_grid_thw, {
    type: "int64",
    data: BigInt64Array.of(1n, 4n, 6n, 1n, 2n, 2n),
    dims: [2, 3],
  });
  assert.deepEqual([dims, data.length], [[28, 24], 28 * 24]);
  const [first, second] = [expected(picture(8, 12), qwen), expected(picture(4, 4), qwen)];
  // Patch 1 is right of patch 0, and patch 2 below it, because the model merges the four.
  const at = (plane: number, y: number, x: number) => first[plane * 96 + y * 12 + x];
  assert.deepEqual([...data.subarray(24, 28)], [at(0, 0, 2), at(0, 0, 3), at(0, 1, 2), at(0, 1, 3)]);
  assert.deepEqual([...data.subarray(28, 32)], [...data.subarray(24, 28)], "the second time");
  assert.deepEqual([...data.subarray(48 + 8, 48 + 10)], [at(1, 2, 0), at(1, 2, 1)]);
  assert.equal(data[24 * 24], second[0]);
});

Deno.test("processor() pads tiles of different images with zeros, and names sizes and grids", async () => {
  const next = {
    image_processor_type: "LlavaNextImageProcessor",
    size: 16,
    crop_size: 16,
    image_grid_pinpoints: [[16, 32], [32, 32]],
  };
  const images = [picture(16, 40), picture(50, 40), picture(7, 7)];
  const { pixel_values: { dims, data }, image_sizes, ...rest } = await processorFrom(next)([
    images[0]!,
    new Uint8Array(3),
    ...images.slice(1),
  ]);
  assert.deepEqual(dims, [3, 5, 3, 16, 16]);
  assert.deepEqual(image_sizes, {
    type: "int64",
    data: BigInt64Array.of(16n, 40n, 50n, 40n, 7n, 7n),
    dims: [3, 2],
  });
  assert.deepEqual([rest.indexes, rest.pixel_attention_mask, rest.tile_grid], [
    [0, 2, 3],
    undefined,
    undefined,
  ]);
  assert.match(summary(rest.failures).join(), /^1 file/);
  const zeros = new Float32Array(2 * 3 * 256);
  const values = images.map((image) => expected(image, next));
  assert.deepEqual(data, joined(values[0]!, zeros, values[1]!, values[2]!, zeros));

  const split = {
    image_processor_type: "SmolVLMImageProcessor",
    size: { longest_edge: 32 },
    max_image_size: { longest_edge: 16 },
  };
  const result = await processorFrom(split)([picture(8, 40), picture(40, 40), picture(30, 2)]);
  assert.deepEqual(result.pixel_values.dims, [3, 5, 3, 16, 16]);
  assert.deepEqual(result.tile_grid!.data, BigInt64Array.of(1n, 2n, 2n, 2n, 2n, 1n));
  const { type, data: mask, dims: maskDims } = result.pixel_attention_mask!;
  assert.deepEqual([type, maskDims], ["bool", [3, 5, 16, 16]]);
  assert.deepEqual(
    mask,
    Uint8Array.from({ length: 15 * 256 }, (_, at) => Number(![3, 4, 13, 14].includes(at >> 8))),
  );
});

Deno.test("processor() of Idefics3 refuses gray and RGBA images, which its class converts late", async () => {
  const processor = processorFrom({ image_processor_type: "Idefics3ImageProcessor" });
  for (const channels of [1, 4]) {
    await assert.rejects(processor(picture(8, 9, channels)), {
      code: "shape",
      message: /expected 3, because Idefics3ImageProcessor converts after its resize, which is not built/,
    });
  }
});

Deno.test("processor() uses the caller's decoder, bounds it in time, and names its error", async () => {
  const image = picture(24, 50);
  const decoders = {
    good: () => image,
    async: () => Promise.resolve(image),
    broken: () => Promise.reject(new TypeError("bad marker")),
    thrown: () => {
      throw new RangeError("short");
    },
    empty: () => ({}) as Tensor,
    hangs: () => new Promise<Tensor>(() => {}),
  };
  const run = (name: keyof typeof decoders, options = {}) =>
    processorFrom(SMALL, { decoder: decoders[name] })(Uint8Array.of(1), options);
  for (const name of ["good", "async"] as const) {
    assert.deepEqual((await run(name)).pixel_values.data, expected(image));
  }
  await assert.rejects(run("broken"), { code: "file", message: /^Cannot process image 0: .*bad marker/ });
  await assert.rejects(run("thrown"), { code: "file", message: /short/ });
  await assert.rejects(run("empty"), { code: "dtype" });
  await assert.rejects(run("hangs", { timeoutMs: 5 }), {
    code: "timeout",
    message: /image 0: .*the decoder/,
  });
  const controller = new AbortController();
  const reason = new Error("stopped");
  const hanging = run("hangs", { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(hanging, reason);
  await assert.rejects(run("good", { signal: controller.signal }), reason);
});

Deno.test("processor() passes a device's errors on, and refuses options outside their limits", async () => {
  const processor = processorFrom(SMALL);
  const closed = createModelDevice();
  await closed.close();
  await assert.rejects(processor(picture(24, 50), { device: closed }), {
    code: "device",
    message: /is closed/,
  });
  await assert.rejects(processor(picture(24, 50), { device: 5 as never }), { code: "device" });
  await assert.rejects(processor(picture(24, 50), { timeoutMs: NaN }), { code: "size" });
  for (const maxPlans of [0, 1025, 1.5, NaN]) {
    assert.throws(() => processorFrom(SMALL, { maxPlans }), { code: "size", message: /maximum of plans/ });
  }
  assert.throws(() => processorFrom(SMALL, { decoder: "sharp" as never }), { code: "size" });
});

Deno.test("processor() answers concurrent calls on one device", async () => {
  await using device = createModelDevice();
  const processor = processorFrom(SMALL);
  const images = [picture(24, 50), picture(61, 33), picture(24, 50, 3, 9), picture(40, 40)];
  const results = await Promise.all(images.map((image) => processor(image, { device })));
  for (const [at, { pixel_values: { data } }] of results.entries()) {
    assert.deepEqual(data, expected(images[at]!));
  }
});
