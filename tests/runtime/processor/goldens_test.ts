import assert from "node:assert/strict";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import { readProcessorConfig } from "../../../runtime/processor/config.ts";
import { defaultDecoder } from "../../../runtime/processor/decoder.ts";
import { readImage, toRgb } from "../../../runtime/processor/input.ts";
import { pipelineFor } from "../../../runtime/processor/pipeline.ts";
import { processorFrom } from "../../../runtime/processor/processor.ts";
import { resizedSize } from "../../../runtime/processor/sizes.ts";
import { toDense } from "../../../serialize/tensor.ts";
import { longTest, sized } from "../../support/long.ts";
import { assertGolden, CONFIGS, goldensOf, photoBytes, sha256 } from "./goldens.ts";

const goldens = goldensOf("values");
/** Configurations of the quick suite: one of each kind of resize. */
const QUICK = [
  "clip-vit-base-patch32",
  "qwen2-vl-2b-instruct",
  "lanczos-bytes",
  "nearest-legacy",
  "box-unit",
];
const PHOTOS = ["astronaut.png", "coffee.png", "rocket.jpg"] as const;

for (const name of Object.keys(CONFIGS)) {
  longTest(
    `processorFrom() equals Pillow and NumPy on three photographs, on the model: ${name}`,
    async () => {
      const expected = goldens.filter(({ config }) => config === name);
      assert.deepEqual(expected.map(({ photo }) => photo), PHOTOS);
      const processor = processorFrom(CONFIGS[name]);
      const images = await Promise.all(PHOTOS.map(photoBytes));
      const { pixel_values: { data, dims }, image_grid_thw: grid, failures } = await processor(images);
      assert.deepEqual(failures, []);
      let at = 0;
      for (const [number, golden] of expected.entries()) {
        const length = golden.dims.reduce((product, axis) => product * axis, 1);
        assertGolden(data.subarray(at, at + length), golden, `${name}, ${golden.photo}`);
        at += length;
        if (grid === undefined) assert.deepEqual(dims, [3, ...golden.dims]);
        else {
          const [time, rows, columns] = [...grid.data.subarray(3 * number, 3 * number + 3)].map(Number);
          assert.equal(time! * rows! * columns!, golden.dims[0]);
        }
      }
      assert.equal(at, data.length);
    },
    !QUICK.includes(name),
  );
}

Deno.test("pipelineFor() equals Pillow and NumPy by the reference pipeline", async () => {
  const names = Object.keys(CONFIGS).filter((name) => !name.startsWith("qwen"));
  const wanted = sized(names, names.filter((name) => QUICK.includes(name)));
  for (const golden of goldens.filter(({ config }) => wanted.includes(config))) {
    const config = readProcessorConfig(CONFIGS[golden.config]);
    const image = toRgb(await readImage(await photoBytes(golden.photo), defaultDecoder, {}), true);
    const [height, width] = image.shape as [number, number];
    const { data } = referencePipeline(pipelineFor(config, { height, width }).pipeline, image);
    assertGolden(data as Float32Array, golden, `${golden.config}, ${golden.photo}`);
  }
});

Deno.test("processorFrom() equals Pillow and NumPy on the RTL", async () => {
  const golden = goldens.find(({ config, photo }) =>
    config === "clip-vit-base-patch32" && photo === "rocket.jpg"
  )!;
  await using device = await createRtlDevice();
  const processor = processorFrom(CONFIGS[golden.config]);
  const { pixel_values: { data } } = await processor(await photoBytes(golden.photo), { device });
  assertGolden(data, golden, "rtl");
  assert(device.counters().packets > 0);
});

Deno.test("resizedSize() equals the transcription for drawn shapes", () => {
  for (const { config, image: [height, width], size } of goldensOf("size")) {
    const { rule } = readProcessorConfig(CONFIGS[config]).resize!;
    assert.deepEqual(resizedSize(rule, height, width), size, `${config}, ${height} x ${width}`);
  }
});

Deno.test("toRgb() of a decoded picture equals Pillow's convert in all modes of 8 bits", async () => {
  for (const { mode, shape, png, sha256: expected } of goldensOf("picture")) {
    const read = await readImage(Uint8Array.from(atob(png), (c) => c.charCodeAt(0)), defaultDecoder, {});
    const { data } = toDense(toRgb(read, true));
    assert.deepEqual(shape, [9, 12, 3]);
    assert.equal(sha256(data as Uint8Array), expected, mode);
  }
});

Deno.test("range 0-1 equals the product with 1/255 in float64, rounded to float32, for all levels", () => {
  for (let level = 0; level < 256; level++) {
    assert.equal(Math.fround(level / 255), Math.fround(level * (1 / 255)));
  }
});
