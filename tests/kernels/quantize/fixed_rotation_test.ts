import fc from "fast-check";
import assert from "node:assert/strict";
import { hadamardIntegers } from "../../../kernels/quantize/fixed_hadamard.ts";
import {
  ALIGNED_BITS,
  decodeRotatedFixed,
  encodeRotatedFixed,
  ROTATED_CHANNELS,
} from "../../../kernels/quantize/fixed_rotation.ts";
import {
  type CodebookBits,
  CODEBOOKS,
  LEVEL_FRACTION_BITS,
} from "../../../kernels/quantize/formats/codebooks.ts";
import { narrow, roundStored, widen } from "../../../kernels/quantize/formats/elements.ts";
import { floorLog2, roundHalfEven } from "../../../kernels/quantize/formats/exact.ts";
import { hadamard } from "../../../kernels/quantize/formats/hadamard.ts";
import { decodeRotated, encodeRotated } from "../../../kernels/quantize/formats/rotated.ts";
import { random } from "../../support/random.ts";
import { refusedWith } from "./refused.ts";

const HALVES = ["bf16", "f16"] as const;
type Half = (typeof HALVES)[number];
const ALL_BITS: readonly CodebookBits[] = [2, 3, 4];

/** What the elements of a vector are, as bit patterns. */
const PATTERNS = {
  /** Every finite element, each as often: magnitudes differ by up to 2^256. */
  any: (dtype, next) => finite(dtype, next()),
  /** About normal, where one of 16 channels is an outlier 64 to 4,096 times as great. */
  outliers: (dtype, next) => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += next() / 2 ** 32;
    return toHalf(dtype, (sum - 6) * (next() % 16 === 0 ? 2 ** (6 + next() % 7) : 1) / 8);
  },
  subnormal: (dtype, next) => finite(dtype, next() & (dtype === "bf16" ? 0x807f : 0x83ff)),
  greatest: (dtype, next) => (dtype === "bf16" ? 0x7f7f : 0x7bff) | (next() & 0x8000),
  /** Zeros and a single bit in places, so that roots are exact and thresholds ties. */
  sparse: (_, next) => next() % 7 === 0 ? 0x3c00 | (next() & 0x8000) : next() & 0x8000,
  zero: (_, next) => next() & 0x8000,
  /** Whole numbers whose sums tie with thresholds often. */
  small: (dtype, next) => toHalf(dtype, next() % 9 - 4),
} satisfies Record<string, (dtype: Half, next: () => number) => number>;

function finite(dtype: Half, word: number): number {
  const exponent = dtype === "bf16" ? 0x7f80 : 0x7c00;
  return (word & exponent) === exponent ? word & 0x80ff : word & 0xffff;
}

function toHalf(dtype: Half, value: number): number {
  const out = new Uint16Array(1);
  narrow(dtype, Float32Array.of(value), out);
  return out[0]!;
}

interface Case {
  readonly bits: CodebookBits;
  readonly channels: number;
  readonly stored: Half;
  readonly values: Float32Array;
}

/** A few vectors, each of one pattern and all of a type. */
const anyCase: fc.Arbitrary<Case> = fc.record({
  bits: fc.constantFrom(...ALL_BITS),
  channels: fc.constantFrom(...ROTATED_CHANNELS),
  dtype: fc.constantFrom(...HALVES),
  stored: fc.constantFrom(...HALVES),
  patterns: fc.array(fc.constantFrom(...Object.keys(PATTERNS) as (keyof typeof PATTERNS)[]), {
    minLength: 1,
    maxLength: 4,
  }),
  seed: fc.nat(),
}).map(({ bits, channels, dtype, stored, patterns, seed }) => {
  const next = random(seed);
  const elements = patterns.flatMap((name) =>
    Array.from({ length: channels }, () => PATTERNS[name](dtype, next))
  );
  const values = new Float32Array(elements.length);
  widen(dtype, Uint16Array.from(elements), values);
  return { bits, channels, stored, values };
});

function encode(by: typeof encodeRotated, { bits, channels, stored, values }: Case) {
  const codes = new Uint8Array(values.length), norms = new Float32Array(values.length / channels);
  const saturated = by(bits, values, channels, stored, codes, norms);
  return { codes, norms, saturated };
}

/** Least unit that the aligned values of a vector count. */
function unitOf(vector: Float32Array): number {
  const greatest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return 2 ** (floorLog2(greatest) - ALIGNED_BITS + 1);
}

Deno.test("hadamardIntegers() equals hadamard() for every length", () => {
  const next = random(6);
  for (let length = 2; length <= 1024; length *= 2) {
    const vector = Int32Array.from({ length }, () => next() % 2 ** 21 - 2 ** 20);
    const expected = Float64Array.from(vector);
    hadamard(expected);
    hadamardIntegers(vector);
    assert.deepEqual([...vector], [...expected].map((value) => value + 0), `${length}`);
  }
  for (const length of [0, 1, 3, 2048]) refusedWith("shape", () => hadamardIntegers(new Int32Array(length)));
});

Deno.test("hadamardIntegers() is exact for the greatest aligned values", () => {
  const most = 2 ** ALIGNED_BITS - 1;
  const vector = new Int32Array(256).fill(most);
  hadamardIntegers(vector);
  assert.deepEqual(vector, new Int32Array(256).fill(256 * most, 0, 1));
  const negative = new Int32Array(256).fill(-most);
  hadamardIntegers(negative);
  assert.equal(negative[0], -256 * most);
});

Deno.test("encodeRotatedFixed() stays within the stated distance of the reference", () => {
  const seen = { vectors: 0, exact: 0, norms: 0, codes: 0 };
  fc.assert(
    fc.property(anyCase, (each) => {
      const { bits, channels, stored, values } = each;
      const fixed = encode(encodeRotatedFixed, each), reference = encode(encodeRotated, each);
      const levels = CODEBOOKS[bits];
      for (let at = 0; at < fixed.norms.length; at++) {
        const [start, end] = [at * channels, (at + 1) * channels];
        const vector = values.subarray(start, end), codes = fixed.codes.subarray(start, end);
        const norm = fixed.norms[at]!, expected = reference.norms[at]!;
        const unit = unitOf(vector);
        seen.vectors++;
        // A vector of whole units, zeros included: bit for bit.
        if (vector.every((value) => unit === 0 || value % unit === 0)) {
          seen.exact++;
          assert.equal(norm, expected);
          assert.deepEqual(codes, reference.codes.subarray(start, end));
          continue;
        }
        // Otherwise the norm is at most a neighbour: nothing of the stored type is between.
        if (norm !== expected) {
          seen.norms++;
          const middle = roundStored(stored, (norm + expected) / 2);
          assert(middle === norm || middle === expected, `norms ${norm} and ${expected}`);
        }
        // And each code is that of a coordinate within channels halves of a unit.
        const rotated = Float64Array.from(vector);
        hadamard(rotated);
        codes.forEach((code, c) => {
          if (code !== reference.codes[start + c]) seen.codes++;
          const threshold = (i: number) =>
            (levels[i]! + levels[i - 1]!) / 2 / 2 ** LEVEL_FRACTION_BITS * norm;
          const reach = channels / 2 * unit;
          if (code > 0) assert(rotated[c]! + reach >= threshold(code), `code ${code} of channel ${c}`);
          if (code < levels.length - 1) assert(rotated[c]! - reach < threshold(code + 1));
        });
      }
    }),
    { numRuns: 1500 },
  );
  // Both kinds of vectors came.
  assert(seen.exact > 1000 && seen.vectors - seen.exact > 300, JSON.stringify(seen));
});

Deno.test("encodeRotatedFixed() equals the reference bit for bit on a cache with outliers", () => {
  for (const [dtype, share] of [["bf16", 0.9], ["f16", 0.4]] as const) {
    const next = random(41), channels = 128, tokens = 400;
    const values = new Float32Array(tokens * channels);
    for (let i = 0; i < values.length; i++) {
      let sum = 0;
      for (let n = 0; n < 12; n++) sum += next() / 2 ** 32;
      const value = (sum - 6) * (i % channels % 37 === 0 ? 20 : 1);
      widen(dtype, Uint16Array.of(toHalf(dtype, value)), values.subarray(i, i + 1));
    }
    const each = { bits: 4, channels, stored: "f16", values } as const;
    const fixed = encode(encodeRotatedFixed, each), reference = encode(encodeRotated, each);
    let exact = 0, codes = 0;
    for (let at = 0; at < tokens; at++) {
      const vector = values.subarray(at * channels, (at + 1) * channels), unit = unitOf(vector);
      if (vector.every((value) => value % unit === 0)) exact++;
    }
    fixed.codes.forEach((code, i) => codes += code === reference.codes[i] ? 0 : 1);
    assert(exact >= share * tokens, `${dtype}: ${exact} of ${tokens} vectors`);
    assert.deepEqual([codes, fixed.norms], [0, reference.norms], dtype);
  }
});

Deno.test("encodeRotatedFixed() equals integers of any size", () => {
  fc.assert(
    fc.property(anyCase, (each) => {
      const { bits, channels, stored, values } = each;
      const { codes, norms } = encode(encodeRotatedFixed, each);
      for (let at = 0; at < norms.length; at++) {
        const vector = values.subarray(at * channels, (at + 1) * channels), unit = unitOf(vector);
        if (unit === 0 || vector.every((value) => value === 0)) {
          assert.equal(norms[at], 0);
          continue;
        }
        const aligned = [...vector].map((value) => BigInt(roundHalfEven(value / unit)));
        const squares = aligned.reduce((sum, value) => sum + value * value, 0n);
        // A root of 40 bits, odd unless it is exact, is rounded to 24 bits and then to its type.
        const root = rootOf(squares << 28n), odd = root * root === squares << 28n ? root : root | 1n;
        assert.equal(norms[at], roundStored(stored, Math.fround(Number(odd)) / 2 ** 14 * unit));
        // y x 2^(F + 1) x unit >= (sum of two levels) x norm, as whole numbers of the least subnormal.
        const parts = (value: number) => BigInt(value * 2 ** 149 * 2 ** 26);
        const [scaledUnit, scaledNorm] = [parts(unit) << BigInt(LEVEL_FRACTION_BITS + 1), parts(norms[at]!)];
        const levels = CODEBOOKS[bits];
        for (let c = 0; c < channels; c += 7) {
          const y = aligned.reduce((sum, value, i) => ones(i & c) % 2 === 0 ? sum + value : sum - value, 0n);
          const below = levels.slice(1).filter((level, i) =>
            y * scaledUnit >= BigInt(level + levels[i]!) * scaledNorm
          );
          assert.equal(codes[at * channels + c], below.length, `vector ${at}, channel ${c}`);
        }
      }
    }),
    { numRuns: 150 },
  );
});

function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest > 0; rest &= rest - 1) count++;
  return count;
}

/** Greatest integer whose square is not above. */
function rootOf(square: bigint): bigint {
  let root = 1n << BigInt(square.toString(2).length + 1 >> 1);
  for (;;) {
    const next = (root + square / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}

Deno.test("decodeRotatedFixed() equals decodeRotated() bit for bit, signs of zeros too", () => {
  fc.assert(
    fc.property(anyCase, fc.nat(), (each, seed) => {
      const { bits, channels, stored, values } = each, next = random(seed);
      const codes = Uint8Array.from(values, () => next() % 2 ** bits);
      const norms = new Float32Array(values.length / channels);
      widen(stored, Uint16Array.from(norms, () => finite(stored, next()) & 0x7fff), norms);
      if (next() % 4 === 0) norms[0] = 0;
      const [fixed, expected] = [decodeRotatedFixed, decodeRotated].map((decode) => {
        const out = new Float32Array(values.length);
        decode(bits, codes, norms, channels, out);
        return new Uint32Array(out.buffer);
      });
      assert.deepEqual(fixed, expected);
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeRotatedFixed() counts values under saturated norms, as the reference does", () => {
  const values = new Float32Array(256);
  widen("f16", new Uint16Array(256).fill(0x7bff), values);
  values.fill(1, 128);
  const each = { bits: 3, channels: 128, stored: "f16", values } as const;
  const fixed = encode(encodeRotatedFixed, each);
  assert.equal(fixed.saturated, 128);
  assert.deepEqual(fixed, encode(encodeRotated, each));
});

Deno.test("encodeRotatedFixed() and decodeRotatedFixed() refuse what devices do not rotate, and write nothing", () => {
  const codes = new Uint8Array(128).fill(9), norms = new Float32Array(1).fill(5);
  const values = new Float32Array(128).fill(1);
  for (const length of [16, 32, 512, 96]) {
    refusedWith("shape", () => encodeRotatedFixed(3, values, length, "f16", codes, norms));
    refusedWith("shape", () => decodeRotatedFixed(3, codes, norms, length, values));
  }
  refusedWith("shape", () => encodeRotatedFixed(3, values.subarray(1), 128, "f16", codes, norms));
  refusedWith("shape", () => encodeRotatedFixed(3, values, 128, "f16", codes.subarray(1), norms));
  refusedWith(
    "size",
    () => encodeRotatedFixed(3, values.map((_, i) => i === 127 ? NaN : 1), 128, "f16", codes, norms),
  );
  refusedWith("size", () => decodeRotatedFixed(3, codes, Float32Array.of(Infinity), 128, values));
  assert.deepEqual([codes[0], codes[127], norms[0], values[0]], [9, 9, 5, 1]);
});
