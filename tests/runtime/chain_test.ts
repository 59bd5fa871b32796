import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { chain } from "../../runtime/chain.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { Session } from "../../runtime/session.ts";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { test } from "./helpers.ts";

const NORMALIZE = { op: "normalize_text", steps: [{ op: "nfkc" }, { op: "lower_case" }] } as const;
const TEXTS = ["Ｈｅｌｌｏ, ＷＯＲＬＤ", "E\u0301cole ΑΣ", "", "x".repeat(5000)];

test("chain() of normalize_text and tokenize gives the ids of one plan with both steps", async () => {
  const r50k = await vocabulary("r50k_base");
  await using device = createModelDevice();
  const first = compile({ steps: [NORMALIZE] }, { device, payload: 50 });
  const second = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: r50k, device, payload: 50 });
  const both = compile({ steps: [NORMALIZE, { op: "tokenize" }] }, { vocabulary: r50k, device });
  const chained = await chain(first, second, device, [undefined, { vocabulary: r50k }]);
  const whole = await Session.open(both, device, { vocabulary: r50k });
  const { outputs, reports } = await chained.runMany(TEXTS);
  assert.equal(reports.length, 2);
  const expected = await whole.runMany(TEXTS);
  assert.deepEqual(outputs.map(({ ids }) => [...ids]), expected.outputs.map(({ ids }) => [...ids]));
  assert(outputs[0]!.ids.length > 0);
});

test("chain() refuses plans whose data differ, naming both", async () => {
  await using device = createModelDevice();
  const image = noise(1, 8, 8, 3, 1);
  const resize = compile({ steps: [{ op: "resize", size: [4, 4] }] }, { input: image, device });
  const normalize = compile({ steps: [NORMALIZE] }, { device });
  await assert.rejects(
    chain(resize, normalize, device),
    refusal("pipeline", /returns tensor, the second expects text/),
  );
});

test("compile() refuses steps of different workloads in one pipeline", async () => {
  await using device = createModelDevice();
  const steps = [NORMALIZE, { op: "resize", size: [4, 4] }];
  assert.throws(() => compile({ steps } as never, { device } as never), refusal("pipeline", /chain them/));
  const mistyped = { steps: [{ op: "rezise", size: [4, 4] }] };
  assert.throws(
    () => compile(mistyped as never, { device } as never),
    refusal("pipeline", /op "rezise" is unknown, expected one of normalize_text, tokenize, to_rgb/),
  );
});
