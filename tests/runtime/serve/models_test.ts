import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { compile } from "../../../kernels/compile.ts";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { readTiktoken } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { offload } from "../../../runtime/offload.ts";
import { processorFrom } from "../../../runtime/processor/processor.ts";
import { createHandler } from "../../../runtime/serve/handler.ts";
import type { InferenceHandler } from "../../../runtime/serve/handler_types.ts";
import { imageModel } from "../../../runtime/serve/image_model.ts";
import type { AnyInferenceModel } from "../../../runtime/serve/model.ts";
import { predictedBy } from "../../../runtime/serve/predictor.ts";
import { processorModel } from "../../../runtime/serve/processor_model.ts";
import type { InferenceTensor } from "../../../runtime/serve/tensors.ts";
import { textModel } from "../../../runtime/serve/text_model.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { refusal } from "../../support/failure.ts";
import { IMAGE_BYTES, imageOf, imageTensor, openDevice, SHAPE, smallModel, smallPlan } from "./helpers.ts";

const utf8 = new TextEncoder();

async function withModel(model: AnyInferenceModel, run: (handler: InferenceHandler) => Promise<void>) {
  await using handler = createHandler({ models: [model] });
  await handler.start();
  await run(handler);
}

/** Result of a library call for an image. */
async function expected(plan: ReturnType<typeof smallPlan>, data: Uint8Array<ArrayBuffer>) {
  await using device = createModelDevice();
  return (await offload(plan, tensor(data, { dtype: "u8", shape: SHAPE, layout: "HWC" }), device)).output;
}

/** Vocabulary of the 256 bytes and a few pairs, which compiles at once. */
function tinyVocabulary() {
  const words = [...Array(256).keys()].map((byte) => Uint8Array.of(byte));
  for (const word of ["he", "ll", "hell", "lo"]) words.push(utf8.encode(word));
  const line = (bytes: Uint8Array, rank: number) => `${btoa(String.fromCharCode(...bytes))} ${rank}`;
  return compileVocabulary(readTiktoken(words.map(line).join("\n"), "cl100k_base"));
}

Deno.test("makers of models and createHandler() name the option that is missing or wrong", () => {
  const open = openDevice, plan = smallPlan("u8"), name = "small";
  const size = (run: () => unknown, words: RegExp) => assert.throws(run, refusal("size", words));
  for (
    const make of [imageModel, textModel, processorModel] as unknown as ((options: unknown) => unknown)[]
  ) {
    size(() => make(undefined), /^Cannot make an? \w+ model: the options are undefined, expected an object$/);
    size(() => make({}), /model: name is undefined, expected a string$/);
    size(() => make({ name, version: 2, open }), /model: version is 2, expected a string$/);
    size(() => make({ name }), /model: open is undefined, expected a function$/);
  }
  size(() => imageModel({ name, open } as never), /plan is undefined, expected an object$/);
  const text = { ...plan, workload: "tokenize" };
  assert.throws(() => imageModel({ name, open, plan: text as never }), refusal("plan", /workload is/));
  assert.throws(() => textModel({ name, open } as never), refusal("table", /vocabulary that is undefined/));
  size(() => createHandler(undefined as never), /^Cannot create a handler: the options are undefined/);
  size(() => createHandler({} as never), /models is undefined, expected an array$/);
  size(() => createHandler({ models: [undefined as never] }), /^Cannot serve a model: .* undefined/);
  const model = imageModel({ name, plan, open });
  size(() => predictedBy(model, undefined as never), /the options are undefined/);
  size(() => predictedBy(model, {} as never), /url is undefined, expected a string$/);
  size(() => predictedBy(undefined as never, { url: "http://x" }), /the options are undefined/);
});

for (const dtype of ["u8", "f32", "f16", "bf16"] as const) {
  Deno.test(`imageModel() gives the tensor of a library call, alone and in a batch: ${dtype}`, async () => {
    const plan = smallPlan(dtype);
    await withModel(smallModel(dtype), async (handler) => {
      const [one, two] = [await expected(plan, imageOf(1)), await expected(plan, imageOf(2))];
      const { outputs: [alone] } = await handler.infer({ model: "small", inputs: [imageTensor(imageOf(1))] });
      assert.deepEqual([alone!.shape, alone!.data], [one.shape, one.data]);
      const data = new Uint8Array([...imageOf(1), ...imageOf(2)]);
      const batch: InferenceTensor = { name: "image", datatype: "UINT8", shape: [2, ...SHAPE], data };
      const { outputs: [both] } = await handler.infer({ model: "small", inputs: [batch], id: "b" });
      assert.deepEqual(both!.shape, [2, ...one.shape]);
      assert.deepEqual([...both!.data as Uint8Array], [...one.data, ...two.data]);
      assert.equal(both!.datatype, { u8: "UINT8", f32: "FP32", f16: "FP16", bf16: "BF16" }[dtype]);
    });
  });
}

Deno.test("imageModel() refuses another shape, datatype, name, or output, each by name", async () => {
  await withModel(smallModel(), async (handler) => {
    const infer = (input: object, outputs?: string[]) =>
      handler.infer({
        model: "small",
        inputs: [{ ...imageTensor(imageOf(1)), ...input } as InferenceTensor],
        outputs,
      });
    await assert.rejects(
      infer({ shape: [32, 24, 3] }),
      refusal("shape", /expected \[24, 32, 3\], or \[N, 24, 32, 3\]/),
    );
    await assert.rejects(infer({ shape: [0, ...SHAPE], data: new Uint8Array() }), refusal("shape"));
    await assert.rejects(infer({ shape: [IMAGE_BYTES] }), refusal("shape"));
    await assert.rejects(
      infer({ datatype: "INT8" }),
      refusal("dtype", /input image is INT8, expected UINT8/),
    );
    await assert.rejects(
      infer({ name: "picture" }),
      refusal("pipeline", /input "picture" is unknown, expected image/),
    );
    await assert.rejects(
      infer({}, ["ouput"]),
      refusal("pipeline", /output "ouput" is unknown, expected output/),
    );
    await assert.rejects(
      handler.infer({ model: "small", inputs: [] }),
      refusal("pipeline", /input image is missing/),
    );
    await assert.rejects(
      handler.infer({ model: "large", inputs: [] }),
      refusal("plan", /"large": it is unknown/),
    );
    await assert.rejects(
      handler.infer({ model: "small", version: "2", inputs: [] }),
      refusal("plan", /version "2"/),
    );
  });
});

Deno.test("imageModel() opens another device when one is lost, and the request succeeds", async () => {
  let opens = 0;
  const plan = smallPlan();
  const model = imageModel({
    name: "small",
    plan,
    open: () => {
      const device = createModelDevice();
      if (opens++ > 0) return Promise.resolve(device);
      // The first device fails at its first exchange.
      return Promise.resolve(Object.assign(Object.create(device), {
        exchange: () => Promise.reject(new OnpathError("device", "Cannot exchange: the device is lost")),
      }));
    },
  });
  await withModel(model, async (handler) => {
    const { outputs: [found] } = await handler.infer({ model: "small", inputs: [imageTensor(imageOf(3))] });
    assert.deepEqual(found!.data, (await expected(plan, imageOf(3))).data);
    assert.equal(opens, 2);
  });
});

Deno.test("imageModel() closes a device whose session is refused, and does not become ready", async () => {
  let closed = 0;
  const input = { dtype: "u8", shape: SHAPE, layout: "HWC" } as const;
  const plan = compile({ steps: [{ op: "resize", size: [8, 8] }] }, {
    input,
    device: { ...MODEL_PROFILE, name: "other" },
  });
  const open = () => {
    const device = createModelDevice();
    return Promise.resolve(
      Object.assign(Object.create(device), { close: () => Promise.resolve(void closed++) }),
    );
  };
  await using handler = createHandler({ models: [imageModel({ name: "small", plan, open })] });
  await assert.rejects(handler.start(), refusal("plan", /compiled for other/));
  assert.deepEqual([closed, handler.isReady()], [1, false]);
});

Deno.test("processorModel() gives the values of the processor for files of different sizes, and names a bad one", async () => {
  const config = {
    image_processor_type: "CLIPImageProcessor",
    size: { shortest_edge: 32 },
    crop_size: { height: 32, width: 32 },
  };
  const files = ["coffee.png", "rocket.jpg"].map((name) =>
    new Uint8Array(readFileSync(new URL(`../../../scripts/photos/${name}`, import.meta.url)))
  );
  const { pixel_values } = await processorFrom(config)(files);
  await withModel(processorModel({ name: "clip", config, open: openDevice }), async (handler) => {
    const images = (data: Uint8Array[], shape = [data.length]): InferenceTensor => ({
      name: "images",
      datatype: "BYTES",
      shape,
      data,
    });
    const { outputs: [values] } = await handler.infer({ model: "clip", inputs: [images(files, [2, 1])] });
    assert.deepEqual([values!.shape, values!.data], [pixel_values.dims, pixel_values.data]);
    // Requests of one batch: a bad image fails its own request alone.
    const requests = [[files[0]!], [utf8.encode("no picture")], [files[1]!]];
    const results = await Promise.allSettled(
      requests.map((data) => handler.infer({ model: "clip", inputs: [images(data)] })),
    );
    assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    refusal("file", /image 0: .*expected a PNG, JPEG or WebP/)((results[1] as PromiseRejectedResult).reason);
    await assert.rejects(
      handler.infer({ model: "clip", inputs: [images([], [0])] }),
      refusal("shape", /\[N\] or \[N, 1\]/),
    );
  });
});

Deno.test("processorModel() lets images of different results share a batch, and refuses them in one request", async () => {
  // Without resize and crop, results have the sizes of their images.
  const config = { image_processor_type: "ViTImageProcessor", do_resize: false };
  const decoder = ([height = 0, width = 0]: Uint8Array) =>
    tensor(new Uint8Array(height * width * 3), { dtype: "u8", shape: [height, width, 3], layout: "HWC" });
  await withModel(processorModel({ name: "vit", config, decoder, open: openDevice }), async (handler) => {
    const infer = (...data: Uint8Array[]) =>
      handler.infer({
        model: "vit",
        inputs: [{ name: "images", datatype: "BYTES", shape: [data.length], data }],
      });
    const [small, large] = [Uint8Array.of(4, 6), Uint8Array.of(8, 6)];
    const both = await Promise.all([infer(small), infer(large)]);
    assert.deepEqual(both.map(({ outputs: [values] }) => values!.shape), [[1, 3, 4, 6], [1, 3, 8, 6]]);
    await assert.rejects(infer(small, large), refusal("shape", /image 1 becomes \[3, 8, 6\]/));
  });
});

Deno.test("processorModel() gives patches and their grid for Qwen2-VL", async () => {
  const config = { image_processor_type: "Qwen2VLImageProcessor", min_pixels: 3136, max_pixels: 12544 };
  const decoder = ([height = 0, width = 0]: Uint8Array) =>
    tensor(new Uint8Array(height * width * 3).fill(90), {
      dtype: "u8",
      shape: [height, width, 3],
      layout: "HWC",
    });
  const data = [Uint8Array.of(60, 90), Uint8Array.of(112, 56)];
  const wanted = await processorFrom(config, { decoder })(data);
  await withModel(processorModel({ name: "qwen", config, decoder, open: openDevice }), async (handler) => {
    const { outputs } = await handler.infer({
      model: "qwen",
      inputs: [{ name: "images", datatype: "BYTES", shape: [2], data }],
    });
    assert.deepEqual([outputs[0]!.shape, outputs[0]!.data], [
      wanted.pixel_values.dims,
      wanted.pixel_values.data,
    ]);
    assert.deepEqual([outputs[1]!.shape, outputs[1]!.data], [[2, 3], wanted.image_grid_thw!.data]);
  });
});

Deno.test("processorModel() refuses a picture of more samples than its maximum before it is decoded", async () => {
  const config = { image_processor_type: "ViTImageProcessor" };
  const file = new Uint8Array(readFileSync(new URL("../../../scripts/photos/rocket.jpg", import.meta.url)));
  const samples = 427 * 640 * 3;
  for (const [maxSamples, isTaken] of [[samples, true], [samples - 1, false]] as const) {
    await withModel(
      processorModel({ name: "vit", config, maxSamples, open: openDevice }),
      async (handler) => {
        const done = handler.infer({
          model: "vit",
          inputs: [{ name: "images", datatype: "BYTES", shape: [1], data: [file] }],
        });
        if (isTaken) await done;
        else await assert.rejects(done, refusal("size", /expected at most 819839/));
      },
    );
  }
});

Deno.test("textModel() gives the encoder's ids, filled to the longest text, and a mask", async () => {
  const vocabulary = await tinyVocabulary();
  const encoder = createEncoder(vocabulary);
  const texts = ["hello", "", "hello hello lo", "é\u{1F600}"];
  const ids = texts.map((text) => [...encoder.encode(text)]);
  const longest = Math.max(...ids.map(({ length }) => length));
  await withModel(textModel({ name: "text", vocabulary, padId: 9, open: openDevice }), async (handler) => {
    const data = texts.map((text) => utf8.encode(text));
    const { outputs: [found, mask] } = await handler.infer({
      model: "text",
      inputs: [{ name: "text", datatype: "BYTES", shape: [4], data }],
    });
    assert.deepEqual([found!.shape, mask!.shape], [[4, longest], [4, longest]]);
    const fill = (row: number[], value: number) =>
      [...row, ...new Array(longest - row.length).fill(value)].map(BigInt);
    assert.deepEqual([...found!.data as BigInt64Array], ids.flatMap((row) => fill(row, 9)));
    assert.deepEqual([...mask!.data as BigInt64Array], ids.flatMap((row) => fill(row.map(() => 1), 0)));
    const alone = await handler.infer({
      model: "text",
      inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: [new Uint8Array()] }],
    });
    assert.deepEqual(alone.outputs[0]!.shape, [1, 0]);
  });
});
