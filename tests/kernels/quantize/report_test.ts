import assert from "node:assert/strict";
import { joinLogits, reportHeads, reportLogits } from "../../../kernels/quantize/attention_report.ts";
import { joinValues, reportSize, reportValues, saturationWarning } from "../../../kernels/quantize/report.ts";
import { refusedWith } from "./refused.ts";

Deno.test("reportSize() counts metadata in the ratio", () => {
  const method = { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" } as const;
  assert.deepEqual(reportSize("bf16", method, { tokens: 64, channels: 128 }), {
    before: 16_384,
    codes: 2048,
    metadata: 1024,
    ratio: 16_384 / 3072,
    bitsPerValue: 3,
  });
  assert.equal(reportSize("f32", method, { tokens: 64, channels: 128 }).before, 32_768);
});

Deno.test("reportValues() has mean, greatest error and SNR, and counts NaN apart", () => {
  const report = reportValues(Float32Array.of(3, -4, 0, NaN, 1), Float32Array.of(3, -4.5, 0.25, 1, Infinity));
  assert.equal(report.count, 3);
  assert.equal(report.nonFinite, 2);
  assert.equal(report.meanError, 0.25);
  assert.equal(report.maxError, 0.5);
  assert(Math.abs(report.snr - 10 * Math.log10(25 / 0.3125)) < 1e-12);
  assert.equal(reportValues(Float32Array.of(1), Float32Array.of(1)).snr, Infinity);
  assert.equal(reportValues(new Float32Array(0), new Float32Array(0)).meanError, 0);
  refusedWith("shape", () => reportValues(new Float32Array(2), new Float32Array(3)));
});

Deno.test("joinValues() and joinLogits() report as if the parts were one", () => {
  const original = Float32Array.of(3, -4, 0, 8, 1, NaN), decoded = Float32Array.of(3, -4.5, 0.25, 7, 1, 1);
  const parts = [[0, 2], [2, 5], [5, 6]].map(([start, end]) =>
    reportValues(original.subarray(start, end), decoded.subarray(start, end))
  );
  assert.deepEqual(joinValues(parts), reportValues(original, decoded));
  assert.equal(joinValues([]).snr, Infinity);
  const shape = { tokens: 5, channels: 2 }, queries = Float32Array.of(1, 0, 0, 1, 2, 1);
  const keys = Float32Array.of(4, 0, 0, 2, 1, 1, 3, -1, 5, 5), rounded = keys.slice();
  rounded[0] = 6;
  const whole = reportLogits(queries, keys, rounded, shape);
  const joined = joinLogits([
    reportLogits(queries.subarray(0, 2), keys, rounded, shape),
    reportLogits(queries.subarray(2), keys, rounded, shape),
  ]);
  assert(whole.topKept > 0 && whole.topKept < 1);
  for (const [name, value] of Object.entries(whole)) {
    assert(Math.abs(joined[name as keyof typeof joined] - value) < 1e-12, name);
  }
});

Deno.test("reportLogits() gives each token's logit for any number of tokens", () => {
  for (let tokens = 1; tokens <= 9; tokens++) {
    const keys = Float32Array.from({ length: tokens * 4 }, (_, i) => (i * i) % 7 - 3);
    for (let at = 0; at < tokens; at++) {
      const decoded = keys.slice();
      decoded[at * 4 + 2]! += 6;
      const report = reportLogits(Float32Array.of(0, 0, 1, 0), keys, decoded, { tokens, channels: 4 });
      assert.equal(report.maxLogitError, 3);
      assert.equal(report.meanLogitError, 3 / tokens);
    }
  }
});

Deno.test("reportLogits() has errors of logits, of the softmax, and the share of kept leaders", () => {
  // Logits are q·k / 2: query 0 gives 4, 2, 0 and then 4, 5, 0; query 1 gives 0, 0, 8 both times.
  const queries = Float32Array.of(2, 0, 0, 0, 0, 0, 4, 0);
  const keys = Float32Array.of(4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0);
  const decoded = keys.slice();
  decoded[4] = 5;
  const report = reportLogits(queries, keys, decoded, { tokens: 3, channels: 4 });
  assert.equal(report.queries, 2);
  assert.equal(report.meanLogitError, 3 / 6);
  assert.equal(report.maxLogitError, 3);
  assert.equal(report.topKept, 0.5);
  const softmax = (logits: number[]) =>
    logits.map((x) => Math.exp(x) / logits.reduce((s, y) => s + Math.exp(y), 0));
  const before = softmax([4, 2, 0]), after = softmax([4, 5, 0]);
  const moved = before.reduce((sum, p, i) => sum + Math.abs(p - after[i]!), 0) / 2;
  assert(Math.abs(report.maxSoftmaxError - moved) < 1e-12);
  assert(Math.abs(report.meanSoftmaxError - moved / 2) < 1e-12);
});

Deno.test("reportLogits() counts a leader that shares the largest logit as kept, and NaN as lost", () => {
  const shape = { tokens: 2, channels: 2 }, query = Float32Array.of(1, 0), keys = Float32Array.of(1, 0, 3, 0);
  assert.equal(reportLogits(query, keys, Float32Array.of(3, 0, 3, 0), shape).topKept, 1);
  const lost = reportLogits(query, keys, Float32Array.of(1, 0, NaN, 0), shape);
  assert.equal(lost.topKept, 0);
  assert.equal(lost.maxLogitError, NaN);
});

Deno.test("reportLogits() keeps large logits finite", () => {
  const keys = Float32Array.of(3000, 0, 2999, 0), query = Float32Array.of(1000, 0);
  const report = reportLogits(query, keys, keys, { tokens: 2, channels: 2 });
  assert.deepEqual([report.meanSoftmaxError, report.topKept], [0, 1]);
});

Deno.test("reportLogits() refuses no queries and lengths that do not fit", () => {
  const shape = { tokens: 2, channels: 2 }, keys = new Float32Array(4);
  refusedWith("shape", () => reportLogits(new Float32Array(0), keys, keys, shape));
  refusedWith("shape", () => reportLogits(new Float32Array(3), keys, keys, shape));
  refusedWith("shape", () => reportLogits(new Float32Array(2), keys.subarray(1), keys, shape));
  refusedWith("shape", () => reportLogits(new Float32Array(2), keys, keys.subarray(1), shape));
});

Deno.test("reportHeads() reports each layer and head from its own values and queries", () => {
  const shape = { layers: 2, heads: 3, tokens: 2, channels: 2 };
  const original = Float32Array.from({ length: 24 }, (_, i) => i), decoded = original.slice();
  decoded[4 * 4 + 1]! += 1;
  const queries = new Float32Array(12).fill(1);
  const reports = reportHeads(original, decoded, shape, queries);
  assert.deepEqual(reports.map(({ layer, head }) => [layer, head]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [
    1,
    2,
  ]]);
  assert.deepEqual(reports.map(({ values }) => values.maxError), [0, 0, 0, 0, 1, 0]);
  assert.deepEqual(reports.map(({ logits }) => logits!.maxLogitError > 0), [
    false,
    false,
    false,
    false,
    true,
    false,
  ]);
  assert.equal(reportHeads(original, decoded, shape)[0]!.logits, undefined);
  refusedWith("shape", () => reportHeads(original.subarray(1), decoded, shape));
  refusedWith("shape", () => reportHeads(original, decoded.subarray(1), shape));
});

Deno.test("saturationWarning() has the numbers above the limit, and nothing up to it", () => {
  assert.equal(saturationWarning(1, 1000), undefined);
  assert.match(saturationWarning(25, 1000)!, /^25 of 1000 values \(2.5%\) saturate, above 0.1%/);
  assert.equal(saturationWarning(25, 1000, 0.025), undefined);
});
