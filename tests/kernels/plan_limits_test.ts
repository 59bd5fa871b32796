import { encode } from "@msgpack/msgpack";
import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { checkPlan, decodePlan, encodePlan, MAX_PLAN_BYTES } from "../../kernels/plan/file.ts";
import { checkForm } from "../../kernels/plan/form.ts";
import { identifyPlan, type Plan, PLAN_VERSION } from "../../kernels/plan/plan.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { refusal } from "../support/failure.ts";

const plan = compile({ steps: [{ op: "center_crop", size: [8, 8] }] }, {
  input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC" },
  device: MODEL_PROFILE,
});

/** A workload that accepts every plan, so that the envelope alone is judged. */
const any = { name: plan.workload, check: (read: Plan) => read as typeof plan };

/** The plan with other fields, and the id that they give. */
function changed(change: object): unknown {
  return identifyPlan({ ...plan, ...change } as typeof plan);
}

Deno.test("decodePlan() refuses files of more than 1 MiB before it reads them", () => {
  assert.equal(MAX_PLAN_BYTES, 2 ** 20);
  const reads = (length: number) => {
    const bytes = new Uint8Array(length).fill(0xc1);
    return () => decodePlan(bytes);
  };
  assert.throws(reads(MAX_PLAN_BYTES + 1), refusal("plan", /1048577 bytes/));
  assert.throws(reads(MAX_PLAN_BYTES), refusal("plan", /0xc1 at 0/));
});

Deno.test("decodePlan() reads texts and lists up to 65,536 items, and none longer", () => {
  const body = (size: number) => ({
    text: "a".repeat(size),
    list: new Array(size > 65_535 ? 1 : size).fill(0),
  });
  const read = (size: number) => decodePlan(encodePlan(changed({ body: body(size) }) as Plan), any);
  assert.equal((read(65_535).body as unknown as { text: string }).text.length, 65_535);
  assert.throws(() => read(65_537), refusal("plan"));
  const bytes = encode(changed({ body: new Uint8Array(1) }), { sortKeys: true });
  assert.throws(() => decodePlan(bytes, any), refusal("plan"));
});

Deno.test("checkPlan() accepts each count of packets up to its limit, and refuses one beyond", () => {
  const limits = { request: 8192, answer: 2 ** 20, answersPerRequest: 2 ** 20, inFlight: 2 ** 20 };
  for (const [name, most] of Object.entries(limits)) {
    const read = (value: number) => () =>
      checkPlan(changed({ packets: { ...plan.packets, [name]: value } }), any);
    for (const value of [1, most]) read(value)();
    for (const value of [0, most + 1, 1.5]) assert.throws(read(value), refusal("plan"), `${name} ${value}`);
  }
  checkPlan(changed({ workload: "w".repeat(100) }), any);
  assert.throws(() => checkPlan(changed({ workload: "w".repeat(101) }), any), refusal("plan"));
  assert.throws(() => checkPlan(changed({ target: { name: "none" } }), any), refusal("plan", /profile/));
  assert.throws(() => checkPlan({ ...plan, id: -1 }, any), refusal("plan"));
  assert.throws(() => checkPlan({ ...plan, id: 0 }, any), refusal("plan", /plan 0/));
  assert.throws(() => checkPlan({ ...plan, id: 2 ** 32 }, any), refusal("plan"));
  assert.throws(() => checkPlan({ ...plan, extra: 1 }, any), refusal("plan"));
});

Deno.test("checkPlan() refuses other formats and versions by what they are", () => {
  for (const value of [undefined, null, 5, "text", {}, { format: "other" }]) {
    assert.throws(() => checkPlan(value), refusal("plan", /its format is/));
  }
  assert.throws(() => checkPlan({ format: "x".repeat(50) }), refusal("plan", /"x{40}",/));
  assert.throws(() => checkPlan({ format: {} }), refusal("plan", /is an object/));
  assert.throws(() => checkPlan({ format: null }), refusal("plan", /is null/));
  assert.equal(PLAN_VERSION, 4);
  assert.throws(() => checkPlan({ ...plan, version: 3 }), refusal("plan", /version 3: expected/));
});

Deno.test("checkPlan() wants the id of what stands in it, and of what its workload compiles", () => {
  assert.deepEqual(checkPlan(structuredClone(plan)), plan);
  assert.throws(() => checkPlan({ ...plan, id: plan.id ^ 1 }), refusal("plan", /id/));
  const other = { ...plan, id: (plan.id + 1) % 2 ** 32 };
  assert.throws(() => checkPlan(plan, { ...any, check: () => other }), refusal("plan", /compil/));
  const own = new OnpathError("plan", "Cannot read a plan: mine");
  const fails = (error: Error) => () =>
    checkPlan(plan, {
      ...any,
      check: (): typeof plan => {
        throw error;
      },
    });
  assert.throws(fails(own), (error) => error === own);
  assert.throws(fails(new OnpathError("table", "Cannot do it")), refusal("plan", /Cannot do it/));
  assert.throws(fails(new RangeError("out")), refusal("plan", new RegExp(`plan ${plan.id}: out`)));
});

Deno.test("checkForm() steps over every type that files have, and names the byte of any other", () => {
  const head = (...bytes: number[]) => Uint8Array.from(bytes);
  const scalars: [head: number, payload: number][] = [
    ...[[0x00, 0], [0x7f, 0], [0xe0, 0], [0xff, 0], [0xc0, 0], [0xc2, 0], [0xc3, 0], [0xa0, 0], [0xbf, 31]],
    ...[[0xca, 4], [0xcb, 8], [0xcc, 1], [0xcd, 2], [0xce, 4], [0xcf, 8], [0xd0, 1], [0xd1, 2], [0xd2, 4], [
      0xd3,
      8,
    ]],
  ] as [number, number][];
  for (const [first, payload] of scalars) {
    // In a list of two, the byte behind the payload is the second item.
    const list = (count: number) => head(0x92, first, ...Array(count).fill(0xc1), 0x01);
    checkForm(list(payload));
    if (payload > 0) {
      assert.throws(() => checkForm(list(payload - 1)), RangeError, first.toString(16));
    }
    assert.throws(() => checkForm(head(0x92, first, ...Array(payload).fill(0), 0xc1)), /byte 0xc1/);
  }
  checkForm(head(0xd9, 2, 0xc1, 0xc1));
  checkForm(head(0x92, 0xd9, 1, 0xc1, 1));
  checkForm(head(0x92, 0xda, 0, 1, 0xc1, 1));
  checkForm(head(0x92, 0xdb, 0, 0, 0, 1, 0xc1, 1));
  checkForm(head(0x92, 0xdc, 0, 1, 5, 1));
  checkForm(head(0x81, 1, 2));
  checkForm(head(0x8f, ...Array(30).fill(1)));
  checkForm(head(0x9f, ...Array(15).fill(1)));
  assert.throws(() => checkForm(head(0x8f, ...Array(29).fill(1))), /30 items announced, 29 bytes left/);
  assert.throws(() => checkForm(head(0x9f, ...Array(14).fill(1))), /15 items announced, 14 bytes left/);
  for (const first of [0xc1, 0xc4, 0xc7, 0xc9, 0xd4, 0xd8, 0xdd, 0xdf]) {
    assert.throws(() => checkForm(head(first, 0, 0, 0, 0, 0)), /at 0 is of an unsupported type/);
  }
});
