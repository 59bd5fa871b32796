import assert from "node:assert/strict";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import { SKETCH_ACCURACY } from "../../../kernels/tabular/fit/sketch.ts";
import { fitRecordsStream } from "../../../kernels/tabular/fit/stream.ts";
import type { FittedPipeline } from "../../../kernels/tabular/fitted/steps.ts";
import type { RecordsPipeline } from "../../../kernels/tabular/spec.ts";
import { type Cell, type ColumnType, type Records, records } from "../../../kernels/tabular/table.ts";
import { refusal } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { column, recordsOf } from "./columns.ts";

/** Rows of three columns: numbers with gaps, strings with gaps, and small integers. */
function draw(rows: number, seed: number): [Cell[], Cell[], Cell[]] {
  const next = random(seed);
  const words = ["a", "b", "b", "c", "c", "c", null];
  const numbers = Array.from(
    { length: rows },
    () => next() % 17 === 0 ? NaN : Math.exp(next() / 2 ** 32 * 12 - 4) * (next() % 3 === 0 ? -1 : 1),
  );
  return [
    numbers,
    Array.from({ length: rows }, () => words[next() % 7]!),
    Array.from({ length: rows }, () => next() % 9),
  ];
}

function tableOf(
  [x, word, small]: readonly [readonly Cell[], readonly Cell[], readonly Cell[]],
  type: ColumnType = "f64",
): Records {
  return records([column("x", type, x), column("word", "text", word), column("small", "u8", small)]);
}

/** Cuts rows into batches. */
function batches(all: [Cell[], Cell[], Cell[]], size: number, type?: ColumnType): Records[] {
  const starts = Array.from({ length: Math.ceil(all[0].length / size) }, (_, index) => index * size);
  return starts.map((from) =>
    tableOf(all.map((list) => list.slice(from, from + size)) as [Cell[], Cell[], Cell[]], type)
  );
}

const EXACT: RecordsPipeline = {
  steps: [
    { op: "encode", method: "one_hot", columns: ["word"], minFrequency: 0.2 },
    { op: "scale", method: "min_max", columns: ["small"] },
    { op: "impute", method: "most_frequent", columns: ["x"], indicator: true },
    { op: "encode", method: "uniform_bins", columns: ["x"], bins: 5 },
  ],
};

Deno.test("fitRecordsStream: counts, ranges and what follows from them equal fitRecords, for all batch sizes", async () => {
  const all = draw(500, 1);
  const expected = fitRecords(EXACT, tableOf(all));
  for (const size of [1, 7, 100, 500, 501]) {
    assert.deepEqual(await fitRecordsStream(EXACT, () => batches(all, size)), expected);
  }
});

Deno.test("fitRecordsStream: opens the stream once for the columns and once for each level of steps", async () => {
  const all = draw(50, 2);
  let opened = 0;
  const source = () => {
    opened++;
    return batches(all, 10);
  };
  await fitRecordsStream(EXACT, source);
  // The columns; the first three steps together; the bins, which follow the imputation.
  assert.equal(opened, 3);
  opened = 0;
  await fitRecordsStream(
    { steps: [{ op: "encode", method: "hashing", columns: ["word"], buckets: 3 }] },
    source,
  );
  assert.equal(opened, 1);
});

/** Numbers of the only step's parameters. */
function numbersOf({ steps: [step] }: FittedPipeline): number[] {
  if (step?.op === "arithmetic") return step.terms.map(({ value }) => value);
  if (step?.op === "bins") return [...step.edges];
  assert(step?.op === "fill" || step?.op === "bounds");
  return step.op === "fill" ? [Number(step.value)] : [step.low, step.high];
}

Deno.test("fitRecordsStream: means and deviations differ by less than 1e-12 of their size", async () => {
  const all = draw(20_000, 3);
  for (const type of ["f64", "f32"] as const) {
    for (
      const pipeline of [
        { steps: [{ op: "scale", method: "standard", columns: ["x"] }] },
        { steps: [{ op: "clean", method: "z_score", action: "clip", columns: ["x"] }] },
      ] as const satisfies RecordsPipeline[]
    ) {
      const exact = numbersOf(fitRecords(pipeline, tableOf(all, type)));
      const found = numbersOf(await fitRecordsStream(pipeline, () => batches(all, 999, type)));
      found.forEach((value, index) => {
        assert(
          Math.abs(value - exact[index]!) <= 1e-12 * Math.abs(exact[index]!),
          `${value} ${exact[index]}`,
        );
      });
    }
  }
});

Deno.test("fitRecordsStream: percentiles are within the accuracy of the value of their rank", async () => {
  const all = draw(50_000, 4);
  const sorted = (all[0] as number[]).filter((value) => value === value).sort((a, b) => a - b);
  for (const percent of [0.5, 1, 10, 25, 50, 75, 90, 99, 99.9]) {
    const step = { op: "clean", method: "clip", percentiles: [percent, 100], columns: ["x"] } as const;
    const [found] = numbersOf(await fitRecordsStream({ steps: [step] }, () => batches(all, 5000)));
    const rank = percent / 100 * (sorted.length - 1);
    const near = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!].map((value) =>
      Math.abs(found! - value) / Math.abs(value)
    );
    assert(Math.min(...near) <= SKETCH_ACCURACY * 1.001, `percentile ${percent}: ${found}, ${near}`);
  }
});

Deno.test("fitRecordsStream: percentiles hold for values of every size, with zeros", async () => {
  const values = [1e-300, 1e300, -1e-300, -1e300, 0, 0, 0, 5, -5];
  const percentile = async (percent: number, list: readonly number[]) => {
    const step = { op: "clean", method: "clip", percentiles: [percent, 100], columns: ["c0"] } as const;
    return numbersOf(await fitRecordsStream({ steps: [step] }, () => [recordsOf("f64", [list])]))[0]!;
  };
  for (const list of [values, values.toReversed(), values.toSorted((a, b) => a - b)]) {
    assert.equal(await percentile(50, list), 0);
    assert.equal(await percentile(0, list), -1e300);
  }
  // Magnitudes within the bins keep their accuracy.
  const wide = Array.from({ length: 101 }, (_, index) => 10 ** (index / 2 - 25));
  for (const percent of [0, 3, 50, 97]) {
    assert(
      Math.abs(await percentile(percent, wide) / wide[percent]! - 1) <= SKETCH_ACCURACY * 1.001,
      `${percent}`,
    );
  }
});

Deno.test("fitRecordsStream: a column without values is dropped or refused, as fitRecords does", async () => {
  const empty = () => [recordsOf("f64", [[NaN, NaN]]), recordsOf("f64", [[NaN]])];
  const dropped = await fitRecordsStream(
    { steps: [{ op: "impute", method: "mean", columns: ["c0"] }] },
    empty,
  );
  assert.deepEqual(dropped.outputs, []);
  await assert.rejects(
    fitRecordsStream({ steps: [{ op: "scale", method: "robust", columns: ["c0"] }] }, empty),
    refusal("dtype", /all its values are missing/),
  );
});

Deno.test("fitRecordsStream: refuses a step that needs statistics after one on rows nearby", async () => {
  const steps = [
    { op: "impute", method: "last", columns: ["x"], window: 5 },
    { op: "scale", method: "standard", columns: ["x"] },
  ] as const;
  const all = draw(20, 5);
  await assert.rejects(
    fitRecordsStream({ steps }, () => batches(all, 5)),
    refusal("pipeline", /needs statistics after window, which depends on rows nearby/),
  );
  // Steps that need no statistics may follow.
  const range = { op: "clean", method: "range", min: 0, max: 1, action: "mark", columns: ["x"] } as const;
  const fitted = await fitRecordsStream({ steps: [steps[0], range] }, () => batches(all, 5));
  assert.deepEqual(fitted, fitRecords({ steps: [steps[0], range] }, tableOf(all)));
});

Deno.test("fitRecordsStream: refuses an empty stream, other columns in a batch, and no function", async () => {
  const steps = [{ op: "scale", method: "standard", columns: ["c0"] }] as const;
  const one = recordsOf("f64", [[1, 2]]);
  await assert.rejects(fitRecordsStream({ steps }, () => []), refusal("shape", /it has no batch/));
  await assert.rejects(
    fitRecordsStream({ steps }, () => [one, recordsOf("f32", [[1]])]),
    refusal("dtype", /fitted as f64/),
  );
  await assert.rejects(
    fitRecordsStream({ steps }, () => [one, recordsOf("f64", [[1], [2]])]),
    refusal("shape", /"c1"/),
  );
  await assert.rejects(fitRecordsStream({ steps }, () => [one, null as never]), refusal("shape"));
  await assert.rejects(
    fitRecordsStream({ steps }, [one] as never),
    refusal("shape", /its source is an array/),
  );
});

Deno.test("fitRecordsStream: ends with the signal's reason, and closes the stream", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  let closed = 0;
  const source = async function* () {
    try {
      for (let batch = 0;; batch++) {
        if (batch === 3) controller.abort(reason);
        yield await Promise.resolve(recordsOf("f64", [[batch]]));
      }
    } finally {
      closed++;
    }
  };
  const steps = [{ op: "scale", method: "standard", columns: ["c0"] }] as const;
  await assert.rejects(
    fitRecordsStream({ steps }, source, { signal: controller.signal }),
    (error) => error === reason,
  );
  assert.equal(closed, 2);
});

Deno.test("fitRecordsStream: refuses more than 65,536 categories over all batches", async () => {
  const batch = (from: number, rows: number) =>
    recordsOf("u32", [Array.from({ length: rows }, (_, row) => from + row)]);
  const steps = [{ op: "encode", method: "ordinal", columns: ["c0"] }] as const;
  await assert.rejects(
    fitRecordsStream({ steps }, () => [batch(0, 40_000), batch(39_999, 25_538)]),
    refusal("size", /more than 65536 distinct values/),
  );
});
