import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { createLookupModel } from "../../kernels/lookup/model.ts";
import type { LookupPlan } from "../../kernels/lookup/plan.ts";
import { type Memo, memoId, memoize } from "../../kernels/memoize/memo.ts";
import { checkPlan, decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader } from "../../serialize/header.ts";
import { packetBytes, writePacket } from "../../serialize/packets.ts";
import { slice, type Tensor, tensor, zeros } from "../../serialize/tensor.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";
import { changed, forged, type Path } from "./plan_samples.ts";

const INVERSE = memoize((x) => 255 - x, { input: "u8", output: "u8" });
const CUBE = memoize((x) => x ** 3, { input: { bits: 5 }, output: "u16" });
const PAIR = memoize((a, b) => a + 4 * b, { input: [{ bits: 9 }, { bits: 3 }], output: "u16" });
const LINES = memoize((x) => Math.floor(3.7 * x), {
  input: { bits: 12 },
  output: "u16",
  tolerance: 1,
  prefer: "bytes",
});

function planFor(memo: Memo, shape: readonly number[], device: DeviceProfile = MODEL_PROFILE): LookupPlan {
  const { dtype } = memo.domain;
  return compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input: { dtype, shape }, device });
}

test("a lookup plan states the memo's form, bytes and error beside the naive bytes", () => {
  const { body, packets } = planFor(PAIR, [7, 2]);
  const { id, form: { name, bytes }, naiveBytes } = PAIR;
  assert.deepEqual([body.memo.id, body.memo.form, body.memo.bytes, body.memo.naiveBytes], [
    id,
    name,
    bytes,
    naiveBytes,
  ]);
  assert.deepEqual(body.memo.error, { ulps: 0, absolute: 0, codes: 0 });
  assert.equal(naiveBytes, 2 * 4096);
  // 1344 bytes hold 336 pairs of u16; a bus word of answers has 16 elements.
  assert.deepEqual(packets, { request: 1344, answer: 672, answersPerRequest: 1, inFlight: 64 });
});

test("full requests and answers of lookups are whole bus words within the payload", () => {
  const u8 = memoize((x) => x, { input: "u8", output: "f32" });
  const f16 = memoize((x) => Math.sign(x) || 0, { input: { bits: 16 }, output: "u8" });
  for (const payload of [64, 100, 1344, 8192]) {
    for (const memo of [INVERSE, u8, f16, CUBE, PAIR]) {
      const { request, answer } = planFor(memo, [2, 2], { ...MODEL_PROFILE, payload }).packets;
      assert(request <= payload && answer <= payload && request > 0, `${payload}: ${request}, ${answer}`);
      if (payload >= 128) assert.deepEqual([request % 32, answer % 32], [0, 0], `${payload}`);
      assert.equal(request / memo.domain.itemBytes, answer / { u8: 1, u16: 2, f32: 4 }[memo.output as "u8"]);
    }
  }
});

test("a lookup plan passes through a file and through JSON, and gives the same results", async () => {
  const plan = planFor(LINES, [100]);
  assert.equal(plan.body.memo.form, "linear");
  assert.deepEqual(decodePlan(encodePlan(plan)), plan);
  assert.deepEqual(checkPlan(JSON.parse(JSON.stringify(plan))), plan);
  await using device = createModelDevice();
  const input = tensor(Uint16Array.from({ length: 100 }, (_, n) => 40 * n), { dtype: "u16", shape: [100] });
  const session = await Session.open(decodePlan(encodePlan(plan)) as LookupPlan, device, { memo: LINES });
  const { output, report } = await session.run(input);
  for (let n = 0; n < 100; n++) {
    assert(Math.abs(output.data[n]! - Math.floor(3.7 * 40 * n)) <= plan.body.memo.error.ulps, `${n}`);
  }
  assert.equal(report.counters.lookups, 100);
});

test("changed and forged lookup plans are refused", () => {
  const plan = planFor(CUBE, [4, 4]);
  const refused = refusal("plan");
  for (
    const [path, value] of [
      [["packets", "request"], 32],
      [["body", "memo", "bytes"], 1],
      [["body", "memo", "naiveBytes"], 1],
      [["body", "memo", "sizes", "first"], 3],
      [["body", "memo", "sizes", "second"], 3],
      [["body", "memo", "sizes", "second"], 2 ** 31],
      [["body", "memo", "sizes", "low"], 6],
      [["body", "memo", "operands"], ["f16"]],
      [["body", "memo", "operands"], []],
      [["body", "memo", "form"], "other"],
      [["body", "memo", "error", "ulps"], -1],
      [["body", "memo", "output"], "f64"],
      [["body", "input", "dtype"], "u16"],
      [["body", "input", "shape"], [-1]],
      [["body", "input", "shape"], [2 ** 31 - 1, 2]],
      [["body", "input", "extra"], 1],
      [["body", "checksum"], "none"],
    ] as [Path, unknown][]
  ) {
    assert.throws(() => decodePlan(encodePlan(changed(plan, path, value))), refused, path.join("."));
    assert.throws(
      () => decodePlan(encodePlan(forged(plan, path, value))),
      refused,
      `${path.join(".")} forged`,
    );
  }
});

test("Session.open() refuses a lookup plan without its memo, with another one, or with a forged one", async () => {
  await using device = createModelDevice();
  const plan = planFor(CUBE, [4]);
  const open = (memo: unknown) => Session.open(plan, device, { memo } as { memo: Memo });
  await assert.rejects(
    Session.open(plan, device, undefined as never),
    refusal("plan", /its memo .* is missing/),
  );
  await assert.rejects(open(undefined), refusal("plan", /missing/));
  await assert.rejects(open(INVERSE), refusal("plan", /was compiled with memo/));
  for (const memo of [null, 5, {}, [], { ...CUBE, domain: {} }]) {
    await assert.rejects(open(memo), refusal("table", /expected what memoize\(\) makes/));
  }
  const forge = (tables: object, more: object = {}) => {
    const forged = { ...CUBE, ...more, tables: { ...CUBE.tables, ...tables } } as Memo;
    return { ...forged, id: memoId(forged.domain, forged.output, forged.tables) };
  };
  const tables = CUBE.tables as Extract<Memo["tables"], { kind: "lookup" }>;
  const second = tables.second.slice();
  second[1]! ^= 1;
  await assert.rejects(
    open({ ...CUBE, tables: { ...tables, second } }),
    refusal("table", /they were changed/),
  );
  await assert.rejects(open(forge({ second })), refusal("plan", /was compiled with memo/));
  for (
    const wrong of [
      { low: -1 },
      { low: 6 },
      { low: 1.5 },
      { kind: "other" },
      { block: tables.block.map(() => 1000) },
      { block: new Uint32Array(0) },
      { second: new Uint32Array(tables.second.length).fill(65536) },
      { second: new Uint32Array(0) },
      { addend: [] },
      { kind: "linear", base: new Float64Array(3), slope: new Float64Array(3), shift: 2 },
    ]
  ) {
    const forgery = { ...CUBE, tables: { ...tables, ...wrong } };
    await assert.rejects(open(forgery), refusal("table", /do not fit its domain/), JSON.stringify(wrong));
  }
  const { form } = CUBE;
  for (
    const wrong of [
      { form: undefined },
      { form: { ...form, bytes: form.bytes + 1 } },
      { form: { ...form, first: 10n } },
      { form: { ...form, name: "linear" } },
      { form: { ...form, error: { ...form.error, ulps: 1 } } },
      { naiveBytes: 1 },
      { id: 10n },
    ]
  ) {
    await assert.rejects(open({ ...CUBE, ...wrong }), refusal("table", /they were changed/));
  }
  await assert.rejects(open({ ...CUBE, domain: { ...CUBE.domain, bits: 5n } }), refusal("table", /domain/));
  await assert.rejects(
    open(forge({}, { domain: { ...CUBE.domain, itemBytes: 2 } })),
    refusal("table", /domain/),
  );
});

test("compile() refuses a lookup of another memo, several steps, and inputs that do not fit", () => {
  const options = { memo: CUBE, input: { dtype: "u8", shape: [4] }, device: MODEL_PROFILE } as const;
  const step = { op: "lookup", table: CUBE.id } as const;
  const refuses = (
    steps: readonly object[],
    changes: object,
    code: Parameters<typeof refusal>[0],
    message: RegExp,
  ) =>
    assert.throws(
      () => compile({ steps } as never, { ...options, ...changes } as never),
      refusal(code, message),
    );
  refuses([{ op: "lookup", table: 1 }], {}, "pipeline", /the step names memo 1/);
  refuses([{ op: "lookup" }], {}, "pipeline", /table/);
  refuses([{ ...step, more: 1 }], {}, "pipeline", /more/i);
  refuses([step, step], {}, "pipeline", /2 lookup steps/);
  refuses([step], { memo: undefined }, "table", /expected what memoize\(\) makes/);
  refuses(
    [step],
    { input: { dtype: "f32", shape: [4] } },
    "dtype",
    /lookup of f32: the memo's operands are u8/,
  );
  refuses([step], { input: undefined }, "dtype", /undefined/);
  refuses([step], { input: { dtype: "u8" } }, "shape", /shape is undefined/);
  refuses([step], { input: { dtype: "u8", shape: [-1] } }, "size", /axis 0/);
  refuses(
    [step],
    { input: { dtype: "u8", shape: [2 ** 30 + 1] } },
    "size",
    /2147483650 bytes: expected at most 2147483648/,
  );
  const most = { ...options, input: { dtype: "u8", shape: [2 ** 30] } } as const;
  assert.deepEqual(compile({ steps: [step] }, most).body.input.shape, [2 ** 30]);
  refuses([step], { device: undefined }, "device", /expected a device/);
  refuses([step], { checksum: "none" }, "pipeline", /checksum/);
  refuses(
    [{ op: "lookup", table: PAIR.id }],
    { memo: PAIR, input: { dtype: "u16", shape: [2, 3] } },
    "shape",
    /last axis of 2/,
  );
});

test("Session.run() of a lookup refuses another type or shape, and codes beyond the operands", async () => {
  await using device = createModelDevice();
  const session = await Session.open(planFor(CUBE, [2, 3]), device, { memo: CUBE });
  const run = (value: unknown) => session.run(value as never);
  for (const value of [undefined, null, 5, "x", {}]) await assert.rejects(run(value), refusal("dtype"));
  await assert.rejects(run(zeros({ dtype: "u16", shape: [2, 3] })), refusal("dtype", /lookup of u16/));
  await assert.rejects(
    run(zeros({ dtype: "u8", shape: [3, 2] })),
    refusal("shape", /\[3, 2\]: the plan is for \[2, 3\]/),
  );
  await assert.rejects(run(zeros({ dtype: "u8", shape: [6] })), refusal("shape"));
  const beyond = tensor(Uint8Array.of(0, 31, 2, 32, 1, 1), { dtype: "u8", shape: [2, 3] });
  await assert.rejects(run(beyond), refusal("dtype", /code 32 at element 3: expected codes below 32/));
  const pairs = await Session.open(planFor(PAIR, [2, 2]), device, { memo: PAIR });
  const good = tensor(Uint16Array.of(511, 7, 0, 1), { dtype: "u16", shape: [2, 2] });
  assert.deepEqual([...(await pairs.run(good)).output.data], [539, 4]);
  const bad = tensor(Uint16Array.of(0, 8, 0, 1), { dtype: "u16", shape: [2, 2] });
  await assert.rejects(pairs.run(bad), refusal("dtype", /code 8 at element 1: expected codes below 8/));
  assert.equal(device.counters().packets, 1);
});

test("a lookup takes strided views, and tensors without elements", async () => {
  await using device = createModelDevice();
  const whole = tensor(Uint8Array.from({ length: 12 }, (_, n) => n), { dtype: "u8", shape: [3, 4] });
  const part = slice(whole, [0, 1], [3, 2]);
  const plan = planFor(INVERSE, [3, 2]);
  const { output } = await offload(plan, part, device, { resources: { memo: INVERSE } });
  assert.deepEqual([...output.data], [1, 2, 5, 6, 9, 10].map((x) => 255 - x));
  const none = await offload(planFor(CUBE, [0, 3]), zeros({ dtype: "u8", shape: [0, 3] }), device, {
    resources: { memo: CUBE },
  });
  assert.deepEqual([none.output.shape, none.output.dtype, none.output.data.length], [[0, 3], "u16", 0]);
  assert.equal(none.report.sent, 0);
  // The element type of results is known to the compiler.
  const options = { memo: CUBE, input: zeros({ dtype: "u8", shape: [1] }), device };
  const typed = compile({ steps: [{ op: "lookup", table: CUBE.id }] }, options);
  const one: Tensor<"u16"> =
    (await offload(typed, options.input, device, { resources: { memo: CUBE } })).output;
  assert.deepEqual([...one.data], [0]);
});

test("a lookup of more than 2^22 items has several flows, joined in order", async () => {
  await using device = createModelDevice();
  const count = 2 ** 22 + 5;
  const data = Uint8Array.from({ length: count }, (_, n) => (n * 31) >>> 3);
  const input = tensor(data, { dtype: "u8", shape: [count] });
  const plan = planFor(INVERSE, [count]);
  const { output, report } = await offload(plan, input, device, { resources: { memo: INVERSE } });
  assert.equal(report.sent, Math.ceil(2 ** 22 / 1344) + 1);
  assert.equal(output.data.length, count);
  const wrong = data.findIndex((x, n) => output.data[n] !== 255 - x);
  assert.equal(wrong, -1);
});

test("the lookup model drops payloads that are too long, not whole items, or of another kind, as items", () => {
  const plan = planFor(PAIR, [100, 2], { ...MODEL_PROFILE, payload: 64 });
  const model = createLookupModel(plan, PAIR);
  const { requests, answers } = reservePlanSlots({ ...plan.packets, request: 256 });
  const send = (bytes: number, changes: object = {}) => {
    const header = {
      ...newHeader(),
      plan: plan.id,
      kind: KIND.samples,
      packets: 9,
      flags: FLAG.checked,
      length: bytes,
    };
    writePacket(requests, 0, { ...header, sequence: 1, ...changes }, new Uint8Array(bytes).fill(255));
    return model.take(requests, 0, answers, 0);
  };
  assert.equal(plan.packets.request, 64);
  assert.equal(send(64), 1);
  assert.equal(send(4), 1);
  // Bits beyond the operands are ignored: 511 + 4 · 7.
  assert.deepEqual([...packetBytes(answers, 0).subarray(HEADER_BYTES)], [539 & 255, 539 >> 8]);
  assert.deepEqual([send(68), send(62), send(64, { kind: KIND.text })], ["items", "items", "items"]);
  assert.equal(send(64, { plan: plan.id ^ 1 }), "plan");
  assert.equal(model.counts().lookups, 2 * 17);
});
