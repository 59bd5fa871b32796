import assert from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { compile } from "../../../kernels/compile.ts";
import { checkPlan, decodePlan, encodePlan } from "../../../kernels/plan/file.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import type { TokenizePlan } from "../../../kernels/tokenize/plan/plan.ts";
import { tokenizeWorkload } from "../../../kernels/tokenize/workload.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { refusal } from "../../support/failure.ts";
import { others, tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { changed, fieldAt, forged, type Path, pathsOf } from "../plan_samples.ts";
import { test } from "../helpers.ts";

const refused = refusal("plan");

/** Plans of text with something in every field. */
function textPlans(
  vocabulary: Vocabulary,
): { overlap: TokenizePlan; stateful: TokenizePlan; normalize: Plan } {
  const device = MODEL_PROFILE;
  const nfc = {
    op: "normalize_text",
    steps: [{ op: "nfc" }, { op: "replace", from: "x", to: "y" }],
  } as const;
  const tokenize = { op: "tokenize", special: ["<|end|>"], around: true } as const;
  return {
    overlap: compile({ steps: [nfc, { ...tokenize, mode: "overlap" }] }, {
      device,
      vocabulary,
      payload: 200,
      overlap: 24,
      packets: 9,
      checksum: "link",
    }),
    stateful: compile({ steps: [nfc, tokenize] }, { device, vocabulary }),
    normalize: compile({ steps: [nfc] }, { device, payload: 100 }),
  };
}

/** Another value of the same type. */
function other(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "string") return `${value}x`;
  return typeof value === "boolean" ? !value : 1;
}

/** Reads a plan and opens a session with it, as a user of a plan's file does. */
async function readAndOpen(plan: Plan, vocabulary: Vocabulary): Promise<void> {
  const read = decodePlan(encodePlan(plan));
  await using device = createModelDevice();
  if (read.workload === "tokenize") await Session.open(read, device, { vocabulary });
  else if (read.workload === "text_normalize") await Session.open(read, device);
}

/** Fields that a user chooses, so that another value is another plan and no forgery; notes are only read. */
function isChoice(plan: Plan, path: Path): boolean {
  const [first, second] = path;
  if (first === "target" || (first === "body" && ["notes", "pipeline"].includes(String(second)))) return true;
  if (first === "body" && path[2] === "overlap") return true;
  if (first === "packets") return path[1] === "inFlight" || path[1] === "request";
  return plan.workload === "text_normalize" && first === "body";
}

test("decodePlan() gives back what encodePlan() wrote of text plans, and what is read runs", async () => {
  const vocabulary = await tiny();
  await using device = createModelDevice();
  const text = "abc <|end|> ab\u0301c x".repeat(9);
  const { overlap, stateful, normalize } = textPlans(vocabulary);
  for (const plan of [overlap, stateful, normalize]) {
    assert.deepEqual(decodePlan(encodePlan(plan)), plan);
    assert.deepEqual(checkPlan(JSON.parse(JSON.stringify(plan))), plan);
    assert.deepEqual(structuredClone(plan), plan);
    assert(encodePlan(plan).length < 4096);
  }
  for (const plan of [overlap, stateful]) {
    const read = decodePlan(encodePlan(plan), tokenizeWorkload);
    const written = await Session.open(plan, device, { vocabulary });
    const again = await Session.open(read, device, { vocabulary });
    assert.deepEqual((await again.run(text)).output, (await written.run(text)).output);
  }
  const plain = compile({ steps: [{ op: "tokenize" }] }, { device, vocabulary });
  const session = await Session.open(decodePlan(encodePlan(plain), tokenizeWorkload), device, { vocabulary });
  assert.deepEqual((await session.run(text)).output.ids, createEncoder(vocabulary).encode(text));
});

test("text plans are refused with an unknown or a missing field at every level", async () => {
  const vocabulary = await tiny();
  for (const plan of Object.values(textPlans(vocabulary))) {
    for (const path of pathsOf(plan, "records")) {
      const extra = [...path, "extra"];
      for (const forgery of [changed(plan, extra, 1), forged(plan, extra, 1)]) {
        await assert.rejects(readAndOpen(forgery, vocabulary), refused, extra.join("."));
      }
    }
    for (const path of pathsOf(plan, "leaves").filter((path) => typeof path.at(-1) === "string")) {
      const copy = JSON.parse(JSON.stringify(plan)) as typeof plan;
      delete (fieldAt(copy, path.slice(0, -1)) as Record<string, unknown>)[path.at(-1)!];
      await assert.rejects(readAndOpen(copy, vocabulary), refused, path.join("."));
    }
  }
});

test("text plans are refused with every field that is changed", async () => {
  const vocabulary = await tiny();
  for (const plan of Object.values(textPlans(vocabulary))) {
    const leaves = pathsOf(plan, "leaves");
    assert(leaves.length > 30);
    for (const path of leaves) {
      const value = other(fieldAt(plan, path));
      assert.throws(() => decodePlan(encodePlan(changed(plan, path, value))), refused, path.join("."));
    }
  }
});

test("text plans are refused with a derived field that is changed though the id is recomputed", async () => {
  const vocabulary = await tiny();
  for (const plan of Object.values(textPlans(vocabulary))) {
    const leaves = pathsOf(plan, "leaves").filter((path) => path[0] !== "id" && !isChoice(plan, path));
    assert(leaves.length >= 5);
    for (const path of leaves) {
      const forgery = forged(plan, path, other(fieldAt(plan, path)));
      await assert.rejects(readAndOpen(forgery, vocabulary), refused, `${plan.workload} ${path.join(".")}`);
    }
  }
});

test("text plans are refused with values that no compiler gives, though the id is recomputed", async () => {
  const vocabulary = await tiny();
  const { overlap, normalize } = textPlans(vocabulary);
  const huge = 2 ** 32 - 1;
  const forgeries: [Plan, Path, unknown][] = [
    [overlap, ["body"], null],
    [overlap, ["body", "pipeline"], { steps: [] }],
    [overlap, ["body", "pipeline", "steps", 1], { op: "blur" }],
    [overlap, ["body", "pipeline", "steps"], [{ op: "tokenize" }, { op: "tokenize" }]],
    [overlap, ["body", "cut", "payload"], 0],
    [overlap, ["body", "cut", "overlap"], 200],
    [overlap, ["body", "cut", "overlap"], huge],
    [overlap, ["body", "around", "before"], new Array(65).fill(0)],
    [overlap, ["body", "special"], [{ text: "", id: 0 }]],
    [overlap, ["body", "normalization"], [null]],
    [overlap, ["body", "notes"], new Array(33).fill("x")],
    [overlap, ["packets", "inFlight"], 2 ** 20],
    [overlap, ["packets", "request"], 9000],
    [overlap, ["packets", "answer"], 2 ** 20 + 1],
    [overlap, ["packets", "answersPerRequest"], 0],
    [overlap, ["workload"], "image"],
    [overlap, ["workload"], "text_normalize"],
    [overlap, ["workload"], "unknown"],
    [normalize, ["workload"], "tokenize"],
    [normalize, ["body", "steps"], [{ op: "upper" }]],
    [normalize, ["body", "steps"], new Array(65).fill({ op: "nfc" })],
    [normalize, ["body", "checksum"], "none"],
    [normalize, ["packets", "inFlight"], 1025],
    [normalize, ["target", "payload"], 63],
    [normalize, ["target"], null],
  ];
  for (const [plan, path, value] of forgeries) {
    const forgery = forged(plan, path, value);
    await assert.rejects(
      readAndOpen(forgery, vocabulary),
      refused,
      `${path.join(".")} = ${JSON.stringify(value)}`,
    );
  }
});

test("a text plan is refused with another vocabulary, and without one by its name", async () => {
  const vocabulary = await tiny();
  const { stateful } = textPlans(vocabulary);
  await using device = createModelDevice();
  const read = decodePlan(encodePlan(stateful), tokenizeWorkload);
  for (const wrong of await others()) {
    await assert.rejects(
      Session.open(read, device, { vocabulary: wrong }),
      refusal("plan", /compiled for tiny/),
    );
  }
  await assert.rejects(
    Session.open(read, device, undefined as never),
    refusal("plan", /vocabulary tiny is missing/),
  );
});

test("plans of version 3 and of format onpath.text-plan are refused by name, with what to do", async () => {
  const vocabulary = await tiny();
  const { stateful, normalize } = textPlans(vocabulary);
  await using device = createModelDevice();
  for (const plan of [stateful, normalize]) {
    const older = { ...plan, version: 3 };
    assert.throws(
      () => decodePlan(encode(older)),
      refusal("plan", /version 3: expected 4, compile it again/),
    );
    await assert.rejects(
      Session.open(older as never, device),
      refusal("plan", /version 3: expected 4, compile it again/),
    );
    for (const format of ["onpath.text-plan", "onpath.normalize-plan"]) {
      const message = new RegExp(`format is "${format}", expected "onpath.plan"; compile the pipeline again`);
      assert.throws(() => decodePlan(encode({ ...plan, format, version: 1 })), refusal("plan", message));
      await assert.rejects(Session.open({ ...plan, format } as never, device), refused);
    }
  }
});
