import assert from "node:assert/strict";
import fc from "fast-check";
import { domainOf, type Operand } from "../../kernels/memoize/domain.ts";
import { decodeElement, isFloat, patternOf, rankOf } from "../../kernels/memoize/element.ts";
import { measureError } from "../../kernels/memoize/error.ts";
import { expandMemo, memoize } from "../../kernels/memoize/memo.ts";
import { type Candidate, searchForms } from "../../kernels/memoize/search.ts";
import type { DType } from "../../serialize/dtype.ts";
import { fromBFloat16Bits, fromFloat16Bits } from "../../serialize/dtype.ts";
import { refusal } from "../support/failure.ts";
import { random } from "../support/random.ts";

const SEED = { numRuns: 60, seed: 20260201 };

/** A result by the definition of the tables, without the library's evaluation. */
function byDefinition({ tables }: Candidate, code: number, outputBits: number): number | undefined {
  if (tables.kind === "linear") return undefined;
  const [i, j] = [Math.floor(code / 2 ** tables.low), code % 2 ** tables.low];
  const sum = tables.second[tables.block[i]! * 2 ** tables.low + j]! + tables.addend[i]!;
  return sum % 2 ** outputBits;
}

/** A result of line segments, as a value. */
function lineAt({ tables }: Candidate, code: number): number {
  assert(tables.kind === "linear");
  const [i, j] = [Math.floor(code / 2 ** tables.low), code % 2 ** tables.low];
  return Math.floor((tables.base[i]! + tables.slope[i]! * j) / 2 ** tables.shift);
}

const operand: fc.Arbitrary<Operand> = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((bits) => ({ bits })),
  fc.constant("u8" as const),
);

/** Functions of a code with structure: noise, sums of parts, steps, lines, and few distinct blocks. */
const pattern = fc.record({
  seed: fc.nat(2 ** 31),
  kind: fc.constantFrom("noise", "sum", "steps", "line", "blocks"),
  part: fc.integer({ min: 0, max: 9 }),
}).map(({ seed, kind, part }) => {
  const noise = (x: number) => {
    const mixed = Math.imul(x ^ seed, 0x9e3779b1);
    return (Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) ^ (mixed >>> 13)) >>> 0;
  };
  const [high, low] = [(x: number) => x >>> part, (x: number) => x & (2 ** part - 1)];
  const of = {
    noise: (x: number) => noise(x),
    sum: (x: number) => noise(high(x)) + noise(low(x)),
    steps: (x: number) => high(x),
    line: (x: number) => Math.floor(x * (seed % 1000) / 300),
    blocks: (x: number) => noise(low(x) + 1000 * (high(x) % 3)) + 7 * high(x),
  }[kind];
  return of;
});

const OUTPUTS: readonly DType[] = ["u8", "i8", "u16", "f16", "bf16", "f32", "u32", "i32"];
const BITS: Readonly<Record<DType, number>> = {
  u8: 8,
  i8: 8,
  u16: 16,
  f16: 16,
  bf16: 16,
  f32: 32,
  i32: 32,
  u32: 32,
};

Deno.test("searchForms(): every exact form of random functions equals the function on the whole domain", () => {
  const inputs = fc.oneof(operand.map((one) => [one]), fc.tuple(operand, operand));
  fc.assert(
    fc.property(inputs, pattern, fc.constantFrom(...OUTPUTS), (input, fn, output) => {
      const domain = domainOf(input);
      if (domain.bits > 13) return;
      const limit = 2 ** BITS[output];
      const values = Uint32Array.from({ length: 2 ** domain.bits }, (_, code) => fn(code) % limit);
      for (const candidate of searchForms(values, domain, output, "bytes", 0)) {
        if (candidate.tables.kind === "linear") continue;
        const { form } = candidate;
        assert.deepEqual(form.error, { ulps: 0, absolute: 0, codes: 0 }, form.name);
        values.forEach((value, code) =>
          assert.equal(byDefinition(candidate, code, BITS[output]), value, `${form.name} at ${code}`)
        );
        const { first, second, low } = form;
        assert.deepEqual([first, second % 2 ** low], [2 ** (domain.bits - low), 0]);
      }
    }),
    SEED,
  );
});

Deno.test("searchForms(): segments of random functions are off by their stated error, and no more", () => {
  fc.assert(
    fc.property(operand, pattern, fc.constantFrom("u8" as const, "u16" as const), (input, fn, output) => {
      const domain = domainOf(input);
      const limit = 2 ** BITS[output];
      const values = Uint32Array.from({ length: 2 ** domain.bits }, (_, code) => fn(code) % limit);
      const lines = searchForms(values, domain, output, "bytes", 3).at(-1)!;
      assert.equal(lines.form.name, "linear");
      const errors = Array.from(values, (value, code) => {
        const found = Math.min(limit - 1, Math.max(0, lineAt(lines, code)));
        return Math.abs(found - value);
      });
      const greatest = Math.max(...errors);
      assert.deepEqual(lines.form.error, {
        ulps: greatest,
        absolute: greatest,
        codes: errors.filter((error) => error > 0).length,
      });
    }),
    SEED,
  );
});

Deno.test("searchForms(): no split of the code has fewer blocks than the search found", () => {
  fc.assert(
    fc.property(pattern, fc.integer({ min: 2, max: 8 }), (fn, bits) => {
      const domain = domainOf({ bits });
      const values = Uint32Array.from({ length: 2 ** bits }, (_, code) => fn(code) & 0xff);
      const shared = searchForms(values, domain, "u8", "bytes", 0).find(({ form }) =>
        form.name === "shared"
      )!;
      for (let low = 0; low < bits; low++) {
        const blocks = new Set<string>();
        for (let at = 0; at < values.length; at += 2 ** low) {
          blocks.add(values.subarray(at, at + 2 ** low).join());
        }
        const numberBits = blocks.size === 1 ? 0 : Math.ceil(Math.log2(blocks.size));
        const entryBits = Math.max(...values) === 0 ? 0 : Math.floor(Math.log2(Math.max(...values))) + 1;
        const bytes = Math.ceil(2 ** (bits - low) * numberBits / 8) +
          Math.ceil(blocks.size * 2 ** low * entryBits / 8);
        assert(shared.form.bytes <= bytes, `${low}: ${bytes}, found ${shared.form.bytes}`);
      }
    }),
    SEED,
  );
});

const randomByte = (x: number) => random(x)() & 255;

Deno.test("memoize() finds the form that a function was made of", () => {
  const nameOf = (fn: (a: number, b: number) => number, options: Parameters<typeof memoize>[1]) =>
    memoize(fn, { ...options, prefer: "bytes" }).form.name;
  assert.equal(nameOf((a, b) => a + b, { input: ["u8", "u8"], output: "u16" }), "split");
  assert.equal(nameOf((a, b) => a * 256 + (b ^ 90), { input: ["u8", "u8"], output: "u16" }), "split");
  assert.equal(
    nameOf((x) => (x >> 6) % 2 === 0 ? (x * 37) & 63 : (x * 91) & 63, { input: { bits: 12 }, output: "u8" }),
    "shared",
  );
  assert.equal(nameOf((x) => randomByte(x), { input: { bits: 10 }, output: "u8" }), "direct");
  assert.equal(nameOf((x) => 2 * x, { input: "bf16", output: "bf16", overflow: "infinity" }), "exponent");
  const root = memoize((x) => Math.round(3.7 * x + 4 * Math.sin(x)), {
    input: { bits: 12 },
    output: "u16",
    tolerance: 5,
    prefer: "bytes",
  });
  assert.equal(root.form.name, "linear");
  assert(root.form.error.ulps > 0 && root.form.error.ulps <= 5, JSON.stringify(root.form.error));
});

Deno.test("memoize() prefers forms that the RTL holds, and has no error without a tolerance", () => {
  for (const prefer of ["device", "bytes"] as const) {
    const memo = memoize((x) => x, { input: "f16", output: "bf16", prefer });
    const fits = memo.forms.filter((form) => form.fits && form.error.ulps === 0);
    assert(fits.length > 0);
    assert.equal(memo.form.error.codes, 0);
    if (prefer === "device") assert(memo.form.fits);
    const others = prefer === "device" ? fits : memo.forms.filter(({ error }) => error.ulps === 0);
    assert.equal(memo.form.bytes, Math.min(...others.map(({ bytes }) => bytes)));
  }
});

Deno.test("memoize() passes decoded operands, the first one in the upper bits", () => {
  const seen: number[][] = [];
  const pair = memoize((a, b) => {
    seen.push([a, b]);
    return 10 * a + b;
  }, { input: [{ bits: 2 }, { bits: 3 }], output: "u8" });
  assert.deepEqual(seen[0], [0, 0]);
  assert.deepEqual(seen[8], [1, 0]);
  assert.equal(seen.length, 64);
  assert.equal(expandMemo(pair)[(3 << 3) | 5], 35);
  assert.deepEqual(pair.domain.itemBytes, 2);
  for (const [input, decode] of [["f16", fromFloat16Bits], ["bf16", fromBFloat16Bits]] as const) {
    const same = expandMemo(memoize((x) => x, { input, output: "f32" }));
    for (let code = 0; code < 65536; code++) assert(Object.is(same[code], decode(code)), `${input} ${code}`);
  }
});

Deno.test("memoize() encodes values, or takes bits, and saturates or overflows as told", () => {
  const four = (fn: (x: number) => number, options: object) =>
    Array.from(expandMemo(memoize(fn, { input: { bits: 2 }, output: "u8", ...options })));
  assert.deepEqual(four((x) => 200 * x - 100, { overflow: "saturate" }), [0, 100, 255, 255]);
  assert.deepEqual(four((x) => x - 2, { output: "i8" }), [-2, -1, 0, 1]);
  assert.deepEqual(four((x) => 0xfe + (x & 1), { output: "i8", result: "bits" }), [-2, -1, -2, -1]);
  assert.deepEqual(four((x) => x * 65504, { output: "f16", overflow: "saturate" }), [
    0,
    0x7bff,
    0x7bff,
    0x7bff,
  ]);
  assert.deepEqual(four((x) => x * -65504, { output: "f16", overflow: "infinity" }), [
    0x8000,
    0xfbff,
    0xfc00,
    0xfc00,
  ]);
  assert.deepEqual(four((x) => x === 0 ? Infinity : 1, { output: "f16" }), [0x7c00, 0x3c00, 0x3c00, 0x3c00]);
  assert.deepEqual(four((x) => 2 ** 31 * x - 2 ** 31, { output: "i32", overflow: "saturate" }), [
    -(2 ** 31),
    0,
    2 ** 31 - 1,
    2 ** 31 - 1,
  ]);
  assert.deepEqual(
    four((x) => x * 2 ** 126, { output: "bf16" }),
    [0, 0x7e80, 0x7f00, 0x7f40].map((bits, x) => decodeElement(bits, "u16") * Math.sign(x)),
  );
});

Deno.test("memoize() refuses a function that throws, is not pure, or leaves its output type", () => {
  const u8 = { input: "u8", output: "u8" } as const;
  const throws = (x: number) => {
    if (x === 9) throw new Error("nine");
    return x;
  };
  assert.throws(() => memoize(throws, u8), refusal("pipeline", /at \(9\): the function throws: nine/));
  let calls = 0;
  assert.throws(() => memoize(() => calls++ & 1, u8), refusal("pipeline", /not pure/));
  // A function that counts its calls is not pure either, though both passes count alike.
  let count = 0;
  assert.throws(() => memoize(() => count++ % 256, u8), refusal("pipeline", /at \(255\): .*not pure/));
  assert.throws(() => memoize((x) => x + 1, u8), refusal("dtype", /at \(255\): cannot hold 256 in u8/));
  assert.throws(() => memoize((x) => x - 1, u8), refusal("dtype", /at \(0\): cannot hold -1 in u8/));
  assert.throws(() => memoize((x) => x / 2, u8), refusal("dtype", /at \(1\): cannot hold 0\.5 in u8/));
  assert.throws(() => memoize(() => NaN, { ...u8, overflow: "saturate" }), refusal("dtype", /hold NaN/));
  assert.throws(
    () => memoize((x) => x * 1000, { ...u8, output: "f16" }),
    refusal("dtype", /at \(66\): .*65504/),
  );
  assert.throws(
    () => memoize((x) => x + 1, { ...u8, result: "bits" }),
    refusal("dtype", /hold bits 256 in u8/),
  );
  assert.throws(
    () => memoize((() => "1") as never, u8),
    refusal("dtype", /of type string, expected a number/),
  );
  assert.throws(() => memoize((() => 1n) as never, u8), refusal("dtype", /of type bigint/));
});

Deno.test("memoize() refuses operands and options outside their limits", () => {
  const refuses = (options: object, code: "dtype" | "size" | "pipeline", message: RegExp) =>
    assert.throws(
      () => memoize((x) => x & 1, { input: "u8", output: "u8", ...options } as never),
      refusal(code, message),
    );
  refuses({ input: { bits: 17 } }, "dtype", /1 to 16/);
  refuses({ input: { bits: 0 } }, "dtype", /1 to 16/);
  refuses({ input: { bits: 2.5 } }, "dtype", /1 to 16/);
  refuses({ input: "f32" }, "dtype", /operand "f32"/);
  refuses({ input: undefined }, "dtype", /operand undefined/);
  refuses({ input: [] }, "size", /one or two operands, found 0/);
  refuses({ input: ["u8", "u8", "u8"] }, "size", /found 3/);
  refuses({ input: ["f16", { bits: 5 }] }, "size", /21 bits/);
  assert.equal(domainOf(["f16", { bits: 4 }]).bits, 20);
  refuses({ output: "f64" }, "dtype", /output "f64"/);
  refuses({ overflow: "infinity" }, "dtype", /overflow "infinity": expected one of refuse, saturate$/);
  refuses({ result: "value " }, "dtype", /result/);
  refuses({ prefer: 5 }, "dtype", /prefer/);
  refuses({ tolerance: NaN }, "size", /tolerance/);
  refuses({ tolerance: -1 }, "size", /tolerance/);
  for (const fn of [undefined, null, 5, "x", {}]) {
    assert.throws(
      () => memoize(fn as never, { input: "u8", output: "u8" }),
      refusal("pipeline", /the function is/),
    );
  }
  for (const options of [undefined, null, 5]) {
    assert.throws(() => memoize((x) => x, options as never), refusal("dtype", /output/));
  }
});

Deno.test("memoize() gives equal ids for equal tables, and another id for another function, type or form", () => {
  const idOf = (fn: (x: number) => number, options: object = {}) =>
    memoize(fn, { input: { bits: 6 }, output: "u8", ...options }).id;
  const id = idOf((x) => x);
  assert.equal(idOf((x) => +x), id);
  const others = [
    idOf((x) => x ^ (x === 63 ? 1 : 0)),
    idOf((x) => x, { output: "i8" }),
    idOf((x) => x, { input: { bits: 7 } }),
    idOf((x) => x, { tolerance: 1, prefer: "bytes" }),
  ];
  assert.equal(new Set([id, ...others]).size, 5);
});

Deno.test("rankOf() orders patterns by value, and patternOf() is its inverse", () => {
  for (const dtype of ["u8", "i8", "u16", "f16", "bf16"] as const) {
    const patterns = Array.from({ length: 2 ** BITS[dtype] }, (_, bits) => bits);
    for (const bits of patterns) assert.equal(patternOf(rankOf(bits, dtype), dtype), bits, dtype);
    const values = patterns.toSorted((a, b) => rankOf(a, dtype) - rankOf(b, dtype))
      .map((bits) => decodeElement(bits, dtype)).filter((value) => !Number.isNaN(value));
    values.slice(1).forEach((value, at) => assert(value >= values[at]!, `${dtype}: ${value}`));
    assert.equal(isFloat(dtype), dtype.includes("f"));
  }
  assert.deepEqual([patternOf(300, "u8"), patternOf(-1, "u8"), patternOf(-200, "i8")], [255, 0, 128]);
  for (const dtype of ["f32", "i32", "u32"] as const) {
    for (const bits of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      assert.equal(patternOf(rankOf(bits, dtype), dtype), bits, dtype);
    }
  }
});

Deno.test("measureError() counts units in the last place, and compares NaN by bits", () => {
  const measure = (found: number, expected: number, dtype: DType) =>
    measureError(Uint32Array.of(7, found), Uint32Array.of(7, expected), dtype);
  assert.deepEqual(measure(5, 9, "u8"), { ulps: 4, absolute: 4, codes: 1 });
  assert.deepEqual(measure(255, 1, "i8"), { ulps: 2, absolute: 2, codes: 1 });
  assert.deepEqual(measure(0x3c01, 0x3c00, "f16"), { ulps: 1, absolute: 2 ** -10, codes: 1 });
  assert.deepEqual(measure(0x7c00, 0x7bff, "f16"), { ulps: 1, absolute: Infinity, codes: 1 });
  assert.deepEqual(measure(0x8000, 0x0000, "f16"), { ulps: 1, absolute: 0, codes: 1 });
  assert.deepEqual(measure(0x7e00, 0x7e00, "f16"), { ulps: 0, absolute: 0, codes: 0 });
  for (const found of [0x7e01, 0xfe00, 0x7c00, 0]) {
    assert.deepEqual(measure(found, 0x7e00, "f16"), { ulps: Infinity, absolute: Infinity, codes: 1 });
  }
});
