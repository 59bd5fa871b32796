import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  Bool,
  Float64,
  Int64,
  Table,
  tableFromArrays,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import {
  type Column,
  NUMBER_TYPES,
  numberArray,
  type NumberType,
  type Records,
  records,
} from "../../../kernels/tabular/table.ts";
import { openArrowSink } from "../../../scripts/records/arrow_out.ts";
import { openArrow } from "../../../scripts/records/arrow_source.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { inFolder, readAll } from "./files.ts";

const numbers = (type: NumberType, list: readonly number[]) => {
  const values = numberArray(type, list.length);
  values.set(list);
  return { name: type, type, values } as Column;
};

/** A column of each type, with missing values. */
function sample(): Records {
  return records([
    ...NUMBER_TYPES.filter((type) => type !== "bf16").map((type) => numbers(type, [1, 2, 3, 100, 5])),
    { name: "gaps", type: "i16", values: Int16Array.of(1, -2, 3, 4, 5), validity: Uint8Array.of(0b10101) },
    {
      name: "text",
      type: "text",
      codes: Uint8Array.of(0, 255, 1, 1, 0),
      dictionary: ["a,é", ""],
      missing: 255,
    },
  ]);
}

/** Cells of records, with null for missing values. */
function cells({ columns, rows }: Records): unknown[][] {
  return columns.map((column) =>
    Array.from({ length: rows }, (_, row) => {
      if (column.type === "text") {
        return column.codes[row] === column.missing ? null : column.dictionary[column.codes[row]!];
      }
      const isPresent = column.validity === undefined || (column.validity[row >> 3]! >> (row & 7) & 1) === 1;
      return isPresent ? column.values[row] : null;
    })
  );
}

Deno.test("openArrowSink() and openArrow() keep types, values, texts and missing values in batches", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.arrow");
    const first = sample();
    const sink = openArrowSink(path, first.columns.map(({ name, type }) => ({ name, type })));
    sink.write(first);
    sink.write(first);
    assert.deepEqual(await readdir(folder).then((files) => files.includes("a.arrow")), false);
    assert.equal(sink.finish(), (await readFile(path)).length);
    for (const batchRows of [2, 5, 100]) {
      const source = await openArrow(path, { batchRows });
      assert.deepEqual(source.columns, first.columns.map(({ name, type }) => ({ name, type })));
      for (let pass = 0; pass < 2; pass++) {
        const batches = await readAll(source);
        assert(batches.every(({ rows }) => rows <= batchRows));
        const found = batches.map(cells);
        const joined = found[0]!.map((_, at) => found.flatMap((batch) => batch[at]!));
        assert.deepEqual(joined, cells(first).map((list) => [...list, ...list]));
      }
    }
  }));

Deno.test("openArrowSink() takes batches with other dictionaries, and openArrow() gives one code to a text", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.arrow");
    const sink = openArrowSink(path, [{ name: "t", type: "text" }]);
    for (const dictionary of [["b", "a"], ["a", "c"], ["b"]]) {
      sink.write(records([{ name: "t", type: "text", codes: Uint8Array.of(0, 9), dictionary, missing: 9 }]));
    }
    sink.finish();
    const batches = await readAll(await openArrow(path));
    assert.deepEqual(batches.flatMap((batch) => cells(batch)[0]), ["b", null, "a", null, "b", null]);
    const codes = batches.map(({ columns: [t] }) => t?.type === "text" ? t.codes[0] : undefined);
    assert.equal(codes[0], codes[2]);
    assert.notEqual(codes[0], codes[1]);
  }));

Deno.test("openArrow() reads streams, plain strings, booleans, and dictionaries that batches replace", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.arrows");
    const table = new Table({
      flag: vectorFromArray([true, null, false], new Bool()),
      plain: vectorFromArray(["x", "y", null], new Utf8()),
      coded: vectorFromArray(["p", "q", "p"]),
      wide: vectorFromArray([1.5, null, NaN], new Float64()),
    });
    await writeFile(path, tableToIPC(table, "stream"));
    const source = await openArrow(path);
    assert.deepEqual(source.columns.map(({ type }) => type), ["u8", "text", "text", "f64"]);
    const [batch] = await readAll(source);
    assert.deepEqual(cells(batch!), [[1, null, 0], ["x", "y", null], ["p", "q", "p"], [1.5, null, NaN]]);
  }));

Deno.test("openArrow() refuses 64-bit keys by name, and leaves them out by request", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.arrow");
    const table = new Table({
      id: vectorFromArray([1n], new Int64()),
      x: vectorFromArray([1], new Float64()),
    });
    await writeFile(path, tableToIPC(table, "file"));
    await assert.rejects(openArrow(path), refusal("dtype", /column "id" has Arrow's type Int64/));
    const source = await openArrow(path, { drop: ["id"] });
    assert.deepEqual(source.columns, [{ name: "x", type: "f64" }]);
    await assert.rejects(openArrow(path, { drop: ["ix"] }), refusal("shape", /ix/));
  }));

Deno.test("openArrow() gives one error for truncated and changed files", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.arrow");
    const sink = openArrowSink(path, sample().columns.map(({ name, type }) => ({ name, type })));
    sink.write(sample());
    sink.finish();
    const whole = new Uint8Array(await readFile(path));
    const stream = tableToIPC(tableFromArrays({ x: Float64Array.of(1, 2, 3), y: ["a", "b", "a"] }), "stream");
    const attempt = async (bytes: Uint8Array) => {
      await writeFile(path, bytes);
      try {
        for (const { columns, rows } of await readAll(await openArrow(path))) {
          for (const column of columns) {
            assert.equal(column.type === "text" ? column.codes.length : column.values.length, rows);
          }
        }
        return "read";
      } catch (error) {
        assert(error instanceof OnpathError, String((error as Error).stack));
        assert.match(error.message, /^Cannot /);
        return "refused";
      }
    };
    const outcomes = { read: 0, refused: 0 };
    let seed = 1;
    const random = (limit: number) => (seed = Math.imul(seed, 48271) >>> 1) % limit;
    for (const file of [whole, stream]) {
      for (let length = 0; length < file.length; length += 61) {
        outcomes[await attempt(file.slice(0, length))]++;
      }
      for (let n = 0; n < 150; n++) {
        const changed = file.slice();
        for (let m = 0; m < 3; m++) changed[random(file.length)] = random(256);
        outcomes[await attempt(changed)]++;
      }
    }
    assert(outcomes.refused > 100, JSON.stringify(outcomes));
  }));
