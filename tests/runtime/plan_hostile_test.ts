import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { encode } from "@msgpack/msgpack";
import { decodePlan, encodePlan, MAX_PLAN_BYTES } from "../../kernels/plan/file.ts";
import type { OnpathError } from "../../serialize/errors.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";
import { samplePlan } from "./plan_samples.ts";

const refused = refusal("plan");
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A plan's bytes with one field's value, a piece of MessagePack, exchanged for another piece. */
function withField(name: string, value: unknown, piece: Uint8Array): Uint8Array {
  const mark = 0x7eadbeef;
  const sample = samplePlan();
  const field = { [name]: value === undefined ? mark : value };
  const plan = name in sample.body
    ? { ...sample, body: { ...sample.body, ...field } }
    : { ...sample, ...field };
  const bytes = encode(plan, { sortKeys: true });
  const at = bytes.findIndex((_, index) =>
    bytes[index] === 0xce && new DataView(bytes.buffer, bytes.byteOffset).getUint32(index + 1) === mark
  );
  assert(at > 0);
  const result = new Uint8Array(bytes.length - 5 + piece.length);
  result.set(bytes.subarray(0, at));
  result.set(piece, at);
  result.set(bytes.subarray(at + 5), at + piece.length);
  return result;
}

/** Lists in lists, so deep; the innermost holds 0. */
function nested(depth: number): Uint8Array {
  return new Uint8Array(depth + 1).fill(0x91, 0, depth);
}

for (
  const field of [
    "format",
    "version",
    "id",
    "workload",
    "target",
    "packets",
    "body",
    "pipeline",
    "input",
    "stages",
    "notes",
    "extra",
  ]
) {
  for (const depth of [200, 200_000]) {
    test(`decodePlan() refuses lists ${depth} deep in ${field}`, () => {
      const bytes = withField(field, undefined, nested(depth));
      assert(bytes.length < MAX_PLAN_BYTES);
      assert.throws(() => decodePlan(bytes), refused);
    });
  }
}

for (const depth of [101, 200_000]) {
  test(`decodePlan() refuses a stage's parameters ${depth} deep`, () => {
    const plan = samplePlan();
    const stages = [{ kernel: "resize", params: 0x7eadbeef }, plan.body.stages[1]];
    assert.throws(() => decodePlan(withField("stages", stages, nested(depth))), refused);
  });

  test(`decodePlan() refuses a step ${depth} deep`, () => {
    const pipeline = { steps: [{ op: 0x7eadbeef }] };
    assert.throws(() => decodePlan(withField("pipeline", pipeline, nested(depth))), refused);
  });
}

test("decodePlan() refuses announced lengths that nothing follows", () => {
  const pieces: Record<string, number[]> = {
    "list of 2^32 - 1": [0xdd, 0xff, 0xff, 0xff, 0xff],
    "map of 2^32 - 1": [0xdf, 0xff, 0xff, 0xff, 0xff],
    "text of 2^32 - 1": [0xdb, 0xff, 0xff, 0xff, 0xff],
    "bytes of 2^32 - 1": [0xc6, 0xff, 0xff, 0xff, 0xff],
    "extension of 2^32 - 1": [0xc9, 0xff, 0xff, 0xff, 0xff, 1],
    "list of 65535": [0xdc, 0xff, 0xff],
    "text of 65535": [0xda, 0xff, 0xff],
    "time stamp": [0xd6, 0xff, 0, 0, 0, 1],
    "reserved byte": [0xc1],
  };
  for (const [name, piece] of Object.entries(pieces)) {
    assert.throws(() => decodePlan(Uint8Array.from(piece)), refused, name);
    assert.throws(
      () => decodePlan(withField("format", undefined, Uint8Array.from(piece))),
      refused,
      `${name} inside`,
    );
  }
});

test("decodePlan() refuses keys that reach for prototypes", () => {
  const bytes = encodePlan(samplePlan());
  const key = new TextEncoder().encode("__proto__");
  assert.throws(() => decodePlan(Uint8Array.of(0x81, 0xa0 | key.length, ...key, 0x80)), refused);
  assert.equal(({} as Record<string, unknown>)["format"], undefined);
  assert.doesNotThrow(() => decodePlan(bytes));
});

test("decodePlan() keeps its message short, whatever the file holds", () => {
  const long = "x".repeat(60_000);
  const messages = [{ format: long }, { ...samplePlan(), version: long }, {
    format: new Array(60_000).fill(1),
  }]
    .map((value): string | undefined => {
      try {
        decodePlan(encode(value));
      } catch (error) {
        refused(error);
        return (error as OnpathError).message;
      }
      return undefined;
    });
  for (const message of messages) {
    assert(message !== undefined && message.length < 1000, `${message?.length} letters`);
  }
});

test("decodePlan() refuses lists that announce more than the file holds without reserving memory for them", async () => {
  // 2,000 nested lists that announce 65,535 items each: 6 KB of file, 1 GB when room is made for them.
  const program = `
    import { decodePlan } from "onpath";
    const bytes = new Uint8Array(6000);
    for (let at = 0; at < bytes.length; at += 3) bytes.set([0xdc, 0xff, 0xff], at);
    try { decodePlan(bytes); } catch (error) { console.log(error.code); }
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--max-old-space-size=256", program],
    cwd: ROOT,
    stderr: "null",
  });
  const { code, stdout } = await child.output();
  assert.deepEqual(
    [code, new TextDecoder().decode(stdout).trim()],
    [0, "plan"],
    "the process ran out of memory",
  );
});
