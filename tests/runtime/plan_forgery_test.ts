import assert from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { checkPlan, decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";
import { changed, fieldAt, forged, type Path, pathsOf, samplePlan } from "./plan_samples.ts";

const refused = refusal("plan");

/** Another value of the same type. */
function other(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "string") return `${value}x`;
  return typeof value === "boolean" ? !value : 1;
}

/** A forger's choices: the notes, and what packets and memory are made by, but nothing that stands for itself. */
function derived(path: Path): boolean {
  const [first, second] = path;
  return first !== "target" && first !== "id" &&
    !(first === "body" && ["pipeline", "input"].includes(String(second)));
}

test("decodePlan() refuses an unknown field at every level", () => {
  const plan = samplePlan();
  const records = pathsOf(plan, "records");
  assert(records.length > 20);
  for (const path of records) {
    const extra = [...path, "extra"];
    assert.throws(() => decodePlan(encodePlan(changed(plan, extra, 1))), refused, extra.join("."));
    assert.throws(
      () => decodePlan(encodePlan(forged(plan, extra, 1))),
      refused,
      `${extra.join(".")}, id recomputed`,
    );
  }
});

test("decodePlan() refuses a missing field at every level", () => {
  const plan = samplePlan();
  for (const path of pathsOf(plan, "leaves").filter((path) => typeof path.at(-1) === "string")) {
    const copy = JSON.parse(JSON.stringify(plan)) as typeof plan;
    delete (fieldAt(copy, path.slice(0, -1)) as Record<string, unknown>)[path.at(-1)!];
    assert.throws(() => decodePlan(encodePlan(copy)), refused, path.join("."));
  }
});

test("decodePlan() refuses another id", () => {
  const plan = samplePlan();
  for (const id of [0, plan.id ^ 1, -1, 2 ** 32, 0.5, "1", null]) {
    assert.throws(() => decodePlan(encodePlan(changed(plan, ["id"], id))), refused, String(id));
  }
});

test("decodePlan() refuses every changed field", () => {
  const plan = samplePlan();
  const leaves = pathsOf(plan, "leaves");
  assert(leaves.length > 100);
  for (const path of leaves) {
    const value = other(fieldAt(plan, path));
    assert.throws(() => decodePlan(encodePlan(changed(plan, path, value))), refused, path.join("."));
  }
});

test("decodePlan() refuses a changed derived field though the id is recomputed", () => {
  const plan = samplePlan();
  const leaves = pathsOf(plan, "leaves").filter(derived);
  assert(leaves.length > 80);
  for (const path of leaves) {
    const forgery = forged(plan, path, other(fieldAt(plan, path)));
    assert.throws(() => decodePlan(encodePlan(forgery)), refused, path.join("."));
  }
});

test("decodePlan() refuses with code plan when the pipeline does not compile though the id is recomputed", () => {
  const plan = samplePlan();
  const forgeries: [Path, unknown][] = [
    [["body", "pipeline", "steps", 0], { op: "blur" }],
    [["body", "pipeline", "steps", 2], { op: "center_crop", size: [1000, 1000] }],
    [["body", "pipeline", "extra"], 1],
    [["body", "pipeline", "steps"], [null]],
    [["body", "input", "shape"], [2, 20, 30, 5]],
    [["body", "input", "shape"], [2, 20, 30]],
    [["body", "input", "shape"], [2, 70000, 30, 3]],
    [["body", "input", "shape"], [2 ** 31 - 1, 20, 30, 3]],
    [["target", "kernels"], []],
    [["target", "tableBytes"], 1],
  ];
  for (const [path, value] of forgeries) {
    const forgery = encodePlan(forged(plan, path, value));
    assert.throws(() => decodePlan(forgery), refused, `${path.join(".")} = ${JSON.stringify(value)}`);
  }
});

test("decodePlan() gives a compiled plan even where a forger made its id collide", () => {
  const honest = samplePlan();
  const forgery = collide(changed(honest, ["body", "geometry", "before", "x", "offset"], 5), honest.id);
  const { id, ...rest } = forgery;
  assert.equal(crc32c(encode(rest, { sortKeys: true })), id, "the forgery agrees with its id");
  assert.equal(id, honest.id);
  let read: Plan;
  try {
    read = checkPlan(forgery);
  } catch (error) {
    refused(error);
    return;
  }
  assert.deepEqual(read, honest, "geometry that nobody compiled was read");
});

/**
 * Gives a plan any id: CRCs are linear, so 40 letters of a note, each of two that differ in one bit, are
 * unknowns of 32 equations.
 */
function collide(plan: ImagePlan, id: number): ImagePlan {
  const { id: _, ...rest } = plan;
  const noted = (letters: readonly boolean[]) => ({
    ...rest,
    body: { ...rest.body, notes: [letters.map((odd) => odd ? "A" : "@").join("")] },
  });
  const crcOf = (letters: readonly boolean[]) => crc32c(encode(noted(letters), { sortKeys: true }));
  const none = new Array<boolean>(40).fill(false);
  const base = crcOf(none);
  // Gauss over the 32 bits: each row is the effect of some letters, brought to have a bit of its own.
  const rows: { effect: number; letters: boolean[]; bit: number }[] = [];
  const reduce = (effect: number, letters: boolean[]) => {
    for (const row of rows) {
      if (((effect >>> row.bit) & 1) === 0) continue;
      effect = (effect ^ row.effect) >>> 0;
      row.letters.forEach((used, index) => letters[index] = letters[index] !== used);
    }
    return effect;
  };
  for (let index = 0; index < none.length; index++) {
    const letters = none.with(index, true);
    const effect = reduce((crcOf(letters) ^ base) >>> 0, letters);
    if (effect !== 0) rows.push({ effect, letters, bit: 31 - Math.clz32(effect) });
  }
  const letters = [...none];
  assert.equal(reduce((id ^ base) >>> 0, letters), 0, "no letters give this id");
  return { ...noted(letters), id };
}
