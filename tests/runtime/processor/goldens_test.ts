import assert from "node:assert/strict";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import { readProcessorConfig } from "../../../runtime/processor/config.ts";
import { defaultDecoder } from "../../../runtime/processor/decoder.ts";
import { readImage, toRgb } from "../../../runtime/processor/input.ts";
import { processorFrom } from "../../../runtime/processor/processor.ts";
import type { ProcessedImages } from "../../../runtime/processor/results.ts";
import { resizedSize } from "../../../runtime/processor/sizes.ts";
import { bestResolution, encoderSize, sizeInside } from "../../../runtime/processor/tiles.ts";
import { toDense } from "../../../serialize/tensor.ts";
import { longTest, sized } from "../../support/long.ts";
import { assertGolden, CONFIGS, goldensOf, photoBytes, sha256, type ValuesGolden } from "./goldens.ts";
import { referenceValues } from "./samples.ts";

const goldens = goldensOf("values");
/** Configurations of the quick suite: one of each kind of resize. */
const QUICK = [
  "clip-vit-base-patch32",
  "qwen2-vl-2b-instruct",
  "lanczos-bytes",
  "nearest-legacy",
  "box-unit",
  "tiles-odd",
  "split-bilinear",
  "factor-bytes",
];
const PHOTOS = ["astronaut.png", "coffee.png", "rocket.jpg"] as const;

/** Compares tiles of images: those that an image has, zeros after them, and the mask of both. */
function assertTiles(
  data: Float32Array,
  dims: readonly number[],
  expected: readonly ValuesGolden[],
  { pixel_attention_mask: mask, tile_grid, image_sizes }: Partial<ProcessedImages>,
) {
  const most = Math.max(...expected.map(({ dims }) => dims[0]!));
  assert.deepEqual(dims, [expected.length, most, ...expected[0]!.dims.slice(1)]);
  const length = data.length / expected.length;
  for (const [at, golden] of expected.entries()) {
    const used = golden.dims.reduce((product, axis) => product * axis, 1);
    const own = data.subarray(at * length, (at + 1) * length);
    assertGolden(own.subarray(0, used), golden, golden.photo);
    assert(own.subarray(used).every((value) => value === 0));
    const ownMask = mask?.data.subarray(at * length / 3, (at + 1) * length / 3);
    assert(ownMask?.every((value, index) => value === Number(index < used / 3)) ?? true);
  }
  const pairs = (tile_grid ?? image_sizes)!;
  assert.deepEqual([pairs.type, pairs.dims], ["int64", [expected.length, 2]]);
  if (image_sizes !== undefined) {
    assert.deepEqual([...image_sizes.data], [512n, 512n, 400n, 600n, 427n, 640n]);
  } else assert.deepEqual(mask!.dims, [expected.length, most, ...expected[0]!.dims.slice(2)]);
}

for (const name of Object.keys(CONFIGS)) {
  longTest(
    `processorFrom() equals Pillow and NumPy on three photographs, on the model: ${name}`,
    async () => {
      const expected = goldens.filter(({ config }) => config === name);
      assert.deepEqual(expected.map(({ photo }) => photo), PHOTOS);
      const processor = processorFrom(CONFIGS[name]);
      const images = await Promise.all(PHOTOS.map(photoBytes));
      const { pixel_values: { data, dims }, image_grid_thw: grid, failures, ...rest } = await processor(
        images,
      );
      assert.deepEqual(failures, []);
      if (dims.length === 5) {
        assertTiles(data, dims, expected, rest);
        return;
      }
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

Deno.test("passesFor() equals Pillow and NumPy by the reference pipeline", async () => {
  const names = Object.keys(CONFIGS).filter((name) => !name.startsWith("qwen"));
  const wanted = sized(names, names.filter((name) => QUICK.includes(name)));
  for (const golden of goldens.filter(({ config }) => wanted.includes(config))) {
    const config = readProcessorConfig(CONFIGS[golden.config]);
    const image = toRgb(await readImage(await photoBytes(golden.photo), defaultDecoder, {}), {
      converts: true,
    });
    assertGolden(referenceValues(config, image), golden, `${golden.config}, ${golden.photo}`);
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

Deno.test("bestResolution() and the sizes of tiles equal the transcription for drawn shapes", () => {
  const anyres = readProcessorConfig(CONFIGS["llava-v1.6-mistral-7b-hf"]).tiles!;
  const split = readProcessorConfig(CONFIGS["smolvlm-256m-instruct"]);
  assert(anyres.kind === "anyres");
  for (const { image: [height, width], best, inside, longest, encoder } of goldensOf("tiles")) {
    const where = `${height} x ${width}`;
    if (best === null) {
      assert.throws(() => bestResolution(anyres.resolutions, height, width), {
        code: "size",
        message: /vanish/,
      });
    } else {
      assert.deepEqual(bestResolution(anyres.resolutions, height, width), best, where);
      assert.deepEqual(sizeInside(best, height, width), inside, where);
    }
    assert.deepEqual(resizedSize(split.resize!.rule, height, width), longest, where);
    assert.deepEqual(encoderSize(split.tiles!.tile, ...longest), encoder, where);
  }
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
    const { data } = toDense(toRgb(read, { converts: true }));
    assert.deepEqual(shape, [9, 12, 3]);
    assert.equal(sha256(data as Uint8Array), expected, mode);
  }
});

Deno.test("range 0-1 equals the product with 1/255 in float64, rounded to float32, for all levels", () => {
  for (let level = 0; level < 256; level++) {
    assert.equal(Math.fround(level / 255), Math.fround(level * (1 / 255)));
  }
});
