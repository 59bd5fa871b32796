import assert from "node:assert/strict";
import fc from "fast-check";
import { composeFitted } from "../../../kernels/tabular/compose.ts";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import { percentileOf } from "../../../kernels/tabular/fit/quantiles.ts";
import { compareValues } from "../../../kernels/tabular/fit/statistics.ts";
import { pairwiseSum } from "../../../kernels/tabular/fit/sums.ts";
import { bucketOf, murmur3 } from "../../../kernels/tabular/hash.ts";
import type { RecordsStep } from "../../../kernels/tabular/spec.ts";
import { type Cell, type ColumnType, NUMBER_TYPES, records } from "../../../kernels/tabular/table.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import { cellsOf, roundTo, roundToHalf } from "../../../kernels/tabular/values.ts";
import { fromFloat16Bits } from "../../../serialize/dtype.ts";
import { column, valuesOf } from "./columns.ts";

const small = fc.oneof(fc.integer({ min: -100, max: 100 }), fc.double({ min: -1e4, max: 1e4, noNaN: true }));

/** Values of a type, some of them missing. */
function cells(type: ColumnType, rows: number): fc.Arbitrary<Cell[]> {
  const one: fc.Arbitrary<Cell> = type === "text"
    ? fc.oneof(fc.constantFrom("a", "b", "c", "ü", "𝄞"), fc.string({ maxLength: 3 }), fc.constant(null))
    : type.startsWith("i") || type.startsWith("u")
    ? fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(NaN))
    : fc.oneof(small, fc.constant(NaN));
  return fc.array(one, { minLength: rows, maxLength: rows });
}

/** Strings whose order by code points differs from that by UTF-16 units. */
const words = fc.array(
  fc.constantFrom("a", "b", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"),
  { maxLength: 4 },
)
  .map((list) => list.join(""));

const steps = fc.array(
  fc.constantFrom(
    { op: "impute", method: "mean", indicator: true },
    { op: "impute", method: "most_frequent", keepEmpty: false },
    { op: "impute", method: "constant" },
    { op: "impute", method: "last", window: 3 },
    { op: "clean", method: "iqr", action: "clip" },
    { op: "clean", method: "z_score", threshold: 1, action: "mark" },
    { op: "clean", method: "range", min: 0, max: 10, action: "missing" },
    { op: "clean", method: "hampel", window: 3, action: "median" },
    { op: "encode", method: "ordinal", unknownValue: -1, missingValue: -2 },
    { op: "encode", method: "one_hot", unknown: "infrequent", maxCategories: 3 },
    { op: "encode", method: "hashing", buckets: 4 },
    { op: "encode", method: "quantile_bins", bins: 3 },
    { op: "scale", method: "standard" },
    { op: "scale", method: "min_max" },
    { op: "scale", method: "robust" },
  ),
  { minLength: 1, maxLength: 4 },
);

const cases = fc.constantFrom<ColumnType>(...NUMBER_TYPES, "text").chain((type) =>
  fc.integer({ min: 1, max: 12 }).chain((rows) =>
    fc.tuple(fc.constant(type), cells(type, rows), cells(type, rows), steps)
  )
);

/** Result of a call, or the message of its refusal. */
function tried<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    assert.match((error as Error).message, /^Cannot (fit|transform|use) /, String(error));
    return (error as Error).message;
  }
}

Deno.test("composeFitted: columns on one row equal transformRecords bit for bit, and refuse where it does", () => {
  let compared = 0;
  fc.assert(
    fc.property(cases, ([type, fit, apply, list]) => {
      const name = "x";
      const [first, other] = [records([column(name, type, fit)]), records([column(name, type, apply)])];
      const pipeline = { steps: list.map((step) => ({ ...step, columns: [name] }) as RecordsStep) };
      const fitted = tried(() => fitRecords(pipeline, first));
      if (typeof fitted === "string") return;
      const result = tried(() => transformRecords(fitted, other));
      const read = cellsOf(other.columns[0]!);
      for (const { name, type: to, source } of composeFitted(fitted).outputs) {
        if (source.kind !== "value") continue;
        const own = Array.from(
          { length: other.rows },
          (_, row) => source.apply === null ? read(row) : source.apply(read(row)),
        );
        if (typeof result === "string") continue;
        const made = result.columns.find((each) => each.name === name)!;
        assert.equal(made.type, to);
        assert.deepEqual(own, valuesOf(made, other.rows));
        compared++;
      }
    }),
    { numRuns: 2000, seed: 11 },
  );
  assert(compared > 1000, `${compared} columns compared`);
});

Deno.test("transformRecords: a refused value is refused by the composition as well", () => {
  const fitted = fitRecords(
    { steps: [{ op: "encode", method: "ordinal", columns: ["x"] }] },
    records([column("x", "text", ["a"])]),
  );
  const { outputs: [output] } = composeFitted(fitted);
  assert(output?.source.kind === "value");
  assert.equal(output.source.apply!("b"), undefined);
  assert.equal(output.source.apply!(null), undefined);
  assert.equal(output.source.apply!("a"), 0);
});

Deno.test("encode one_hot: each row has one 1, or none for an ignored value", () => {
  fc.assert(
    fc.property(cells("text", 12), cells("text", 12), (fit, apply) => {
      const step = { op: "encode", method: "one_hot", unknown: "ignore", columns: ["x"] } as const;
      const fitted = fitRecords({ steps: [step] }, records([column("x", "text", fit)]));
      const { columns } = transformRecords(fitted, records([column("x", "text", apply)]));
      const known = new Set(fit);
      apply.forEach((cell, row) => {
        const sum = columns.reduce((total, each) => total + (valuesOf(each, 12)[row] as number), 0);
        assert.equal(sum, known.has(cell) ? 1 : 0);
      });
    }),
    { seed: 3 },
  );
});

Deno.test("encode ordinal: codes are the ranks of the values, and the fitted rows lose nothing", () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 1 }), (values) => {
      const input = records([column("x", "text", values)]);
      const fitted = fitRecords({ steps: [{ op: "encode", method: "ordinal", columns: ["x"] }] }, input);
      const codes = valuesOf(transformRecords(fitted, input).columns[0]!, values.length) as number[];
      const order = [...new Set(values)].sort((a, b) => {
        const [x, y] = [Array.from(a), Array.from(b)].map((list) => list.map((each) => each.codePointAt(0)!));
        for (let i = 0; i < Math.min(x!.length, y!.length); i++) if (x![i] !== y![i]) return x![i]! - y![i]!;
        return x!.length - y!.length;
      });
      assert.deepEqual(codes.map((code) => order[code]), values);
    }),
    { seed: 5 },
  );
  assert(compareValues("\uffff", "\u{10000}") < 0);
  assert(compareValues("a", "ab") < 0 && compareValues("b", "ab") > 0 && compareValues("x", "x") === 0);
});

Deno.test("scale: fitted values have mean 0 and deviation 1, or fill the range", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 50 }),
      (values) => {
        const input = records([column("x", "f64", values)]);
        const scaled = (method: "standard" | "min_max") =>
          valuesOf(
            transformRecords(fitRecords({ steps: [{ op: "scale", method, columns: ["x"] }] }, input), input)
              .columns[0]!,
            values.length,
          ) as number[];
        const ranged = scaled("min_max");
        assert(ranged.every((value) => value >= -1e-9 && value <= 1 + 1e-9), String(ranged));
        const spread = Math.max(...values) - Math.min(...values);
        if (spread < 1e-3) return;
        const standard = scaled("standard");
        const mean = standard.reduce((sum, value) => sum + value, 0) / values.length;
        assert(Math.abs(mean) < 1e-6, `mean ${mean}`);
        const variance = standard.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        assert(Math.abs(variance - 1) < 1e-6, `variance ${variance}`);
      },
    ),
    { seed: 7 },
  );
});

Deno.test("quantile_bins: every bin of distinct values has its share", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 20, max: 300 }), (bins, rows) => {
      const values = Array.from({ length: rows }, (_, row) => (row * 7919) % 10007);
      const input = records([column("x", "f64", values)]);
      const fitted = fitRecords(
        { steps: [{ op: "encode", method: "quantile_bins", bins, columns: ["x"] }] },
        input,
      );
      const counts = new Array<number>(bins).fill(0);
      for (const bin of valuesOf(transformRecords(fitted, input).columns[0]!, rows)) counts[bin as number]!++;
      assert(counts.every((count) => Math.abs(count - rows / bins) < 2), String(counts));
    }),
    { seed: 9 },
  );
});

Deno.test("percentileOf: lies between its neighbours and does not descend", () => {
  fc.assert(
    fc.property(fc.array(small, { minLength: 1 }), (values) => {
      const sorted = Float64Array.from(values).sort();
      const found = Array.from({ length: 101 }, (_, percent) => percentileOf(sorted, percent, "f64"));
      assert.equal(found[0], sorted[0]);
      assert.equal(found[100], sorted.at(-1));
      found.forEach((value, index) =>
        assert(index === 0 || value >= found[index - 1]! - 1e-12, String(found))
      );
    }),
    { seed: 13 },
  );
});

Deno.test("pairwiseSum: is as exact as a pairwise sum must be", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { maxLength: 2000 }), (values) => {
      assert.equal(pairwiseSum(Float64Array.from(values)), values.reduce((sum, value) => sum + value, 0) + 0);
    }),
    { seed: 17 },
  );
});

Deno.test("roundToHalf: rounds every middle of two neighbours to the even one, and just beside it to the nearer", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [fromFloat16Bits(bits), fromFloat16Bits(bits + 1)];
    const middle = (low + high) / 2;
    assert.equal(roundToHalf(middle), bits % 2 === 0 ? low : high);
    // A step of 2^-52 is lost if the number is rounded to f32 first.
    const least = Math.max(middle * 2 ** -52, 2 ** -1074);
    assert.equal(roundToHalf(middle + least), high);
    assert.equal(roundToHalf(middle - least), low);
    assert.equal(roundToHalf(-low), -low);
  }
  assert.deepEqual([65519.999, 65520, -65520, -0, NaN].map(roundToHalf), [
    65504,
    Infinity,
    -Infinity,
    -0,
    NaN,
  ]);
});

Deno.test("roundTo: integers beyond their type are refused", () => {
  for (
    const [type, min, max] of [["i8", -128, 127], ["u16", 0, 65535], [
      "i32",
      -(2 ** 31),
      2 ** 31 - 1,
    ]] as const
  ) {
    assert.deepEqual([min, max, min - 1, max + 1, 0.5, NaN].map((value) => roundTo(type, value)), [
      min,
      max,
      undefined,
      undefined,
      undefined,
      NaN,
    ]);
  }
});

Deno.test("murmur3: equals the reference for known strings, and buckets are in range", () => {
  // Vectors of the reference implementation with seed 0.
  assert.equal(murmur3("") >>> 0, 0);
  assert.equal(murmur3("hello") >>> 0, 0x248bfa47);
  assert.equal(murmur3("hello, world") >>> 0, 0x149bbb7f);
  assert.equal(murmur3("The quick brown fox jumps over the lazy dog") >>> 0, 0x2e4ff723);
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 65_536 }), (hash, buckets) => {
      const bucket = bucketOf(hash, buckets);
      assert(Number.isInteger(bucket) && bucket >= 0 && bucket < buckets);
      if (hash === -(2 ** 31)) assert.equal(bucket, 2 ** 31 % buckets);
    }),
    { examples: [[-(2 ** 31), 3], [-(2 ** 31), 7], [-(2 ** 31), 1]] },
  );
});
