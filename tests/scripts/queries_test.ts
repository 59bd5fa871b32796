import assert from "node:assert/strict";
import { givenQueries, syntheticQueries } from "../../scripts/quantize/queries.ts";
import { syntheticCache } from "../../scripts/quantize/synthetic_cache.ts";
import { toBFloat16Bits } from "../../serialize/dtype.ts";
import { tensor } from "../../serialize/tensor.ts";
import { refusedWith } from "../kernels/quantize/refused.ts";

const SHAPE = { tokens: 256, channels: 64 };
const { keys } = syntheticCache({ layers: 1, heads: 1, ...SHAPE, queries: 0 }, 4);

/** Spread of the logits of each query. */
function spreads(queries: Float32Array, keys: Float32Array): number[] {
  return Array.from({ length: queries.length / 64 }, (_, q) => {
    const logits = Array.from(
      { length: 256 },
      (_, t) =>
        queries.subarray(q * 64, q * 64 + 64).reduce((sum, x, c) => sum + x * keys[t * 64 + c]!, 0) / 8,
    );
    const mean = logits.reduce((sum, x) => sum + x, 0) / 256;
    return Math.sqrt(logits.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 256);
  });
}

Deno.test("syntheticQueries() depend on seed, layer and head, and are the same ones each time", () => {
  const make = (seed: number, layer: number, head: number) =>
    syntheticQueries(8, seed)(layer, head, keys, SHAPE);
  assert.deepEqual(make(1, 2, 3), make(1, 2, 3));
  assert.equal(make(1, 2, 3).length, 8 * 64);
  for (const other of [make(2, 2, 3), make(1, 3, 3), make(1, 2, 4)]) {
    assert.notDeepEqual(other, make(1, 2, 3));
  }
});

Deno.test("syntheticQueries() give logits that do not depend on the magnitude of the keys", () => {
  const large = keys.map((key) => key * 1024);
  const [plain, scaled] = [keys, large].map((keys) =>
    spreads(syntheticQueries(8, 1)(0, 0, keys, SHAPE), keys)
  );
  for (const [at, spread] of plain!.entries()) {
    assert(Math.abs(spread / scaled![at]! - 1) < 1e-3);
    assert(spread > 0.5 && spread < 8, `${spread}`);
  }
});

Deno.test("syntheticQueries() are finite for keys of zeros, and with NaN or infinity in a channel", () => {
  for (
    const change of [
      (keys: Float32Array) => keys.fill(0),
      (keys: Float32Array) => keys.set([NaN, Infinity], 7),
    ]
  ) {
    const changed = keys.slice();
    change(changed);
    assert(syntheticQueries(8, 1)(0, 0, changed, SHAPE).every(Number.isFinite));
  }
});

Deno.test("givenQueries() joins the heads that share a head of the cache", () => {
  const values = Float32Array.from({ length: 2 * 4 * 3 * 8 }, (_, at) => at);
  const data = Uint16Array.from(values, toBFloat16Bits);
  const source = givenQueries(tensor(data, { dtype: "bf16", shape: [2, 4, 3, 8] }), {
    layers: 2,
    heads: 2,
    channels: 8,
  });
  const shape = { tokens: 1, channels: 8 }, none = new Float32Array(8);
  assert.deepEqual(source(1, 0, none, shape), values.slice(96, 144));
  assert.deepEqual(source(0, 1, none, shape), values.slice(48, 96));
});

Deno.test("givenQueries() refuse other types and axes that do not fit", () => {
  const shape = { layers: 2, heads: 2, channels: 8 };
  const given = (axes: number[]) => {
    const count = axes.reduce((product, length) => product * length, 1);
    return () => givenQueries(tensor(new Float32Array(count), { dtype: "f32", shape: axes }), shape);
  };
  given([2, 4, 3, 8])();
  for (const axes of [[2, 4, 8], [1, 4, 3, 8], [2, 3, 3, 8], [2, 4, 3, 4], [2, 0, 3, 8], [2, 4, 0, 8]]) {
    refusedWith("shape", given(axes), /expected \[2, a multiple of 2, queries, 8\]/);
  }
  const bytes = tensor(new Uint8Array(2 * 2 * 8), { dtype: "u8", shape: [2, 2, 1, 8] });
  refusedWith("dtype", () => givenQueries(bytes, shape), /queries of u8/);
});
