import assert from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { checkPlan, decodePlan, encodePlan, MAX_PLAN_BYTES } from "../../kernels/plan/file.ts";
import { compile } from "../../kernels/compile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { refusal } from "../support/failure.ts";
import { anyCase, test } from "./helpers.ts";
import { samplePlan } from "./plan_samples.ts";

const refused = refusal("plan");

test("decodePlan() gives back what encodePlan() wrote", () => {
  fc.assert(
    fc.property(anyCase, ({ image, pipeline }) => {
      const plan = compile(pipeline, { input: image, device: MODEL_PROFILE });
      assert.deepEqual(decodePlan(encodePlan(plan)), plan);
    }),
    { numRuns: 100, seed: 20260105 },
  );
});

test("decodePlan() reads plans of views into larger buffers", () => {
  const bytes = encodePlan(samplePlan());
  const larger = new Uint8Array(bytes.length + 20).fill(0xff);
  larger.set(bytes, 9);
  assert.deepEqual(decodePlan(larger.subarray(9, 9 + bytes.length)), samplePlan());
});

test("encodePlan() writes the same few KiB for the same plan, whatever the order of its fields", () => {
  const plan = samplePlan();
  const bytes = encodePlan(plan);
  assert(bytes.length < 4096, `${bytes.length} bytes`);
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as unknown as typeof plan;
  assert.deepEqual(encodePlan(turned), bytes);
  assert(bytes.length < JSON.stringify(plan).length);
});

test("decodePlan() reads the plan of a pipeline whose optional fields are undefined", () => {
  const steps = [{ op: "normalize", range: "0-1", mean: undefined, std: undefined }] as never;
  const plan = compile({ steps }, {
    input: { dtype: "u8", shape: [8, 8, 3], layout: "HWC" },
    device: MODEL_PROFILE,
  });
  assert.deepEqual(decodePlan(encodePlan(plan)).id, plan.id);
  assert.deepEqual(checkPlan(JSON.parse(JSON.stringify(plan))).id, plan.id);
});

test("decodePlan() reads the plan of a pipeline with a mean of -0", () => {
  const plan = compile({ steps: [{ op: "normalize", range: "0-1", mean: [-0, 0, 0] }] }, {
    input: { dtype: "u8", shape: [8, 8, 3], layout: "HWC" },
    device: MODEL_PROFILE,
  });
  assert.deepEqual(decodePlan(encodePlan(plan)), plan);
});

test("decodePlan() reads the plan for a device whose profile has more fields", () => {
  const device = { ...MODEL_PROFILE, clockMHz: 300 };
  const plan = compile({ steps: [{ op: "resize", size: [4, 4] }] }, {
    input: { dtype: "u8", shape: [8, 8, 3], layout: "HWC" },
    device,
  });
  assert.deepEqual(decodePlan(encodePlan(plan)), plan);
});

test("decodePlan() refuses a plan that is cut off, at every length", () => {
  const bytes = encodePlan(samplePlan());
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodePlan(bytes.subarray(0, length)), refused, `${length} bytes`);
  }
});

test("decodePlan() refuses bytes behind the plan", () => {
  const bytes = encodePlan(samplePlan());
  for (const extra of [0, 0xc0, 0xff]) {
    assert.throws(() => decodePlan(Uint8Array.of(...bytes, extra)), refused);
  }
});

test("decodePlan() refuses every single byte that is changed, or reads the same plan", () => {
  const plan = samplePlan();
  const bytes = encodePlan(plan);
  let refusals = 0;
  const check = (at: number, mask: number) => {
    const changed = bytes.slice();
    changed[at]! ^= mask;
    try {
      assert.deepEqual(decodePlan(changed), plan);
    } catch (error) {
      refused(error);
      refusals++;
    }
  };
  for (let at = 0; at < bytes.length; at++) check(at, 0xff);
  assert(refusals > 0.9 * bytes.length);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), check),
    { numRuns: 2000, seed: 20260106 },
  );
});

test("decodePlan() refuses random bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => decodePlan(bytes), refused);
    }),
    { numRuns: 500, seed: 20260107 },
  );
});

test("decodePlan() refuses MessagePack that is no plan", () => {
  for (
    const value of [null, 1, "plan", true, [], [1, 2], {}, { format: "png" }, { steps: [] }, {
      format: "onpath.plan",
    }]
  ) {
    assert.throws(() => decodePlan(encode(value)), refused, JSON.stringify(value));
  }
});

test("decodePlan() refuses another version and another format by name", () => {
  const plan = samplePlan();
  const refusedAs = (change: object, message: RegExp) =>
    assert.throws(() => decodePlan(encode({ ...plan, ...change })), refusal("plan", message));
  refusedAs({ version: 1 }, /version 1: expected 4, compile it again/);
  refusedAs({ version: "1" }, /version "1"/);
  refusedAs({ version: null }, /version null/);
  refusedAs({ format: "onpath.table" }, /format is "onpath\.table"/);
  refusedAs({ format: 7 }, /format is 7/);
});

test("decodePlan() refuses a file that is too large before it reads it", () => {
  const bytes = new Uint8Array(MAX_PLAN_BYTES + 1);
  assert.throws(() => decodePlan(bytes), refusal("plan", /1048577 bytes.*1048576/));
});

test("checkPlan() refuses whatever is no plain data with code plan", () => {
  const cycle: Record<string, unknown> = {};
  cycle["format"] = cycle;
  const values: unknown[] = [undefined, null, 1n, Symbol("plan"), () => 1, new Map(), cycle, { format: 1n }, {
    format: cycle,
  }];
  values.push({ format: "onpath.plan", version: 1n }, { format: "onpath.plan", version: cycle });
  for (const [index, value] of values.entries()) {
    assert.throws(() => checkPlan(value), refused, `value ${index}`);
  }
});
