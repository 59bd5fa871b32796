import assert from "node:assert/strict";
import {
  type CodebookBits,
  CODEBOOKS,
  LEVEL_FRACTION_BITS,
} from "../../../kernels/quantize/formats/codebooks.ts";
import { hadamard, MAX_HADAMARD } from "../../../kernels/quantize/formats/hadamard.ts";
import { decodeRotated, encodeRotated } from "../../../kernels/quantize/formats/rotated.ts";
import { lloydMax } from "../../../scripts/quantize/lloyd_max.ts";
import { random } from "../../support/random.ts";
import { refusedWith } from "./refused.ts";

Deno.test("CODEBOOKS are what scripts/quantize/lloyd_max.ts makes", () => {
  for (const bits of [2, 3, 4] as CodebookBits[]) {
    const units = lloydMax(bits).map((level) => Math.round(level * 2 ** LEVEL_FRACTION_BITS));
    assert.deepEqual(CODEBOOKS[bits], [...units.map((unit) => -unit).reverse(), ...units]);
  }
});

Deno.test("CODEBOOKS have the least mean square errors that Max published", () => {
  // J. Max, Quantizing for Minimum Distortion, 1960, table I.
  for (const [bits, published] of [[2, 0.1175], [3, 0.03454], [4, 0.009497]] as const) {
    const levels = CODEBOOKS[bits].map((unit) => unit / 2 ** LEVEL_FRACTION_BITS);
    let error = 0;
    const step = 1 / 4096;
    for (let x = -8; x < 8; x += step) {
      const nearest = Math.min(...levels.map((level) => Math.abs(level - x)));
      error += nearest ** 2 * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * step;
    }
    assert(Math.abs(error - published) < 0.0005 * published, `${bits} bits: ${error}`);
  }
});

Deno.test("hadamard() is the product with Sylvester's matrix, and twice is d times", () => {
  const next = random(896);
  for (const length of [2, 4, 64, 128, MAX_HADAMARD]) {
    const vector = Float64Array.from({ length }, () => next() % 2001 - 1000), twice = vector.slice();
    hadamard(twice);
    const row = next() % length;
    let sum = 0;
    vector.forEach((value, column) => {
      let ones = 0;
      for (let shared = row & column; shared > 0; shared &= shared - 1) ones++;
      sum += ones % 2 === 0 ? value : -value;
    });
    assert.equal(twice[row], sum);
    hadamard(twice);
    assert.deepEqual(twice, vector.map((value) => value * length));
  }
});

Deno.test("hadamard() refuses lengths that are no power of two from 2 to 1,024", () => {
  for (const length of [0, 1, 3, 96, 2048]) refusedWith("shape", () => hadamard(new Float64Array(length)));
});

Deno.test("encodeRotated() keeps the error that the codebook predicts, and the norm", () => {
  const next = random(3), channels = 128, tokens = 64;
  const values = Float32Array.from({ length: tokens * channels }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += next() / 2 ** 32;
    return sum - 6;
  });
  for (const [bits, predicted] of [[2, 0.1175], [3, 0.03454], [4, 0.009497]] as const) {
    const codes = new Uint8Array(values.length), norms = new Float32Array(tokens), back = values.slice();
    encodeRotated(bits, values, channels, "f16", codes, norms);
    decodeRotated(bits, codes, norms, channels, back);
    const squares = (from: (i: number) => number) => values.reduce((sum, _, i) => sum + from(i) ** 2, 0);
    const share = squares((i) => back[i]! - values[i]!) / squares((i) => values[i]!);
    assert(Math.abs(share / predicted - 1) < 0.1, `${bits} bits: ${share}`);
  }
});

Deno.test("encodeRotated() refuses NaN, and decodeRotated() a negative norm, before they write", () => {
  const codes = new Uint8Array(4).fill(9), norms = new Float32Array(2).fill(9), values = new Float32Array(4);
  refusedWith(
    "size",
    () => encodeRotated(2, Float32Array.of(1, 2, NaN, 4), 2, "f32", codes, norms),
    /value 2 is NaN/,
  );
  assert.deepEqual([...codes, ...norms], [9, 9, 9, 9, 9, 9]);
  for (const bad of [-1, Infinity, NaN]) {
    const norms = Float32Array.of(1, bad);
    refusedWith("size", () => decodeRotated(2, new Uint8Array(4), norms, 2, values), /norm 1 is/);
  }
  assert.deepEqual([...values], [0, 0, 0, 0]);
});

Deno.test("encodeRotated() counts the values of vectors whose norm saturates", () => {
  const codes = new Uint8Array(4), norms = new Float32Array(2);
  assert.equal(encodeRotated(2, Float32Array.of(60_000, 60_000, 1, 1), 2, "f16", codes, norms), 2);
  assert.equal(norms[0], 65_504);
  assert.equal(encodeRotated(2, Float32Array.of(65_504, 0, 0, 65_504), 2, "f16", codes, norms), 0);
});
