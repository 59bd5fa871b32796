import assert from "node:assert/strict";
import * as entry from "../../mod.ts";
import { compile } from "../../kernels/compile.ts";
import { decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import { createCachedEncoder } from "../../kernels/tokenize/cached_encode.ts";
import { ChunkCache } from "../../kernels/tokenize/chunk_cache.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import { decodeVocabulary } from "../../kernels/tokenize/file/decode.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";
import { tensor } from "../../serialize/tensor.ts";
import { tiny } from "../kernels/tokenize/small_vocabularies.ts";
import { smallImage } from "./device_bench.ts";
import { sameTensor, test } from "./helpers.ts";
import { expected, openSession, PIPELINE, planFor } from "./session_samples.ts";

/** Values that callers without a type checker pass by mistake. */
const WRONG: Readonly<Record<string, unknown>> = {
  "undefined": undefined,
  "null": null,
  "a number": 5,
  "a text": "x",
  "a list of texts": ["a"],
  "an object": {},
  "a function": () => 1,
  "a big number": 10n,
  "a symbol": Symbol("x"),
};

/** All of them but some. */
function wrong(...but: string[]): [string, never][] {
  return Object.entries(WRONG).filter(([name]) => !but.includes(name)) as [string, never][];
}

/** Asserts that a call ends in one OnpathError that names what was wrong and what was expected. */
async function refuses(
  what: string,
  call: () => unknown,
  codes: readonly ErrorCode[],
  message: RegExp = /expected/,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    assert(error instanceof OnpathError, `${what}: ${error instanceof Error ? error.stack : String(error)}`);
    assert(codes.includes(error.code), `${what}: ${error.code}`);
    assert.match(error.message, /^Cannot /, what);
    assert.match(error.message, message, what);
    assert(error.message.length < 500, what);
    return;
  }
  assert.fail(`${what} was accepted`);
}

test("Session.open() and offload() refuse a plan, a device or options of another type", async () => {
  await using device = createModelDevice();
  const plan = planFor(device);
  for (const [name, value] of wrong()) {
    await refuses(`plan: ${name}`, () => Session.open(value, device), ["plan"]);
    await refuses(`offload plan: ${name}`, () => offload(value, smallImage() as never, device), ["plan"]);
    await refuses(`device: ${name}`, () => Session.open(plan, value), ["device"]);
    await refuses(`offload device: ${name}`, () => offload(plan, smallImage(), value), ["device"]);
  }
  for (const [name, value] of wrong("undefined", "an object", "a list of texts")) {
    await refuses(`options: ${name}`, () => Session.open(plan, device, undefined, value), ["size"]);
    await refuses(`offload options: ${name}`, () => offload(plan, smallImage(), device, value), ["size"]);
  }
  await refuses("a stranger's plan", () => Session.open({ workload: "image" } as never, device), ["plan"]);
  await refuses("an unknown workload", () => Session.open({ ...plan, workload: "x" } as never, device), [
    "plan",
  ]);
});

test("Session.run() and runMany() refuse an input or options of another type, and stay usable", async () => {
  await using device = createModelDevice();
  const session = await openSession(device);
  for (const [name, value] of wrong()) {
    await refuses(`input: ${name}`, () => session.run(value), ["dtype", "shape"]);
    await refuses(`inputs: ${name}`, () => session.runMany([value]), ["dtype", "shape"]);
  }
  for (const [name, value] of wrong("a list of texts")) {
    await refuses(`list: ${name}`, () => session.runMany(value), ["dtype"]);
  }
  for (const [name, value] of wrong("undefined", "an object", "a list of texts")) {
    await refuses(`options: ${name}`, () => session.run(smallImage(), value), ["size"]);
    await refuses(`stream: ${name}`, () => session.stream(value), ["size"]);
  }
  const image = smallImage();
  for (
    const broken of [{ ...image, data: undefined }, { ...image, data: [1] }, { ...image, strides: undefined }]
  ) {
    await refuses("a broken tensor", () => session.run(broken as never), ["dtype", "shape", "size"]);
  }
  const gone = smallImage(),
    shrunk = new ArrayBuffer(image.data.length, { maxByteLength: image.data.length });
  const resizable = tensor(new Uint8Array(shrunk), { dtype: "u8", shape: image.shape, layout: "HWC" });
  structuredClone(gone.data.buffer, { transfer: [gone.data.buffer] });
  shrunk.resize(image.data.length - 1);
  const outside = [
    gone,
    resizable,
    { ...image, offset: 1 },
    { ...image, offset: -1 },
    { ...image, offset: NaN },
    { ...image, strides: image.strides.map((stride) => stride + 1) },
    { ...image, strides: image.strides.map((stride) => -stride) },
    { ...image, data: image.data.subarray(1) },
  ];
  for (const [at, broken] of outside.entries()) {
    await refuses(
      `elements outside: ${at}`,
      () => session.run(broken as never),
      ["shape"],
      /outside its data/,
    );
  }
  const floats = { ...image, data: new Float32Array(image.data.length) };
  await refuses("other elements", () => session.run(floats as never), ["dtype"], /held in a Uint8Array/);
  sameTensor((await session.run(image)).output, expected(image));
});

test("sessions of text refuse what is no text, and what is no vocabulary, and stay usable", async () => {
  await using device = createModelDevice();
  const vocabulary = await tiny();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
  const normalize = compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }, { device });
  const tokens = await Session.open(plan, device, { vocabulary });
  const texts = await Session.open(normalize, device);
  for (const session of [tokens, texts] as const) {
    const { workload } = session.plan;
    for (const [name, value] of wrong("a text")) {
      await refuses(`${workload} input: ${name}`, () => session.run(value), ["dtype"], /expected a string/);
      const stream = session.stream();
      await refuses(`${workload} push: ${name}`, () => stream.push(value), ["dtype"], /expected a string/);
      await stream.end();
    }
    for (const [name, value] of wrong("a list of texts")) {
      await refuses(`${workload} list: ${name}`, () => session.runMany(value), ["dtype"]);
    }
  }
  for (const [name, value] of wrong()) {
    await refuses(`resources: ${name}`, () => Session.open(plan, device, value), ["plan"], /vocabulary/);
    await refuses(`vocabulary: ${name}`, () => Session.open(plan, device, { vocabulary: value }), [
      "plan",
      "table",
    ]);
    if (name === "undefined") continue;
    const cache = value;
    await refuses(`cache: ${name}`, () => Session.open(plan, device, { vocabulary, cache }), ["table"]);
    await refuses(
      `onChunk: ${name}`,
      () => tokens.run("ab", { onChunk: name === "a function" ? 5 as never : value }),
      [
        "size",
      ],
    );
  }
  assert.deepEqual([...(await tokens.run("abc")).output.ids], [258]);
});

test("compile() refuses a pipeline, options, a device, an input or a vocabulary of another type", async () => {
  const input = { dtype: "u8", shape: [20, 30, 3], layout: "HWC" } as const;
  const device = MODEL_PROFILE;
  const vocabulary = await tiny();
  const all = ["pipeline", "device", "shape", "dtype", "size"] as const;
  const loose = compile as (...values: unknown[]) => unknown;
  const TOKENIZE = { steps: [{ op: "tokenize" }] };
  const NORMALIZE = { steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] };
  for (const [name, value] of wrong()) {
    await refuses(`pipeline: ${name}`, () => loose(value, { input, device }), ["pipeline"]);
    await refuses(`steps: ${name}`, () => loose({ steps: value }, { input, device }), ["pipeline"]);
    await refuses(`step: ${name}`, () => loose({ steps: [value] }, { input, device }), ["pipeline"]);
    await refuses(`op: ${name}`, () => loose({ steps: [{ op: value }] }, { input, device }), ["pipeline"]);
    for (const pipeline of [PIPELINE, TOKENIZE, NORMALIZE]) {
      await refuses(`options: ${name}`, () => loose(pipeline, value), ["pipeline", "device", "table"]);
      await refuses(`device: ${name}`, () => loose(pipeline, { input, vocabulary, device: value }), [
        "device",
      ]);
    }
    await refuses(`input: ${name}`, () => loose(PIPELINE, { input: value, device }), all);
    await refuses(`vocabulary: ${name}`, () => loose(TOKENIZE, { vocabulary: value, device }), ["table"]);
    await refuses(
      `shape: ${name}`,
      () => loose(PIPELINE, { input: { ...input, shape: value }, device }),
      all,
      /expected|axes/,
    );
    if (name === "undefined") continue;
    await refuses(`checksum: ${name}`, () => loose(PIPELINE, { input, device, checksum: value }), all);
    await refuses(`text checksum: ${name}`, () => loose(NORMALIZE, { device, checksum: value }), all);
    await refuses(`layout: ${name}`, () => loose(PIPELINE, { input, device, layout: value }), all);
    await refuses(`form: ${name}`, () => loose(PIPELINE, { input, device, form: value }), [...all, "table"]);
    if (name === "null" || name === "a number") continue;
    await refuses(`payload: ${name}`, () => loose(TOKENIZE, { vocabulary, device, payload: value }), [
      "size",
    ]);
  }
  await refuses("no device", () => loose(PIPELINE, { input }), ["device"], /device/);
  await refuses(
    "uint8",
    () => loose(PIPELINE, { input: { ...input, dtype: "uint8" }, device }),
    ["dtype"],
    /u8/,
  );
  await refuses(
    "hwc",
    () => loose(PIPELINE, { input: { ...input, layout: "hwc" }, device }),
    ["shape"],
    /HWC/,
  );
});

test("tensor() refuses a dtype or a layout that is none, and data of another type", async () => {
  const data = new Uint8Array(12);
  const shape = [2, 2, 3];
  const make = tensor as (...values: unknown[]) => unknown;
  await refuses("uint8", () => make(data, { dtype: "uint8", shape }), ["dtype"], /u8/);
  await refuses("hwc", () => make(data, { dtype: "u8", shape, layout: "hwc" }), ["shape"], /HWC/);
  for (const [name, value] of wrong()) {
    await refuses(`data: ${name}`, () => make(value, { dtype: "u8", shape }), ["dtype", "size", "shape"]);
    await refuses(`options: ${name}`, () => make(data, value), ["dtype", "size", "shape"]);
    await refuses(`dtype: ${name}`, () => make(data, { dtype: value, shape }), ["dtype"]);
    await refuses(`shape: ${name}`, () => make(data, { dtype: "u8", shape: value }), ["shape", "size"]);
  }
});

test("encoders refuse what is no text and what is no vocabulary", async () => {
  const vocabulary = await tiny();
  const encoders = [createEncoder(vocabulary), createCachedEncoder(new ChunkCache(vocabulary))];
  for (const [name, value] of wrong("a text")) {
    for (const encoder of encoders) {
      await refuses(`encode: ${name}`, () => encoder.encode(value), ["dtype"], /expected a string/);
    }
    await refuses(`push: ${name}`, () => createEncoder(vocabulary).stream().push(value), ["dtype"]);
    await refuses(`createEncoder: ${name}`, () => createEncoder(value), ["table"]);
  }
});

test("readers of files refuse what are no bytes", async () => {
  for (const [name, value] of wrong()) {
    await refuses(`decodePlan: ${name}`, () => decodePlan(value), ["plan"]);
    await refuses(`encodePlan: ${name}`, () => encodePlan(value), ["plan"]);
    await refuses(`decodeVocabulary: ${name}`, () => decodeVocabulary(value), ["table", "file"], /./);
  }
});

/** Calls a function, waits for what it returns, and closes that. */
async function callOnce(call: (...values: unknown[]) => unknown, values: readonly unknown[]): Promise<void> {
  const result = await call(...values);
  const close = Object(result)[Symbol.asyncDispose];
  if (typeof close === "function") await close.call(result);
}

test("no function of onpath throws anything but an OnpathError for a value of another type", async () => {
  const functions = Object.entries(entry).filter(([, value]) =>
    typeof value === "function" && !/^class /.test(Function.prototype.toString.call(value))
  );
  assert(functions.length > 40, `${functions.length} functions`);
  let refused = 0;
  for (const [name, call] of functions) {
    for (const [first, value] of wrong()) {
      for (const rest of [[], [null], [undefined, null], [{}], [{}, {}]]) {
        try {
          await callOnce(call as () => unknown, [value, ...rest]);
        } catch (error) {
          const what = `${name}(${first}, ${rest.map((other) => JSON.stringify(other)).join(", ")})`;
          assert(error instanceof OnpathError, `${what}: ${error instanceof Error ? error.stack : error}`);
          assert.match(error.message, /^Cannot /, what);
          refused++;
        }
      }
    }
  }
  assert(refused > 1000, `${refused} calls were refused`);
});
