import assert from "node:assert/strict";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import { identifyFitted, parseFitted } from "../../../kernels/tabular/fitted/check.ts";
import type { FittedPipeline, FittedStep } from "../../../kernels/tabular/fitted/steps.ts";
import type { RecordsPipeline } from "../../../kernels/tabular/spec.ts";
import { records } from "../../../kernels/tabular/table.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import { refusal } from "../../support/failure.ts";
import { column, recordsOf, valuesOf } from "./columns.ts";

const INPUT = records([
  column("x", "f64", [1, NaN, 3, -0]),
  column("word", "text", ["b", "a", null, "b"]),
  column("n", "i32", [1, 2, NaN, 4]),
]);

const PIPELINE: RecordsPipeline = {
  steps: [
    { op: "impute", method: "median", columns: ["x", "n"], indicator: true },
    { op: "clean", method: "iqr", columns: ["x"], action: "mark" },
    { op: "clean", method: "hampel", columns: ["x"], window: 3, action: "median" },
    { op: "clean", method: "duplicates", columns: ["word"], window: 3, action: "drop" },
    { op: "scale", method: "robust", columns: ["x"] },
    { op: "encode", method: "uniform_bins", columns: ["n"], bins: 2, as: "one_hot" },
    { op: "encode", method: "ordinal", columns: ["word"], unknownValue: "NaN", missingValue: "-Infinity" },
  ],
};

const fitted = fitRecords(PIPELINE, INPUT);

/** A copy through JSON, with changes. */
const changed = (
  change: (copy: { -readonly [K in keyof FittedPipeline]: FittedPipeline[K] }) => void,
): unknown => {
  const copy = JSON.parse(JSON.stringify(fitted));
  change(copy);
  return copy;
};

/** A fitted pipeline of some steps on `x` (f64) and `word` (text). */
const withSteps = (...steps: object[]): FittedPipeline =>
  identifyFitted({
    inputs: [{ name: "x", type: "f64" }, { name: "word", type: "text" }],
    steps: steps as FittedStep[],
    outputs: ["x"],
    drop: [],
  });

Deno.test("parseFitted: reads what JSON.stringify wrote, and transforms alike", () => {
  const read = parseFitted(JSON.parse(JSON.stringify(fitted)));
  assert.deepEqual(read, fitted);
  assert.deepEqual(transformRecords(read, INPUT), transformRecords(fitted, INPUT));
});

Deno.test("parseFitted: the order of keys does not matter", () => {
  const turned = JSON.parse(
    JSON.stringify(fitted),
    (_, value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
  );
  assert.equal(parseFitted(turned).id, fitted.id);
});

Deno.test("parseFitted: refuses other versions, changes and unknown fields", () => {
  const refuse = (value: unknown, message?: RegExp) =>
    assert.throws(() => parseFitted(value), refusal("pipeline", message));
  refuse(null);
  refuse([]);
  refuse(changed((copy) => void (copy.version = 2 as never)), /fitted\.version/);
  refuse(changed((copy) => void (copy.id = (copy.id ^ 1) >>> 0)), /its contents have id/);
  refuse(changed((copy) => void (copy.outputs = copy.outputs.slice(1))), /its contents have id/);
  refuse(changed((copy) => void Object.assign(copy, { extra: 1 })));
  refuse(changed((copy) => void Object.assign(copy.steps[0]!, { extra: 1 })), /fitted\.steps\.0/);
  refuse(changed((copy) => void Object.assign(copy.steps[0]!, { op: "eval" })), /fitted\.steps\.0/);
  refuse(
    { ...fitted, steps: [{ op: "threshold", from: "x", to: "x", type: "f64", threshold: NaN }] },
    /threshold/,
  );
  refuse({
    ...fitted,
    steps: [{ op: "arithmetic", from: "x", to: "x", type: "f64", terms: [{ op: "add", value: Infinity }] }],
  }, /value/);
  refuse({
    ...fitted,
    steps: [{ op: "bounds", from: "x", to: "x", type: "f64", low: 2, high: 1, action: "clip" }],
  }, /low/);
  refuse({ ...fitted, steps: [{ op: "bins", from: "x", to: "x", type: "f64", edges: [1, 0] }] }, /ascending/);
  const codes = { op: "codes", from: "x", to: "x", type: "f64", unknown: null, missing: null };
  refuse({ ...fitted, steps: [{ ...codes, keys: [1, 1], values: [1, 2] }] }, /distinct/);
  refuse({ ...fitted, steps: [{ ...codes, keys: [1, "1"], values: [1, 2] }] }, /one type/);
  refuse({ ...fitted, steps: [{ ...codes, keys: [1], values: [1, 2] }] }, /a value for each key/);
  const hot = { op: "one_hot", from: "x", type: "f64", keys: [1], unknown: null, missing: null };
  refuse({ ...fitted, steps: [{ ...hot, to: ["a"], slots: [1] }] }, /slots/);
  refuse({ ...fitted, steps: [{ ...hot, to: ["a", "a"], slots: [1] }] }, /distinct/);
  refuse({ ...fitted, outputs: ["x", "x"] }, /distinct/);
});

Deno.test("identifyFitted: refuses steps that do not fit their columns", () => {
  const refuse = (step: object, message: RegExp) =>
    assert.throws(() => withSteps(step), refusal("pipeline", message), JSON.stringify(step));
  const on = (from: string, step: object) => ({ from, to: from, type: "f64", ...step });
  refuse(on("y", { op: "flag", type: "u8" }), /reads missing column "y"/);
  refuse(on("__proto__", { op: "flag", type: "u8" }), /reads missing column/);
  refuse(on("word", { op: "arithmetic", terms: [] }), /reads text, expected numbers/);
  refuse(on("word", { op: "bins", edges: [] }), /reads text, expected numbers/);
  refuse(on("word", { op: "cast" }), /converts between text and numbers/);
  refuse(on("x", { op: "cast", type: "text" }), /converts between text and numbers/);
  refuse(on("x", { op: "fill", missing: "NaN", value: "five" }), /writes text to a column of f64/);
  refuse(
    on("x", { op: "fill", missing: "NaN", value: 300, type: "u8" }),
    /writes 300, which does not fit u8/,
  );
  refuse(on("word", { op: "fill", type: "text", missing: 3, value: "x" }), /replaces a number in text/);
  refuse(
    on("word", { op: "codes", keys: [1], values: [1], unknown: null, missing: null }),
    /has a key of type number/,
  );
  refuse(
    on("x", { op: "codes", keys: ["a"], values: [1], unknown: null, missing: null }),
    /has a key of type string/,
  );
  refuse(
    on("x", { op: "codes", type: "text", keys: [1], values: [1], unknown: null, missing: null }),
    /writes a number/,
  );
  refuse(
    on("x", { op: "codes", type: "u8", keys: [1], values: [1], unknown: -1, missing: null }),
    /does not fit u8/,
  );
  refuse(on("x", { op: "hash", to: ["x"], buckets: 1, as: "index", alternateSign: false }), /reads numbers/);
  const inputs = [{ name: "x", type: "f64" }] as const;
  assert.throws(
    () => identifyFitted({ inputs: [...inputs, ...inputs], steps: [], outputs: [], drop: [] }),
    refusal("pipeline"),
  );
  assert.throws(() => identifyFitted({ inputs, steps: [], outputs: ["y"], drop: [] }), refusal("pipeline"));
  assert.throws(
    () => identifyFitted({ inputs, steps: [], outputs: ["x", "x"], drop: [] }),
    refusal("pipeline"),
  );
  assert.throws(
    () => identifyFitted({ inputs: [{ name: "t", type: "text" }], steps: [], outputs: [], drop: ["t"] }),
    refusal("pipeline", /marks "t" are text/),
  );
});

Deno.test("transformRecords: takes the fitted columns in any order, and refuses all others", () => {
  const { columns } = INPUT;
  assert.deepEqual(transformRecords(fitted, records(columns.toReversed())), transformRecords(fitted, INPUT));
  const refuse = (code: "shape" | "dtype", message: RegExp, ...list: typeof columns) =>
    assert.throws(() => transformRecords(fitted, records(list)), refusal(code, message));
  refuse("shape", /Cannot find column "n"/, columns[0]!, columns[1]!);
  refuse(
    "shape",
    /column "more": it was not there at the fit/,
    ...columns,
    column("more", "u8", [1, 2, 3, 4]),
  );
  refuse(
    "dtype",
    /column "n" of type i16: it was fitted as i32/,
    columns[0]!,
    columns[1]!,
    column("n", "i16", [1, 2, 3, 4]),
  );
  refuse(
    "dtype",
    /column "word" of type f64: it was fitted as text/,
    columns[0]!,
    column("word", "f64", [1, 2, 3, 4]),
    columns[2]!,
  );
});

Deno.test("transformRecords: a refused value is named with its column, its row and the reason", () => {
  const run = (
    steps: RecordsPipeline["steps"],
    type: "f64" | "text",
    fit: (number | string)[],
    apply: (number | string | null)[],
  ) => transformRecords(fitRecords({ steps }, recordsOf(type, [fit])), recordsOf(type, [apply]));
  const ordinal = [{ op: "encode", method: "ordinal", columns: ["c0"] }] as const;
  assert.throws(
    () => run(ordinal, "text", ["a"], ["a", "q"]),
    refusal("dtype", /column "c0": row 1 has "q", which is no fitted category/),
  );
  assert.throws(
    () => run(ordinal, "text", ["a"], [null]),
    refusal("dtype", /a missing value, which is missing, and that is no category/),
  );
  const bins = [{ op: "encode", method: "uniform_bins", bins: 2, columns: ["c0"] }] as const;
  assert.throws(
    () => run(bins, "f64", [1, 2], [1, NaN]),
    refusal("dtype", /row 1 has a missing value, which is missing: impute it first/),
  );
});

Deno.test("transformRecords: casts towards zero, and refuses what the type does not hold", () => {
  const cast = { op: "cast", from: "x", to: "x", type: "u8" };
  const run = (...values: number[]) =>
    valuesOf(
      transformRecords(
        withSteps(cast),
        records([
          column("x", "f64", values),
          column(
            "word",
            "text",
            values.map(() => null),
          ),
        ]),
      ).columns[0]!,
      values.length,
    );
  assert.deepEqual(run(1.9, -0.9, 255.99), [1, 0, 255]);
  assert.throws(() => run(256), refusal("dtype", /row 0 has 256, which does not fit type u8/));
  assert.throws(() => run(NaN), refusal("dtype"));
});

Deno.test("transformRecords: no rows make no rows", () => {
  const none = records([column("x", "f64", []), column("word", "text", []), column("n", "i32", [])]);
  const { rows, columns } = transformRecords(fitted, none);
  assert.deepEqual([rows, columns.length], [0, fitted.outputs.length]);
});
