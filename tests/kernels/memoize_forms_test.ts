import assert from "node:assert/strict";
import fc from "fast-check";
import { mergeBlocks } from "../../kernels/memoize/blocks.ts";
import { bitsOf, sizesOf } from "../../kernels/memoize/tables.ts";
import { domainOf, type Operand } from "../../kernels/memoize/domain.ts";
import { decodeElement, isFloat, patternOf, rankOf } from "../../kernels/memoize/element.ts";
import { measureError } from "../../kernels/memoize/error.ts";
import { type Candidate, searchForms } from "../../kernels/memoize/search.ts";
import type { DType } from "../../serialize/dtype.ts";

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

Deno.test("mergeBlocks() stores the fewest blocks, with the fewest bits an entry, of every split", () => {
  fc.assert(
    fc.property(pattern, fc.integer({ min: 1, max: 8 }), (fn, bits) => {
      const values = Uint32Array.from({ length: 2 ** bits }, (_, code) => fn(code) & 0xff);
      for (let low = 0; low <= bits; low++) {
        // By every offset on the circle of patterns: the smallest greatest entry of each class.
        const classes = new Map<string, number>();
        for (let at = 0; at < values.length; at += 2 ** low) {
          const differences = Array.from(
            values.subarray(at, at + 2 ** low),
            (value) => (value - values[at]!) & 255,
          );
          let least = 255;
          for (let offset = 0; offset < 256; offset++) {
            least = Math.min(least, Math.max(...differences.map((each) => (each - offset) & 255)));
          }
          classes.set(differences.join(), least);
        }
        const tables = mergeBlocks(values, low, "shifted", 8);
        assert.equal(tables.second.length, classes.size * 2 ** low);
        assert.equal(sizesOf(tables).secondBits, bitsOf(Math.max(...classes.values())), `low ${low}`);
      }
    }),
    SEED,
  );
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
