import assert from "node:assert/strict";
import fc from "fast-check";
import { readProcessorConfig } from "../../../runtime/processor/config.ts";
import { FAMILIES } from "../../../runtime/processor/families.ts";
import { passesFor } from "../../../runtime/processor/passes.ts";
import { pipelineFor } from "../../../runtime/processor/pipeline.ts";
import { centerAxis, resizedSize } from "../../../runtime/processor/sizes.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { CONFIGS } from "./goldens.ts";

const read = (fields: Record<string, unknown>, type = "CLIPImageProcessor") =>
  readProcessorConfig({ image_processor_type: type, ...fields });

function refuses(fields: Record<string, unknown>, message: RegExp, type?: string) {
  assert.throws(() => read(fields, type), (error) => {
    assert(error instanceof OnpathError, String(error));
    assert.equal(error.code, "pipeline");
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("readProcessorConfig() reads the image_processor of a processor_config.json", () => {
  const nested = {
    processor_class: "LlavaProcessor",
    patch_size: 14,
    image_processor: CONFIGS["llava-1.5-7b-hf"],
  };
  assert.deepEqual(readProcessorConfig(nested), readProcessorConfig(CONFIGS["llava-1.5-7b-hf"]));
  assert.deepEqual(readProcessorConfig(nested).square, [122, 116, 104]);
});

Deno.test("readProcessorConfig() has the defaults of every class", () => {
  const sizes = Object.keys(FAMILIES).map((type) => {
    // The class's own resolutions do not fit its own tiles of 224.
    const { resize, crop } = read(type.startsWith("LlavaNext") ? { size: 336, crop_size: 336 } : {}, type);
    return [type, ...pipelineOf(resize!.rule), resize!.filter, crop?.join("x") ?? "-"].join(" ");
  });
  assert.deepEqual(sizes, [
    "CLIPImageProcessor shortest 224 bicubic 224x224",
    "ViTImageProcessor fixed 224 224 bilinear -",
    "DeiTImageProcessor fixed 256 256 bicubic 224x224",
    "BitImageProcessor shortest 224 bicubic 224x224",
    "ConvNextImageProcessor fixed 384 384 bicubic -",
    "SiglipImageProcessor fixed 224 224 bicubic -",
    "BlipImageProcessor fixed 384 384 bicubic -",
    "LlavaImageProcessor shortest 224 bicubic 224x224",
    "LlavaNextImageProcessor fixed 336 336 bicubic -",
    "Qwen2VLImageProcessor smart 28 3136 1003520 bicubic -",
    "Idefics3ImageProcessor longest 1456 lanczos -",
    "SmolVLMImageProcessor longest 1456 lanczos -",
  ]);
});

const pipelineOf = (rule: object) => Object.values(rule);

Deno.test("readProcessorConfig() takes LLaVA's padding by either field", () => {
  assert.deepEqual(read({ image_aspect_ratio: "pad" }).square, [122, 116, 104]);
  assert.deepEqual(read({ do_pad: true }, "LlavaImageProcessor").square, [122, 116, 104]);
  assert.equal(read({ image_aspect_ratio: "" }).square, null);
  refuses({ image_aspect_ratio: "anyres" }, /image_aspect_ratio/);
  refuses({ do_pad: true }, /do_pad/);
  refuses(
    { do_pad: true, image_mean: [0.5, 1.1, 0.5] },
    /image_mean: the padding colour/,
    "LlavaImageProcessor",
  );
});

Deno.test("readProcessorConfig() refuses other classes by name, and names the slow class for a fast one", () => {
  const type = (name: unknown) => () => readProcessorConfig({ image_processor_type: name });
  assert.throws(type("FlavaImageProcessor"), {
    code: "pipeline",
    message: /"FlavaImageProcessor" is unknown/,
  });
  assert.throws(type("CLIPImageProcessorFast"), {
    message: /expected "CLIPImageProcessor", because the fast class/,
  });
  assert.throws(type("OwlImageProcessorFast"), {
    message: /"OwlImageProcessorFast" is unknown, expected one of/,
  });
  for (const name of ["__proto__", "toString", "", 5, null, undefined, {}, [], "x".repeat(10_000)]) {
    assert.throws(
      type(name),
      (error: OnpathError) => error.code === "pipeline" && error.message.length < 600,
    );
  }
  for (const json of [null, undefined, 5, "{}", [], () => {}, { image_processor: [] }]) {
    assert.throws(() => readProcessorConfig(json), { code: "pipeline" });
  }
});

Deno.test("readProcessorConfig() refuses unknown fields, and steps that a class does not have, by name", () => {
  refuses({ do_flip: true }, /"do_flip"/);
  refuses({ size_divisor: 32 }, /"size_divisor"/);
  refuses({ auto_map: {} }, /"auto_map"/);
  refuses({ crop_pct: 0.9 }, /"crop_pct"/);
  refuses({ min_pixels: 5 }, /min_pixels/);
  refuses({ do_center_crop: true }, /do_center_crop/, "ViTImageProcessor");
  refuses({ crop_size: 224 }, /"crop_size"/, "SiglipImageProcessor");
  refuses({ do_convert_rgb: true }, /do_convert_rgb/, "DeiTImageProcessor");
  refuses({ data_format: "channels_last" }, /data_format/);
  assert.equal(read({ do_center_crop: false }, "ViTImageProcessor").crop, null);
  assert.equal(read({ processor_class: "CLIPProcessor", return_tensors: null }).toRgb, true);
});

Deno.test("readProcessorConfig() refuses contradictory sizes", () => {
  refuses(
    { size: { shortest_edge: 224, height: 224, width: 224 } },
    /size: found "shortest_edge" with "height"/,
  );
  refuses(
    { size: { shortest_edge: 224, longest_edge: 300 } },
    /size: found .* expected .*shortest_edge alone/,
  );
  refuses({ size: { height: 224 } }, /size: found "height"/);
  refuses({ size: {} }, /an empty size/);
  refuses(
    { size: { shortest_edge: 224 } },
    /expected height and width, or a whole number/,
    "ViTImageProcessor",
  );
  refuses({ size: 224 }, /size: found a whole number/, "SiglipImageProcessor");
  refuses({ size: { height: 9, width: 9 } }, /expected shortest_edge alone/, "ConvNextImageProcessor");
  refuses({ crop_size: { shortest_edge: 9 } }, /crop_size: found "shortest_edge"/);
  refuses({ min_pixels: 100, max_pixels: 50 }, /min_pixels: found 100/, "Qwen2VLImageProcessor");
  refuses(
    { min_pixels: 100, size: { min_pixels: 101, max_pixels: 900 } },
    /min_pixels: found 100, expected 101 as in size/,
    "Qwen2VLImageProcessor",
  );
  refuses({ size: { shortest_edge: 9, height: 9 } }, /size: found/, "Qwen2VLImageProcessor");
});

Deno.test("readProcessorConfig() refuses numbers outside their range, NaN and unknown resample numbers", () => {
  for (const resample of [6, -1, 1.5, NaN, null, "3"]) refuses({ resample }, /resample/);
  refuses({ resample: 6 }, /number 6 is unknown, expected one of 0 \(nearest\), 1 \(lanczos\)/);
  for (const edge of [0, -5, 1.5, NaN, Infinity, 65536, 1e300, "224", null, []]) {
    refuses({ size: { shortest_edge: edge } }, /size\.shortest_edge/);
    refuses({ crop_size: { height: 224, width: edge } }, /crop_size\.width/);
  }
  for (const rescale_factor of [0, -1, 1e7, Infinity, NaN, null, "1"]) {
    refuses({ rescale_factor }, /rescale_factor/);
  }
  for (const mean of [[0.5], [0, 0, 0, 0], [0, NaN, 0], "0.5", [0, 0, 1e7]]) {
    refuses({ image_mean: mean }, /image_mean/);
  }
  for (const std of [0, -1, [1, 1, 0], NaN]) refuses({ image_std: std }, /image_std/);
  for (const crop_pct of [0, -1, NaN]) refuses({ size: 224, crop_pct }, /crop_pct/, "ConvNextImageProcessor");
  refuses({ size: 224, crop_pct: 1e-3 }, /crop_pct\.shortest_edge: found 224000/, "ConvNextImageProcessor");
  refuses({ size: 1, crop_pct: 2 }, /crop_pct\.shortest_edge: found 0/, "ConvNextImageProcessor");
  refuses({ do_rescale: false, do_normalize: false }, /do_rescale and do_normalize are both false/);
  refuses({ do_resize: "yes" }, /do_resize/);
});

Deno.test("readProcessorConfig() reads any rescale_factor, and 1/255 as the range 0-1", () => {
  assert.equal(read({}).range, "0-1");
  assert.equal(read({ rescale_factor: 1 / 255 }).range, "0-1");
  assert.equal(read({ rescale_factor: 1 / 127.5 }).range, 1 / 127.5);
  assert.equal(read({ rescale_factor: 3, do_rescale: false }).range, "0-255");
  const { pipeline } = pipelineFor(read({ rescale_factor: 2 }, "ViTImageProcessor"), {
    height: 224,
    width: 224,
  });
  const half = [0.5, 0.5, 0.5];
  assert.deepEqual(pipeline.steps, [
    { op: "rescale", factor: 2 },
    { op: "normalize", range: "0-255", mean: half, std: half, dtype: "f32", layout: "CHW" },
  ]);
});

Deno.test("readProcessorConfig() reads LLaVA-NeXT's tiles, and refuses sizes that do not fit them", () => {
  const next = "LlavaNextImageProcessor";
  const fits = {
    size: { shortest_edge: 48 },
    crop_size: { height: 48, width: 48 },
    image_grid_pinpoints: [[48, 96]],
  };
  const tiles = { kind: "anyres", tile: 48, resolutions: [[48, 96]] };
  assert.deepEqual(read(fits, next).tiles, tiles);
  assert.deepEqual(
    read({ ...fits, size: { height: 48, width: 48 }, do_center_crop: false }, next).tiles,
    tiles,
  );
  assert.equal(
    read({ ...fits, aspect_ratio_setting: "anyres", do_pad: true, do_resize: false }, next).crop,
    null,
  );
  refuses({}, /image_grid_pinpoints\.0: found 336 x 672, expected multiples of crop_size, 224/, next);
  refuses(
    { ...fits, crop_size: { height: 48, width: 96 } },
    /crop_size: found 48 x 96, expected a square/,
    next,
  );
  refuses({ ...fits, size: 40 }, /size: found 40, expected 48 as in crop_size/, next);
  refuses({ ...fits, size: { height: 48, width: 50 } }, /size: found 48 x 50/, next);
  refuses(
    { ...fits, image_grid_pinpoints: [[48, 96], [50, 96]] },
    /image_grid_pinpoints\.1: found 50 x 96/,
    next,
  );
  refuses({ ...fits, image_grid_pinpoints: [[48 * 1025, 48]] }, /at most 1024 tiles/, next);
  for (const image_grid_pinpoints of [[], [[48]], [[48, 0]], [[48, 96.5]], "[[48, 96]]", { 0: [48, 96] }]) {
    refuses({ ...fits, image_grid_pinpoints }, /image_grid_pinpoints/, next);
  }
  refuses({ ...fits, do_pad: false }, /do_pad/, next);
  refuses({ ...fits, aspect_ratio_setting: "square" }, /aspect_ratio_setting/, next);
  refuses({ image_grid_pinpoints: [[224, 448]] }, /image_grid_pinpoints/);
});

Deno.test("readProcessorConfig() reads Idefics3's and SmolVLM's split, and refuses other sizes", () => {
  const at = (fields: Record<string, unknown>, type: string) => read(fields, type).tiles;
  const split = { kind: "split", tile: 364, splits: true, filter: "lanczos" };
  assert.deepEqual(at({}, "Idefics3ImageProcessor"), split);
  assert.deepEqual(
    at({ resample: 3 }, "Idefics3ImageProcessor"),
    split,
    "its own filter for the whole image",
  );
  assert.deepEqual(
    at(
      { resample: 3, max_image_size: { longest_edge: 512 }, do_image_splitting: false },
      "SmolVLMImageProcessor",
    ),
    { kind: "split", tile: 512, splits: false, filter: "bicubic" },
  );
  for (const type of ["Idefics3ImageProcessor", "SmolVLMImageProcessor"]) {
    refuses(
      { max_image_size: { height: 9, width: 9 } },
      /max_image_size: found .* expected longest_edge alone/,
      type,
    );
    refuses({ max_image_size: { longest_edge: 0 } }, /max_image_size\.longest_edge/, type);
    refuses({ max_image_size: 364 }, /max_image_size/, type);
    refuses(
      { size: { shortest_edge: 9 } },
      /size: found "shortest_edge", expected .*longest_edge alone/,
      type,
    );
    refuses({ size: { longest_edge: 9, height: 9 } }, /size: found/, type);
    refuses({ size: 9 }, /size: found a whole number/, type);
    refuses({ do_pad: false }, /do_pad/, type);
    refuses({ do_center_crop: true }, /do_center_crop/, type);
  }
  refuses({ do_image_splitting: true }, /do_image_splitting/);
  refuses({ size: { longest_edge: 224 } }, /size: found "longest_edge"/);
});

Deno.test("passesFor() has no pass that changes nothing, and refuses sizes that an image cannot become", () => {
  const split = (fields = {}) =>
    read({ max_image_size: { longest_edge: 64 }, ...fields }, "SmolVLMImageProcessor");
  const shown = (config: ReturnType<typeof split>, height: number, width: number) =>
    passesFor(config, { height, width }).passes.map(({ from, pipeline, output }) =>
      `${from} ${pipeline.steps.map(({ op }) => op).join(" ")} ${output}`
    );
  assert.deepEqual(shown(split({ size: { longest_edge: 128 } }), 100, 150), [
    "-1 resize levels",
    "0 resize levels",
    "1 normalize tiles",
    "1 resize normalize image",
  ]);
  assert.deepEqual(shown(split({ size: { longest_edge: 128 } }), 128, 128), [
    "-1 normalize tiles",
    "-1 resize normalize image",
  ]);
  assert.deepEqual(shown(split({ size: { longest_edge: 64 } }), 64, 64), ["-1 normalize image"]);
  assert.deepEqual(shown(split({ do_resize: false }), 60, 64), ["-1 resize levels", "0 normalize image"]);
  assert.deepEqual(shown(split({ size: { longest_edge: 50 }, do_image_splitting: false }), 100, 100), [
    "-1 resize levels",
    "0 resize normalize image",
  ]);
  assert.throws(() => passesFor(split({ size: { longest_edge: 65535 } }), { height: 0, width: 9 }), {
    code: "size",
  });
  assert.throws(() => pipelineFor(split(), { height: 9, width: 9 }), {
    code: "pipeline",
    message: /SmolVLMImageProcessor: it cuts tiles, expected passesFor\(\)/,
  });
  const large = read({ max_image_size: { longest_edge: 60_000 } }, "Idefics3ImageProcessor");
  assert.throws(() => passesFor(large, { height: 9, width: 9 }), {
    code: "size",
    message: /would become 60000 x 60000/,
  });
  const anyres = read(
    { size: 60_000, crop_size: 60_000, image_grid_pinpoints: [[60_000, 60_000]] },
    "LlavaNextImageProcessor",
  );
  assert.throws(() => passesFor(anyres, { height: 9, width: 9 }), {
    code: "size",
    message: /would become 60000/,
  });
  for (const bad of [null, undefined, 5, {}]) {
    assert.throws(() => passesFor(bad as never, { height: 9, width: 9 }), { code: "pipeline" });
  }
});

Deno.test("centerAxis() by torchvision's rounding starts at half the difference, half to even", () => {
  const starts = (center: "down" | "half-even") =>
    [5, 6, 7, 8, 9].map((length) => centerAxis(length, 4, center).start);
  assert.deepEqual(starts("down"), [0, 1, 1, 2, 2]);
  assert.deepEqual(starts("half-even"), [0, 1, 2, 2, 2]);
});

Deno.test("readProcessorConfig() throws only OnpathError for any JSON", () => {
  const types = fc.constantFrom(...Object.keys(FAMILIES));
  const keys = fc.constantFrom(
    "size",
    "crop_size",
    "resample",
    "image_mean",
    "rescale_factor",
    "patch_size",
    "do_pad",
    "image_grid_pinpoints",
    "max_image_size",
  );
  fc.assert(fc.property(types, fc.dictionary(keys, fc.jsonValue()), (type, fields) => {
    try {
      readProcessorConfig({ image_processor_type: type, ...fields });
    } catch (error) {
      assert(error instanceof OnpathError, String(error));
    }
  }));
});

Deno.test("resizedSize() truncates the longer edge as exact arithmetic does", () => {
  const edge = fc.integer({ min: 1, max: 65535 });
  fc.assert(fc.property(edge, edge, edge, (height, width, length) => {
    const [low, high] = height < width ? [height, width] : [width, height];
    const other = Number(BigInt(length) * BigInt(high) / BigInt(low));
    assert.deepEqual(
      resizedSize({ kind: "shortest", length }, height, width),
      height < width ? [length, other] : [other, length],
    );
  }));
});

Deno.test("resizedSize() by pixels gives multiples of the factor within the range", () => {
  const edge = fc.integer({ min: 1, max: 8000 });
  const rule = { kind: "smart", factor: 28, minPixels: 3136, maxPixels: 1003520 } as const;
  fc.assert(fc.property(edge, edge, (height, width) => {
    if (Math.max(height, width) > 200 * Math.min(height, width)) {
      assert.throws(() => resizedSize(rule, height, width), { code: "size", message: /ratio/ });
      return;
    }
    const [rows, columns] = resizedSize(rule, height, width);
    assert(rows % 28 === 0 && columns % 28 === 0 && rows > 0 && columns > 0);
    assert(rows * columns >= rule.minPixels);
    // An edge that would fall below the factor stays at it, so a long image may exceed the range.
    assert(rows * columns <= rule.maxPixels || rows === 28 || columns === 28);
  }));
});

Deno.test("centerAxis() takes the samples that NumPy's slices and zeros give", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (length, crop) => {
    // Index of the sample at each place of the crop; null for a zero.
    const padded = crop > length ? Math.ceil((crop - length) / 2) : 0;
    const start = Math.floor((length - crop) / 2) + padded;
    const expected = Array.from({ length: crop }, (_, at) => {
      const from = at + start - padded;
      return from >= 0 && from < length ? from : null;
    });
    const { start: first, length: kept, before, after } = centerAxis(length, crop);
    const zeros = (count: number) => new Array<null>(count).fill(null);
    const found = [...zeros(before), ...Array.from({ length: kept }, (_, at) => first + at), ...zeros(after)];
    assert.deepEqual(found, expected);
  }));
});

Deno.test("pipelineFor() refuses sizes that an image cannot have or become", () => {
  const clip = read({});
  const at = (height: number, width: number) => () => pipelineFor(clip, { height, width });
  for (const bad of [0, -1, 1.5, NaN, 65536]) {
    assert.throws(at(bad, 9), { code: "size", message: /image height/ });
  }
  assert.throws(at(1, 65535), { code: "size", message: /it would become 224 x 14679840/ });
  const large = read({ size: { height: 65535, width: 65535 } });
  assert.throws(() => pipelineFor(large, { height: 9, width: 9 }), {
    code: "size",
    message: /268435456 samples/,
  });
  const patches = read({ do_resize: false }, "Qwen2VLImageProcessor");
  assert.throws(() => pipelineFor(patches, { height: 56, width: 57 }), {
    code: "size",
    message: /multiples of 28/,
  });
  assert.equal(pipelineFor(patches, { height: 56, width: 84 }).width, 84);
});

Deno.test("pipelineFor() has no step that changes nothing", () => {
  const { pipeline, height, width } = pipelineFor(read({}), { height: 224, width: 224 });
  assert.deepEqual([height, width, pipeline.steps.map(({ op }) => op)], [224, 224, ["normalize"]]);
  const small = read({ do_resize: false, crop_size: { height: 10, width: 5 } });
  assert.deepEqual(pipelineFor(small, { height: 7, width: 8 }).pipeline.steps.slice(0, 2), [
    { op: "crop", top: 0, left: 1, height: 7, width: 5 },
    { op: "pad", top: 2, left: 0, bottom: 1, right: 0, fill: 0 },
  ]);
});
