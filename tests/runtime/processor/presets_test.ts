import assert from "node:assert/strict";
import { PRESET_ROWS } from "../../../runtime/processor/preset_table.ts";
import { presetConfig, presetFrom } from "../../../runtime/processor/presets.ts";
import type { OnpathError } from "../../../serialize/errors.ts";
import { longTest } from "../../support/long.ts";
import { DEFAULTS, presetGoldens } from "../../support/presets.ts";
import { assertGolden, photoBytes } from "./goldens.ts";
import { picture } from "./samples.ts";

Deno.test("presetConfig() has every preset of torchvision for classification, and no other", () => {
  let count = 0;
  for (const { names, resize, crop, filter, mean, std } of presetGoldens("preset")) {
    for (const name of names) {
      const config = presetConfig(name);
      assert.deepEqual(config.resize, { rule: { kind: "shortest", length: resize }, filter }, name);
      assert.deepEqual([config.crop, config.mean, config.std], [[crop, crop], mean, std], name);
      count++;
    }
  }
  assert.equal(PRESET_ROWS.reduce((sum, { classes }) => sum + classes.length, 0), count);
  assert(count > 100);
});

Deno.test("presetConfig() takes DEFAULT for the weights that torchvision's does", () => {
  for (const [type, weights] of Object.entries(DEFAULTS)) {
    assert.deepEqual(presetConfig(`${type}.DEFAULT`), presetConfig(`${type}.${weights}`), type);
  }
});

Deno.test("presetConfig() refuses other names, and lists the weights of a class", () => {
  const cases: [unknown, RegExp][] = [
    [
      "ResNet50_Weights.IMAGENET1K_V3",
      /expected ResNet50_Weights with IMAGENET1K_V1, IMAGENET1K_V2, DEFAULT/,
    ],
    [
      "ResNet51_Weights.IMAGENET1K_V1",
      /"ResNet51_Weights.IMAGENET1K_V1" is unknown, expected a name such as/,
    ],
    ["ResNet50", /expected a name such as/],
    ["FCOS_ResNet50_FPN_Weights.COCO_V1", /weights for classification/],
    ["__proto___Weights.DEFAULT", /expected a name/],
    ["", /expected a name/],
    ["x".repeat(1e6), /expected a name/],
    [null, /expected a name/],
    [undefined, /expected a name/],
    [{}, /expected a name/],
  ];
  for (const [name, message] of cases) {
    assert.throws(() => presetConfig(name as string), (error: OnpathError) => {
      assert.equal(error.code, "pipeline");
      assert.match(error.message, message);
      return error.message.length < 600;
    });
  }
});

for (const name of new Set(presetGoldens("values").map(({ preset }) => preset))) {
  longTest(
    `presetFrom() equals torchvision's transforms() on three photographs, on the model: ${name}`,
    async () => {
      const goldens = presetGoldens("values").filter(({ preset }) => preset === name);
      assert.equal(goldens.length, 3);
      const processor = presetFrom(name);
      const { pixel_values: { data, dims } } = await processor(
        await Promise.all(goldens.map(({ photo }) => photoBytes(photo))),
      );
      const length = data.length / 3;
      for (const [at, golden] of goldens.entries()) {
        assert.deepEqual(dims, [3, ...golden.dims]);
        assertGolden(data.subarray(at * length, (at + 1) * length), golden, `${name}, ${golden.photo}`);
      }
    },
    !name.startsWith("EfficientNet_B"),
  );
}

Deno.test("presetFrom() refuses gray and RGBA images, as its class does not convert", async () => {
  const processor = presetFrom("ResNet18_Weights.DEFAULT");
  for (const channels of [1, 4]) {
    await assert.rejects(processor(picture(30, 40, channels)), {
      code: "shape",
      message: /expected 3, because torchvision's presets do not convert/,
    });
  }
  assert.throws(() => presetFrom("ResNet18_Weights.DEFAULT", { maxPlans: 0 }), { code: "size" });
});
