import assert from "node:assert/strict";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import type { RecordsStep } from "../../../kernels/tabular/spec.ts";
import { type Cell, type Column, type ColumnType, records } from "../../../kernels/tabular/table.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import { refusal } from "../../support/failure.ts";
import { column, recordsOf, valuesOf } from "./columns.ts";

/** Takes any object as a step. */
const stepOf = (step: object) => step as RecordsStep;

/** Runs a step on one column and reads all columns of the result by name. */
function run(
  step: object,
  type: ColumnType,
  values: readonly Cell[],
): Record<string, Cell[]> {
  const input = recordsOf(type, [values]);
  const { columns, rows } = transformRecords(
    fitRecords({ steps: [stepOf({ ...step, columns: ["c0"] })] }, input),
    input,
  );
  return Object.fromEntries(columns.map((each) => [each.name, valuesOf(each, rows)]));
}

const WAVE = [1, NaN, 3, NaN, NaN, NaN, 7, NaN];

Deno.test("impute window: fills with the mean of the present values of the window", () => {
  assert.deepEqual(run({ op: "impute", method: "window", window: 3 }, "f64", WAVE), {
    c0: [1, 1, 3, 3, 3, NaN, 7, 7],
  });
  assert.deepEqual(run({ op: "impute", method: "window", window: 4 }, "i32", [2, 4, 9, NaN]), {
    c0: [2, 4, 9, 5],
  });
});

Deno.test("impute last: carries the last present value over at most the window", () => {
  assert.deepEqual(run({ op: "impute", method: "last", window: 2, indicator: true }, "i32", WAVE), {
    c0: [1, 1, 3, 3, NaN, NaN, 7, 7],
    c0_missing: [0, 1, 0, 1, 1, 1, 0, 1],
  });
});

Deno.test("impute: keeps the type of integers where the filled value fits, and makes f64 of means", () => {
  const typeOf = (method: string) => {
    const input = recordsOf("i16", [[1, 2, NaN, 2]]);
    const fitted = fitRecords({ steps: [stepOf({ op: "impute", columns: ["c0"], method })] }, input);
    const [made] = transformRecords(fitted, input).columns;
    return [made!.type, valuesOf(made!, 4)[2]];
  };
  assert.deepEqual(typeOf("mean"), ["f64", 5 / 3]);
  assert.deepEqual(typeOf("median"), ["f64", 2]);
  assert.deepEqual(typeOf("most_frequent"), ["i16", 2]);
  assert.deepEqual(typeOf("constant"), ["i16", 0]);
});

Deno.test("impute: a number for missing values counts as one, besides NaN", () => {
  assert.deepEqual(
    run({ op: "impute", method: "mean", missing: -9, indicator: true }, "f64", [1, -9, NaN, 4]),
    {
      c0: [1, 2.5, 2.5, 4],
      c0_missing: [0, 1, 1, 0],
    },
  );
});

const OUT = [10, 12, 11, 13, 12, 11, 10, 12, 300, NaN];

Deno.test("clean: clips, removes or marks what is out of the range", () => {
  const range = { op: "clean", method: "range", min: 11, max: 12.5 } as const;
  assert.deepEqual(run({ ...range, action: "clip" }, "f64", OUT).c0, [
    11,
    12,
    11,
    12.5,
    12,
    11,
    11,
    12,
    12.5,
    NaN,
  ]);
  assert.deepEqual(run({ ...range, action: "missing" }, "i32", OUT).c0, [
    NaN,
    12,
    11,
    NaN,
    12,
    11,
    NaN,
    12,
    NaN,
    NaN,
  ]);
  assert.deepEqual(run({ ...range, action: "mark" }, "f32", OUT), {
    c0: OUT,
    c0_outlier: [1, 0, 0, 1, 0, 0, 1, 0, 1, 0],
  });
});

Deno.test("clean: bounds are mean and deviation, quartiles, or percentiles", () => {
  const marks = (step: object) =>
    run({ op: "clean", action: "mark", ...step }, "f64", OUT).c0_outlier!.indexOf(1);
  assert.equal(marks({ method: "z_score", threshold: 2 }), 8);
  assert.equal(marks({ method: "z_score" }), -1); // one of nine values is at most 2.67 deviations away
  assert.equal(marks({ method: "iqr" }), 8);
  assert.equal(marks({ method: "iqr", factor: 500 }), -1);
  const clipped = run({ op: "clean", method: "clip", percentiles: [12.5, 87.5] }, "f64", OUT).c0!;
  assert.deepEqual(clipped, [10, 12, 11, 13, 12, 11, 10, 12, 13, NaN]);
});

Deno.test("clean hampel: takes the median of the centred window for an outlier", () => {
  const hampel = { op: "clean", method: "hampel", window: 5 } as const;
  assert.deepEqual(run({ ...hampel, action: "median" }, "f64", OUT).c0, [
    10,
    12,
    11,
    13,
    12,
    11,
    10,
    12,
    12,
    NaN,
  ]);
  assert.deepEqual(run({ ...hampel, action: "missing" }, "i32", OUT).c0!.findIndex(Number.isNaN), 8);
  assert.deepEqual(run({ ...hampel, action: "mark" }, "f64", OUT).c0_outlier!.indexOf(1), 8);
  assert.equal(
    run({ ...hampel, threshold: 1e6, action: "mark" }, "f64", OUT).c0_outlier!.indexOf(1),
    -1,
  );
});

Deno.test("clean duplicates: marks or removes rows that equal one of the window", () => {
  const input = records([
    column("a", "f64", [1, 1, 2, 1, NaN, NaN, 1]),
    column("b", "text", ["x", "x", "x", null, "y", "y", "x"]),
    column("c", "u8", [0, 1, 2, 3, 4, 5, 6]),
  ]);
  const runWith = (action: "mark" | "drop", window: number) => {
    const step = { op: "clean", method: "duplicates", columns: ["a", "b"], window, action } as const;
    const { columns, rows } = transformRecords(fitRecords({ steps: [step] }, input), input);
    return { names: columns.map(({ name }) => name), last: valuesOf(columns.at(-1)!, rows) };
  };
  assert.deepEqual(runWith("mark", 2), { names: ["a", "b", "c", "duplicate"], last: [0, 1, 0, 0, 0, 1, 0] });
  assert.deepEqual(runWith("mark", 7).last, [0, 1, 0, 0, 0, 1, 1]);
  assert.deepEqual(runWith("drop", 7), { names: ["a", "b", "c"], last: [0, 2, 3, 4] });
});

Deno.test("encode one_hot: names columns after the categories, apart from those that are taken", () => {
  const input = records([
    column("x", "text", ["nan", null, "b"]),
    column("x_b", "f64", [1, 2, 2.5]),
  ]);
  const { columns } = transformRecords(
    fitRecords({ steps: [{ op: "encode", method: "one_hot", columns: ["x", "x_b"] }] }, input),
    input,
  );
  assert.deepEqual(columns.map(({ name }) => name), [
    "x_b_",
    "x_nan",
    "x_nan_",
    "x_b_1.0",
    "x_b_2.0",
    "x_b_2.5",
  ]);
});

Deno.test("encode one_hot: one column at most makes all categories infrequent", () => {
  assert.deepEqual(
    run({ op: "encode", method: "one_hot", maxCategories: 1 }, "text", ["a", "b", "a"]),
    {
      c0_infrequent_sklearn: [1, 1, 1],
    },
  );
});

Deno.test("encode hashing: writes the bucket as an index, and nothing for a missing value", () => {
  const { c0 } = run(
    { op: "encode", method: "hashing", buckets: 16, as: "index", dtype: "u8" } as never,
    "text",
    ["a", null, "a"],
  );
  assert.deepEqual([c0![0] === c0![2], c0![1]], [true, NaN]);
});

Deno.test("fitRecords: steps see what the steps before them made", () => {
  const input = records([
    column("x", "f64", [1, NaN, 3]),
    column("y", "text", ["a", "b", "a"]),
    column("z", "u8", [1, 2, 3]),
  ]);
  const fitted = fitRecords({
    steps: [
      { op: "impute", method: "mean", columns: ["x"], indicator: true },
      { op: "encode", method: "one_hot", columns: ["y"], dtype: "u8" },
      { op: "scale", method: "min_max", columns: ["x", "y_a"] },
      { op: "encode", method: "ordinal", columns: ["x_missing"], dtype: "u8" },
    ],
  }, input);
  const { columns } = transformRecords(fitted, input);
  assert.deepEqual(columns.map(({ name, type }) => [name, type]), [
    ["x", "f64"],
    ["y_a", "f64"],
    ["y_b", "u8"],
    ["z", "u8"],
    ["x_missing", "u8"],
  ]);
  assert.deepEqual(valuesOf(columns[0]!, 3), [0, 0.5, 1]);
  // A column that no step names is passed on as it is.
  assert.equal(columns[3], input.columns[2]);
});

Deno.test("fitRecords: refuses columns and values that do not fit a step", () => {
  const numbers = recordsOf("f64", [[1, 2, NaN]]);
  const words = recordsOf("text", [["a", "b", null]]);
  const refuse = (step: object, input = numbers, message = /^Cannot fit column "c0"/) => {
    const steps = [stepOf({ columns: ["c0"], ...step })];
    assert.throws(() => fitRecords({ steps }, input), refusal("dtype", message), JSON.stringify(step));
  };
  refuse({ op: "impute", method: "mean" }, words, /mean needs numbers, found text/);
  refuse({ op: "impute", method: "window", window: 3 }, words);
  refuse({ op: "impute", method: "constant", value: "x" });
  refuse({ op: "impute", method: "constant", value: 3 }, words);
  refuse({ op: "impute", method: "mean", missing: 1 }, words);
  refuse(
    { op: "impute", method: "most_frequent", keepEmpty: true },
    recordsOf("text", [[null]]),
    /use method constant/,
  );
  refuse({ op: "impute", method: "median" }, recordsOf("f64", [[1, Infinity]]), /an infinite value/);
  refuse({ op: "clean", method: "range", min: 0, max: 1, action: "clip" }, words);
  refuse(
    { op: "clean", method: "iqr", action: "mark" },
    recordsOf("f32", [[NaN]]),
    /all its values are missing/,
  );
  refuse({ op: "scale", method: "standard" }, words);
  refuse({ op: "scale", method: "robust" }, recordsOf("f64", [[NaN, NaN]]), /all its values are missing/);
  refuse({ op: "scale", method: "min_max" }, recordsOf("f64", [[-1.7e308, 1.7e308]]), /too far apart/);
  refuse({ op: "encode", method: "quantile_bins", bins: 3 }, numbers, /impute the missing ones first/);
  refuse({ op: "encode", method: "uniform_bins", bins: 3 }, words);
  refuse({ op: "encode", method: "hashing", buckets: 3 }, numbers, /hashing needs text, found f64/);
  refuse({ op: "encode", method: "hashing", buckets: 5000 }, words, /use as "index"/);
  refuse({ op: "encode", method: "hashing", buckets: 5, dtype: "u8" }, words, /with signs does not fit u8/);
  refuse({ op: "encode", method: "ordinal", categories: [["a", "b"]] }, words, /missing values are none/);
  refuse({ op: "encode", method: "ordinal", categories: [["a", null]] }, words, /"b" is none of the given/);
  refuse(
    { op: "encode", method: "ordinal", categories: [[1, null]] },
    words,
    /category 1 does not fit type text/,
  );
  refuse({ op: "encode", method: "ordinal", categories: [[2, 1, null]] }, numbers, /must ascend/);
  refuse({ op: "encode", method: "ordinal", categories: [[null, 1, 2]] }, numbers, /must ascend/);
  refuse(
    { op: "encode", method: "ordinal", unknownValue: 1 },
    numbers,
    /unknownValue 1 is the number of a category/,
  );
  refuse(
    { op: "encode", method: "ordinal", missingValue: 2 },
    numbers,
    /missingValue 2 is the number of a category/,
  );
  refuse({ op: "encode", method: "ordinal" }, recordsOf("f64", [[]]), /it has no rows/);
});

Deno.test("scale standard: a range that overflows the column's type is none for f64 statistics", () => {
  const { c0 } = run({ op: "scale", method: "standard" }, "f16", [60000, -60000]);
  assert.deepEqual(c0, [1, -1]);
});

Deno.test("fitRecords: refuses a malformed pipeline", () => {
  const input = recordsOf("f64", [[1, 2]]);
  const refuse = (step: object, message = /^Cannot read pipeline\.steps\.0/) => {
    const steps = [stepOf({ op: "encode", columns: ["c0"], ...step })];
    assert.throws(() => fitRecords({ steps }, input), refusal("pipeline", message), JSON.stringify(step));
  };
  refuse({ method: "ordinal", categories: [[1, 2, 1]] }, /category 1 is given twice/);
  refuse({ method: "ordinal", categories: [["a", null, null]] }, /category null is given twice/);
  refuse({ method: "ordinal", categories: [[]] });
  refuse({ method: "ordinal", categories: [[NaN]] });
  refuse({ method: "ordinal", categories: [[1, 2], [3]] }, /2 lists of categories for 1 columns/);
  refuse({ method: "ordinal", unknownValue: Infinity });
  refuse({ method: "ordinal", dtype: "f16" });
  refuse({ method: "one_hot", maxCategories: 0 });
  refuse({ method: "one_hot", minFrequency: 0 });
  refuse({ method: "quantile_bins", bins: 1 });
  refuse({ method: "quantile_bins", bins: 65_537 });
  refuse({ method: "hashing", buckets: 0 });
  refuse({ method: "ordinal", columns: [] });
  refuse({ method: "ordinal", columns: ["c0", "c0"] }, /distinct names/);
  refuse({ method: "ordinal", extra: 1 });
  refuse({ op: "impute", method: "average" });
  refuse({ op: "impute", method: "constant", value: NaN });
  refuse({ op: "impute", method: "mean", missing: NaN });
  refuse({ op: "impute", method: "last", window: 1 });
  refuse({ op: "impute", method: "last", window: 1025 });
  refuse({ op: "clean", method: "range", min: NaN, max: 1, action: "clip" });
  refuse({ op: "clean", method: "range", min: 2, max: 1, action: "clip" });
  refuse({ op: "clean", method: "z_score", threshold: 0, action: "clip" });
  refuse({ op: "clean", method: "hampel", window: 4, action: "median" });
  refuse({ op: "clean", method: "clip", percentiles: [50, 50] });
  refuse({ op: "scale", method: "min_max", range: [1, 1] });
  refuse({ op: "scale", method: "robust", percentiles: [-1, 50] });
  refuse({ op: "drop", method: "mean" });
  assert.throws(() => fitRecords({ steps: [] }, input), refusal("pipeline"));
  assert.throws(() => fitRecords(null as never, input), refusal("pipeline"));
  assert.throws(
    () => fitRecords({ steps: [{ op: "scale", method: "standard", columns: ["age"] }] }, input),
    refusal("shape", /column "age": it is missing$/),
  );
});

Deno.test("fitRecords: refuses more categories than 65,536", () => {
  const many = recordsOf("u32", [Array.from({ length: 65_537 }, (_, row) => row)]);
  assert.throws(
    () => fitRecords({ steps: [{ op: "encode", method: "ordinal", columns: ["c0"] }] }, many),
    refusal("size", /more than 65536 distinct values/),
  );
  const most = recordsOf("u32", [Array.from({ length: 65_536 }, (_, row) => row)]);
  const { steps: [codes] } = fitRecords(
    { steps: [{ op: "encode", method: "ordinal", columns: ["c0"] }] },
    most,
  );
  assert(codes?.op === "codes" && codes.keys.length === 65_536);
});

Deno.test("records: refuses columns that are no columns", () => {
  const text = {
    name: "t",
    type: "text",
    codes: Uint8Array.of(0, 9),
    dictionary: ["a"],
    missing: 9,
  } as const;
  const number = { name: "n", type: "f64", values: Float64Array.of(1, 2) } as const;
  const refuse = (code: "dtype" | "shape" | "size", ...columns: unknown[]) =>
    assert.throws(() => records(columns as Column[]), refusal(code), JSON.stringify(columns));
  assert.equal(records([text, number]).rows, 2);
  refuse("dtype", { ...text, dictionary: ["a", "a"] });
  refuse("dtype", { ...text, dictionary: [1] });
  refuse("dtype", { ...text, missing: 0 });
  refuse("dtype", { ...text, missing: 8 });
  refuse("dtype", { ...text, codes: Uint8Array.of(0, 1) });
  refuse("dtype", { ...text, codes: [0, 9] });
  refuse("dtype", { ...number, type: "f32" });
  refuse("dtype", { ...number, type: "f128" });
  refuse("dtype", { ...number, validity: new Uint8Array(0) });
  refuse("shape", { ...number, name: "" });
  refuse("shape", { ...number, name: "x".repeat(1025) });
  refuse("shape", number, number);
  refuse("shape", number, { ...text, codes: Uint8Array.of(0) });
  refuse("shape", null);
  refuse("size", ...Array.from({ length: 16_385 }, () => number));
  assert.throws(() => records(5 as never), refusal("shape"));
});
