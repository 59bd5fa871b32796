import assert from "node:assert/strict";
import fc from "fast-check";
import { readProcessorConfig } from "../../../runtime/processor/config.ts";
import { FAMILIES } from "../../../runtime/processor/families.ts";
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
    const { resize, crop } = read({}, type);
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
    "Qwen2VLImageProcessor smart 28 3136 1003520 bicubic -",
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
  for (const rescale_factor of [1 / 127.5, 1, 0, NaN, null]) refuses({ rescale_factor }, /rescale_factor/);
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
