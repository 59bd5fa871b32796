import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import type { CompileOptions } from "../../kernels/image/plan/compile_options.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import type { ErrorCode } from "../../serialize/errors.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";

const RESIZE: ImagePipeline = { steps: [{ op: "resize", size: [8, 8] }] };

function refuses(
  code: ErrorCode,
  message: RegExp,
  options: {
    steps?: readonly object[];
    input?: Partial<CompileOptions["input"]>;
    device?: object;
    layout?: CompileOptions["layout"];
  },
): void {
  const { input, device, layout } = options;
  const steps = (options.steps ?? RESIZE.steps) as ImagePipeline["steps"];
  assert.throws(
    () =>
      compile({ steps }, {
        input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC", ...input },
        device: { ...MODEL_PROFILE, ...device },
        layout,
      }),
    refusal(code, message),
  );
}

test("compile() refuses an input that is not u8", () => {
  for (const dtype of ["f32", "i8", ""]) refuses("dtype", /expected u8/, { input: { dtype } });
});

test("compile() refuses an input without a known layout", () => {
  refuses("shape", /layout undefined.*HWC, CHW, NHWC, NCHW/, { input: { layout: undefined } });
  refuses("shape", /layout WHC/, { input: { layout: "WHC" as "HWC" } });
});

test("compile() refuses a shape with another number of axes than its layout", () => {
  for (const shape of [[], [16, 16], [1, 16, 16, 3]]) refuses("shape", /axes/, { input: { shape } });
});

test("compile() refuses sizes that are zero, negative, broken or huge", () => {
  for (const shape of [[0, 16, 3], [16, 0, 3], [-1, 16, 3], [1.5, 16, 3], [NaN, 16, 3], [Infinity, 16, 3]]) {
    refuses("size", /whole number/, { input: { shape } });
  }
  refuses("size", /65535/, { input: { shape: [65536, 16, 3] } });
  refuses("size", /65535/, { input: { shape: [16, 65536, 3] } });
  refuses("size", /elements/, { input: { shape: [65535, 65535, 3] } });
  refuses("size", /batch/, { input: { shape: [0, 16, 16, 3], layout: "NHWC" } });
  refuses("size", /packets/, {
    input: { shape: [2 ** 19, 16, 16, 1], layout: "NHWC" },
    steps: [{ op: "resize", size: [64, 63] }],
    device: { payload: 64 },
    layout: "cells",
  });
});

test("compile() refuses channels other than 1, 3 and 4", () => {
  for (const channels of [0, 2, 5]) {
    refuses("shape", /expected 1 .* 3 .* 4/, { input: { shape: [16, 16, channels] } });
  }
  refuses("shape", /16 channels/, { input: { shape: [3, 16, 16], layout: "HWC" } });
});

test("compile() refuses an output of more elements than a tensor has", () => {
  const border = { top: 32767, left: 32767, bottom: 32767, right: 32767 };
  refuses("size", /elements/, { input: { shape: [1, 1, 3] }, steps: [{ op: "pad", ...border }] });
});

test("compile() refuses a kernel that the device lacks", () => {
  refuses("device", /"resize"/, { device: { kernels: ["normalize"] } });
  const steps = [...RESIZE.steps, { op: "normalize", range: "0-1" }];
  refuses("device", /model.*"normalize"/, { steps, device: { kernels: ["resize"] } });
});

test("compile() takes tables that just fit and refuses them one block short", () => {
  const input = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
  const steps = [{ op: "resize", size: [224, 224] }] as const;
  const { body: { forms } } = compile({ steps }, { input, device: MODEL_PROFILE });
  const least = Math.min(
    ...forms.map(({ levels, blocks }) => levels === 0 && blocks ? blocks.bram : Infinity),
  );
  const small = { uram: 0, usable: 1, instances: 1 };
  const fits = compile({ steps }, { input, device: { ...MODEL_PROFILE, ...small, bram: least } });
  assert.equal(fits.body.forms.find(({ verdict }) => verdict === "chosen")!.blocks!.bram, least);
  const device = { ...small, bram: least - 1 };
  refuses("table", new RegExp(`fit ${least - 1} BRAM and 0 URAM; these would fit|the smallest form`), {
    input,
    steps,
    device,
  });
});

test("compile() says what would fit when the form that is asked for does not", () => {
  const input = { dtype: "u8", shape: [719, 1279, 3], layout: "HWC" } as const;
  assert.throws(
    () =>
      compile({ steps: [{ op: "resize", size: [224, 224] }] }, {
        input,
        device: MODEL_PROFILE,
        form: "distinct",
      }),
    refusal("table", /of the form distinct within 0 levels fit .* two-pass \(exact\).*row-pages/),
  );
});

test("compile() refuses a device payload out of bounds", () => {
  for (const payload of [0, 63, 8193, 100.5, NaN]) refuses("device", /payload/, { device: { payload } });
});

test("compile() refuses a device whose numbers mean nothing", () => {
  for (
    const device of [{ bram: NaN }, { bram: -1 }, { uram: 0.5 }, { clockMHz: 0 }, { instances: Infinity }]
  ) {
    assert.throws(
      () =>
        compile({ steps: [{ op: "crop", top: 0, left: 0, height: 1, width: 1 }] }, {
          input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC" },
          device: { ...MODEL_PROFILE, ...device },
        }),
      refusal("device", new RegExp(Object.keys(device)[0]!)),
      JSON.stringify(device),
    );
  }
});

test("compile() refuses steps that do not fit the image, naming the step", () => {
  refuses("pipeline", /steps\.0 \(crop\)/, { steps: [{ op: "crop", top: 9, left: 0, height: 8, width: 8 }] });
  refuses("pipeline", /steps\.1 \(resize\).*once/, { steps: [...RESIZE.steps, ...RESIZE.steps] });
  refuses("pipeline", /steps\.0 \(normalize\).*2 values/, {
    steps: [{ op: "normalize", range: "0-1", mean: [0, 0] }],
  });
  refuses("pipeline", /"blur".*expected one of/, { steps: [{ op: "blur" }] });
  refuses("pipeline", /pipeline\.steps: too small/, { steps: [] });
});

test("compile() refuses pads of several colours and takes a pad of no rows and columns", () => {
  const pad = { op: "pad", top: 1, left: 1, bottom: 1, right: 1, fill: 3 };
  refuses("pipeline", /several colours/, { steps: [pad, { ...pad, fill: 4 }] });
  const plan = compile({ steps: [pad, { op: "pad", fill: 4 }] } as ImagePipeline, {
    input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC" },
    device: MODEL_PROFILE,
  });
  assert.deepEqual(plan.body.geometry.fill, [3, 3, 3]);
});
