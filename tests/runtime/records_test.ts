import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { scanDomains } from "../../kernels/tabular/domain.ts";
import { fitRecords } from "../../kernels/tabular/fit/fit.ts";
import type { FittedPipeline } from "../../kernels/tabular/fitted/steps.ts";
import { codedInputs, planRecords, type RecordsPlan } from "../../kernels/tabular/plan.ts";
import type { RecordsStep } from "../../kernels/tabular/spec.ts";
import { joinRecords, sliceRecords } from "../../kernels/tabular/rows.ts";
import { type Cell, type ColumnType, type Records, records } from "../../kernels/tabular/table.ts";
import { transformRecords } from "../../kernels/tabular/transform.ts";
import { compileWindow } from "../../kernels/tabular/window/plan.ts";
import { windowWorkload } from "../../kernels/tabular/window/workload.ts";
import type { Device } from "../../runtime/device/device.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { offloadRecords } from "../../runtime/records.ts";
import { offloadRecordsStream } from "../../runtime/records_stream.ts";
import { Session } from "../../runtime/session.ts";
import { column, recordsOf, valuesOf } from "../kernels/tabular/columns.ts";
import { sized } from "../support/long.ts";
import { random } from "../support/random.ts";
import { refusal } from "../support/failure.ts";
import { faultyDevice, keepAnswers, spoilAnswers } from "./faulty_device.ts";
import { test } from "./helpers.ts";

/** Plans a fitted pipeline for the values of records. */
function planFor(fitted: FittedPipeline, input: Records, device: Pick<Device, "profile">): RecordsPlan {
  const scan = scanDomains(codedInputs(fitted));
  scan.add(input);
  return planRecords(fitted, { domains: scan.domains(), device });
}

/** Asserts that two records are equal, the sign of zero among the values. */
function assertEqual(found: Records, expected: Records, message: string): void {
  const face = ({ rows, columns }: Records) =>
    columns.map((each) => ({ name: each.name, type: each.type, cells: valuesOf(each, rows) }));
  assert.deepEqual(face(found), face(expected), message);
}

interface Golden {
  readonly name: string;
  readonly type: ColumnType;
  readonly fit: { readonly columns?: readonly (readonly Cell[])[] };
  readonly apply: readonly (readonly Cell[])[] | null;
  readonly steps: readonly RecordsStep[];
}

const { entries }: { entries: Golden[] } = JSON.parse(
  await readFile(new URL("../golden/tabular.json", import.meta.url), "utf8"),
);

/** Runs goldens of scikit-learn on a device; returns the number of columns that the device computed. */
async function runGoldens(device: Device, every = 1): Promise<number> {
  let columns = 0;
  for (const { name, type, fit, apply, steps } of entries.filter((_, n) => n % every === 0)) {
    if (fit.columns === undefined) continue;
    const input = recordsOf(type, fit.columns);
    const fitted = fitRecords({ steps }, input);
    const applied = apply === null ? input : recordsOf(type, apply);
    const plan = planFor(fitted, applied, device);
    columns += plan.columns.filter(({ kind }) => kind === "device").length;
    const { output } = await offloadRecords(plan, applied, device);
    assertEqual(output, transformRecords(fitted, applied), name);
  }
  return columns;
}

test("offloadRecords() on the model equals the reference, and so scikit-learn, on all goldens", async () => {
  await using device = createModelDevice();
  assert(await runGoldens(device) > 80);
});

test("offloadRecords() on the RTL equals the reference, and so scikit-learn, on all goldens", async () => {
  await using device = await createRtlDevice();
  assert(await runGoldens(device, sized(1, 5)) > sized(80, 12));
});

/** Records of every type, with missing values and both zeros, and a pipeline of several steps. */
function mixed(rows: number): { input: Records; steps: RecordsStep[] } {
  const at = (row: number, factor: number) => (row * factor + 3) % 251;
  const cells = (make: (row: number) => Cell) => Array.from({ length: rows }, (_, row) => make(row));
  const words = ["red", "", "grün", "blue, dark", "x"];
  const input = records([
    column("price", "f64", cells((row) => row % 7 === 3 ? NaN : row % 11 === 0 ? -0 : at(row, 17) / 8)),
    column("age", "u8", cells((row) => at(row, 5))),
    column("size", "f16", cells((row) => at(row, 3) / 4)),
    column("shift", "i16", cells((row) => at(row, 29) - 100)),
    column("holes", "i32", cells((row) => row % 5 === 1 ? NaN : at(row, 7))),
    column("color", "text", cells((row) => row % 9 === 2 ? null : words[at(row, 13) % words.length]!)),
    column("same", "f32", cells((row) => at(row, 2))),
  ]);
  const steps: RecordsStep[] = [
    { op: "impute", columns: ["price", "holes"], method: "mean", indicator: true },
    { op: "clean", columns: ["price"], method: "iqr", action: "clip" },
    { op: "clean", columns: ["shift"], method: "range", min: -50, max: 100, action: "mark" },
    { op: "scale", columns: ["price", "age"], method: "standard" },
    { op: "scale", columns: ["size"], method: "min_max" },
    { op: "impute", columns: ["color"], method: "most_frequent" },
    { op: "encode", columns: ["color"], method: "one_hot", dtype: "u8" },
    { op: "encode", columns: ["holes"], method: "uniform_bins", bins: 4 },
  ];
  return { input, steps };
}

for (const [name, open] of [["model", createModelDevice], ["RTL", createRtlDevice]] as const) {
  test(`offloadRecords() on the ${name} composes all steps of a column into one lookup`, async () => {
    const { input, steps } = mixed(700);
    const fitted = fitRecords({ steps }, input);
    await using device = await open();
    const plan = planFor(fitted, input, device);
    const kinds = new Map(plan.columns.map((each) => [each.name, each.kind]));
    assert.equal(kinds.get("same"), "copy");
    assert.equal(
      [...kinds.values()].filter((kind) => kind === "device").length,
      kinds.size - 2,
      "shift, same",
    );
    const { output, sent } = await offloadRecords(plan, input, device);
    assertEqual(output, transformRecords(fitted, input), name);
    assert(sent >= kinds.size - 2);
    const part = await offloadRecords(plan, input, device, { rows: { from: 13, to: 500 } });
    assert.equal(part.output.rows, 487);
    assert.deepEqual(
      part.output.columns.map((each) => valuesOf(each, 487)),
      output.columns.map((each) => valuesOf(each, 700).slice(13, 500)),
    );
  });
}

test("offloadRecords() asks again for lost answers, and gives the same bytes", async () => {
  const { input, steps } = mixed(3000);
  const fitted = fitRecords({ steps }, input);
  await using device = faultyDevice(async ({ number, exchange: { output: answers }, answer }) => {
    const count = await answer();
    return number % 2 === 0 ? keepAnswers(answers, count, (sequence) => sequence % 2 === 0) : count;
  });
  const { output, resent } = await offloadRecords(planFor(fitted, input, device), input, device);
  assert(resent > 0);
  assertEqual(output, transformRecords(fitted, input), "losses");
});

test("planRecords() leaves to the host columns of more than 65,536 numbers, and refuses such texts by name", () => {
  const rows = 65_537;
  const wide = records([{
    name: "id",
    type: "f64",
    values: Float64Array.from({ length: rows }, (_, row) => row),
  }]);
  const fitted = fitRecords({ steps: [{ op: "scale", columns: ["id"], method: "standard" }] }, wide);
  const { columns: [id], host } = planFor(fitted, wide, { profile: RTL_PROFILE });
  assert(id?.kind === "host" && host !== null);
  assert.match(id.reason, /"id" has more than 65536 distinct values/);
  const text = records([{
    name: "notes",
    type: "text",
    codes: Uint32Array.from({ length: rows }, (_, row) => row),
    dictionary: Array.from({ length: rows }, (_, row) => `n${row}`),
    missing: rows,
  }]);
  const hashed = fitRecords({
    steps: [{ op: "encode", columns: ["notes"], method: "hashing", buckets: 8, as: "index" }],
  }, text);
  assert.throws(
    () => planFor(hashed, text, { profile: RTL_PROFILE }),
    refusal("table", /column "notes" .* free text/),
  );
});

test("planRecords() leaves to the host what exceeds the RTL's tables, which the model has", async () => {
  const words = Array.from({ length: 20_000 }, (_, row) => `w${row}`);
  const values = words.map((_, row) => (row * 7919) % 20_011 / 3);
  const input = records([column("x", "f64", values), column("word", "text", words)]);
  const steps: RecordsStep[] = [
    { op: "scale", columns: ["x"], method: "robust" },
    { op: "encode", columns: ["word"], method: "hashing", buckets: 5000, as: "index" },
  ];
  const fitted = fitRecords({ steps }, input);
  for (
    const [device, kind] of [[await createRtlDevice(), "host"], [createModelDevice(), "device"]] as const
  ) {
    const plan = planFor(fitted, input, device);
    // Values in ascending order have ascending results: a table of one line.
    assert.deepEqual(plan.columns.map((each) => each.kind), ["device", kind]);
    const word = plan.columns[1]!;
    if (word.kind === "host") assert.match(word.reason, /tables of .* entries exceed those of device rtl/);
    assertEqual((await offloadRecords(plan, input, device)).output, transformRecords(fitted, input), kind);
    await device.close();
  }
});

test("offloadRecords() refuses what the reference refuses, with its row and value", async () => {
  const input = records([column("c", "text", ["a", "b", "a"])]);
  const fitted = fitRecords({ steps: [{ op: "encode", columns: ["c"], method: "ordinal" }] }, input);
  const other = records([column("c", "text", ["a", "b", "z"])]);
  await using device = createModelDevice();
  await assert.rejects(
    offloadRecords(planFor(fitted, other, device), other, device),
    refusal("dtype", /column "c": row 2 has "z", which is no fitted category/),
  );
  await assert.rejects(
    offloadRecords(planFor(fitted, input, device), other, device),
    refusal("dtype", /column "c": row 2 has "z", which is not in the domain/),
  );
  await assert.rejects(
    offloadRecords(planFor(fitted, input, device), records([column("c", "f64", [1])]), device),
    refusal("dtype", /fitted as text/),
  );
  assert.throws(() => planRecords(fitted, { domains: [], device }), refusal("shape", /no domain/));
});

test("offloadRecords() drops marked rows, and computes windows on the model, on the host for the RTL", async () => {
  const values = [1, 1, NaN, 4, 100, 4, 4, NaN, 7, 8, 8, 9];
  const input = records([column("x", "f64", values), column("y", "u8", values.map((_, row) => row % 3))]);
  const fitted = fitRecords({
    steps: [
      { op: "impute", columns: ["x"], method: "window", window: 3 },
      { op: "clean", columns: ["x"], method: "hampel", window: 5, action: "median" },
      { op: "clean", columns: ["x", "y"], method: "duplicates", window: 4, action: "drop" },
      { op: "scale", columns: ["y"], method: "min_max" },
    ],
  }, input);
  const expected = transformRecords(fitted, input);
  for (
    const [device, kind] of [[createModelDevice(), "window"], [await createRtlDevice(), "host"]] as const
  ) {
    const plan = planFor(fitted, input, device);
    assert.deepEqual(plan.columns.map((each) => each.kind), [kind, "device"]);
    assert.deepEqual(plan.marks.map((each) => each.kind), [kind]);
    const [x] = plan.columns;
    if (x?.kind === "host") {
      assert.match(
        x.reason,
        /hampel reads a window of 5 rows, and device rtl has no kernel/,
      );
    }
    assert.deepEqual(plan.context, { before: 7, after: 2 });
    assertEqual((await offloadRecords(plan, input, device)).output, expected, kind);
    await device.close();
  }
});

test("a window is refused by the RTL by name, and by a payload that is shorter", async () => {
  const step = { op: "window", from: "x", to: "x", type: "f64", method: "mean", window: 200 } as const;
  assert.throws(
    () => compileWindow(step, 1, 1000, MODEL_PROFILE),
    refusal("size", /200 rows of 1 columns exceed/),
  );
  await using rtl = await createRtlDevice();
  const plan = compileWindow({ ...step, window: 20 }, 1, 1000, rtl.profile);
  await assert.rejects(
    Session.open(plan, rtl, undefined, { workload: windowWorkload }),
    refusal("device", /window reads a window of 20 rows, and the RTL has no kernel that keeps rows/),
  );
});

test("windows on the model survive lost, repeated and swapped answers", async () => {
  const { input } = mixed(3000);
  const fitted = fitRecords({
    steps: [
      { op: "impute", columns: ["price"], method: "window", window: 30 },
      { op: "clean", columns: ["color", "same"], method: "duplicates", window: 12, action: "mark" },
    ],
  }, input);
  const next = random(7);
  await using device = faultyDevice(async ({ number, exchange: { output }, answer }) => {
    const count = await answer();
    return number % 3 === 2 ? count : spoilAnswers(output, count, next);
  });
  const plan = planFor(fitted, input, device);
  assert.equal(plan.columns.filter(({ kind }) => kind === "window").length, 2);
  const { output } = await offloadRecords(plan, input, device, { retries: 100 });
  assertEqual(output, transformRecords(fitted, input), "faults");
});

test("offloadRecordsStream() gives the results of all rows at once, for batches of any length", async () => {
  const rows = 300;
  const { input } = mixed(rows);
  const fitted = fitRecords({
    steps: [
      { op: "impute", columns: ["price"], method: "window", window: 9 },
      { op: "clean", columns: ["price"], method: "hampel", window: 7, threshold: 1, action: "missing" },
      { op: "impute", columns: ["holes"], method: "last", window: 4 },
      { op: "clean", columns: ["color", "same"], method: "duplicates", window: 40, action: "mark" },
      { op: "scale", columns: ["age"], method: "min_max" },
    ],
  }, input);
  await using device = createModelDevice();
  const plan = planFor(fitted, input, device);
  const expected = transformRecords(fitted, input);
  for (const length of sized([1, 2, 7, 64, 299, 300, 1000], [7, 299, 1000])) {
    const batches = Array.from(
      { length: Math.ceil(rows / length) },
      (_, n) => sliceRecords(input, n * length, Math.min(rows, (n + 1) * length)),
    );
    const outputs: Records[] = [];
    for await (const { output } of offloadRecordsStream(plan, batches, device)) outputs.push(output);
    assertEqual(joinRecords(outputs), expected, `batches of ${length}`);
  }
});

test("records refuse what is undefined by name: input, fitted pipeline, plan, domains, columns", async () => {
  const none = undefined as never;
  const input = recordsOf("f64", [[31, NaN]]);
  const pipeline = { steps: [{ op: "impute", columns: ["c0"], method: "mean" }] } as const;
  const fitted = fitRecords(pipeline, input);
  const scan = scanDomains(codedInputs(fitted));
  await using device = createModelDevice();
  assert.throws(() => fitRecords(pipeline, none), refusal("shape", /found undefined/));
  assert.throws(() => transformRecords(fitted, none), refusal("shape", /found undefined/));
  assert.throws(() => transformRecords(none, input), refusal("pipeline", /found undefined/));
  assert.throws(() => codedInputs(none), refusal("pipeline", /found undefined/));
  assert.throws(() => scanDomains(none), refusal("shape", /columns are undefined/));
  assert.throws(() => scan.add(none), refusal("shape", /found undefined/));
  assert.throws(() => planRecords(fitted, none), refusal("device"));
  assert.throws(
    () => planRecords(fitted, { domains: none, device }),
    refusal("shape", /domains are undefined/),
  );
  scan.add(input);
  const plan = planRecords(fitted, { domains: scan.domains(), device });
  await assert.rejects(offloadRecords(plan, none, device), refusal("shape", /found undefined/));
  await assert.rejects(offloadRecords(none, input, device), refusal("plan", /found undefined/));
});
