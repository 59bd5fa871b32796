import assert from "node:assert/strict";
import { checkTextSteps } from "../../kernels/text_normalize/spec.ts";
import { MAX_GROWTH } from "../../kernels/text_normalize/growth.ts";
import { refusal } from "../support/failure.ts";

const replace = (from: string, to: string) => ({ op: "replace", from, to });

Deno.test("checkTextSteps() accepts replace steps up to the greatest growth and refuses one byte more", () => {
  const most = [replace("a", "b".repeat(16)), replace("b", "c".repeat(MAX_GROWTH / 16))];
  assert.deepEqual(checkTextSteps(most), most);
  const more = [most[0], replace("b", "c".repeat(MAX_GROWTH / 16 + 1))];
  assert.throws(() => checkTextSteps(more), refusal("pipeline", /turn one byte into more than 256/));
  checkTextSteps([replace("a", "b".repeat(MAX_GROWTH))]);
  assert.throws(() => checkTextSteps([replace("a", "b".repeat(MAX_GROWTH + 1))]), refusal("pipeline"));
});

Deno.test("checkTextSteps() counts growth in bytes, and nothing for steps that shorten", () => {
  checkTextSteps([replace("aa", ""), replace("é", "e"), replace("a", "é".repeat(MAX_GROWTH / 2))]);
  assert.throws(
    () => checkTextSteps([replace("ab", "a"), replace("a", "é".repeat(MAX_GROWTH / 2) + "a")]),
    refusal("pipeline", /turn one byte into more than 256/),
  );
});

Deno.test("checkTextSteps() refuses three steps of one to 4,096 characters before any text comes", () => {
  const steps = ["ab", "bc", "cd"].map(([from, to]) => replace(from!, to!.repeat(4096)));
  assert.throws(() => checkTextSteps(steps), refusal("pipeline", /turn one byte into more than 256/));
});

Deno.test("checkTextSteps() accepts 64 steps, refuses 65, and reports a long list once", () => {
  const steps = (count: number) => Array.from({ length: count }, () => ({ op: "lower_case" }));
  assert.equal(checkTextSteps(steps(64)).length, 64);
  assert.throws(() => checkTextSteps(steps(65)), refusal("pipeline", /a list of at most 64 items/));
  assert.throws(
    () => checkTextSteps(Array(100_000).fill(0)),
    refusal("pipeline", /a list of at most 64 items/),
  );
});

Deno.test("checkTextSteps() refuses an op that is a BigInt, a symbol or a function by the project's error", () => {
  for (const op of [10n, Symbol("op"), () => "nfc", { toString: [] }, null, NaN]) {
    assert.throws(() => checkTextSteps([{ op }]), refusal("pipeline"));
  }
});
