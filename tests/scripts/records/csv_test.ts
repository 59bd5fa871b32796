import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Column, Records } from "../../../kernels/tabular/table.ts";
import { inferType, parseNumber } from "../../../scripts/records/csv_columns.ts";
import { openCsvSink } from "../../../scripts/records/csv_out.ts";
import { MAX_ROW, readCsvRows } from "../../../scripts/records/csv_rows.ts";
import { type CsvSourceOptions, openCsv } from "../../../scripts/records/csv_source.ts";
import { refusal } from "../../support/failure.ts";
import { inFolder, readAll } from "./files.ts";

/** Reads a CSV text as one batch. */
async function readText(
  folder: string,
  text: string | Uint8Array,
  options?: CsvSourceOptions,
): Promise<Records> {
  const path = join(folder, "a.csv");
  await writeFile(path, text);
  const [batch] = await readAll(await openCsv(path, options));
  return batch!;
}

function numbers(column: Column | undefined): number[] {
  assert(column !== undefined && column.type !== "text");
  return [...column.values];
}

function texts(column: Column | undefined): (string | null)[] {
  assert(column?.type === "text");
  return [...column.codes].map((code) => column.dictionary[code] ?? null);
}

Deno.test("openCsv() reads quotes, line ends, a byte order mark, empty lines and missing values", () =>
  inFolder(async (folder) => {
    const { columns } = await readText(folder, '\ufeffa,"b ""q"""\r\n1,"x\ny"\r\n\r\n,NA\r\n-2.5e3,"z, w"');
    assert.deepEqual(columns.map(({ name, type }) => [name, type]), [["a", "f64"], ['b "q"', "text"]]);
    assert.deepEqual(numbers(columns[0]), [1, NaN, -2500]);
    assert.deepEqual(texts(columns[1]), ["x\ny", null, "z, w"]);
    const own = await readText(folder, "a;b\n?;NA\n1;x\n", { delimiter: ";", missing: ["?"] });
    assert.deepEqual(numbers(own.columns[0]), [NaN, 1]);
    assert.deepEqual(texts(own.columns[1]), ["NA", "x"]);
  }));

Deno.test("openCsv() keeps codes over batches and passes, and reads a file of any length in batches", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.csv");
    const words = Array.from({ length: 5000 }, (_, n) => `w${n * n % 700}`);
    await writeFile(path, `n,word\n${words.map((word, n) => `${n},${word}\n`).join("")}`);
    const source = await openCsv(path, { batchRows: 512 });
    for (let pass = 0; pass < 2; pass++) {
      const batches = await readAll(source);
      assert.deepEqual(batches.map(({ rows }) => rows), [...Array(9).fill(512), 392]);
      assert.deepEqual(batches.flatMap(({ columns }) => texts(columns[1])), words);
      assert.deepEqual(batches.flatMap(({ columns }) => numbers(columns[0])), words.map((_, n) => n));
    }
    const bytes: number[] = [];
    for await (const _ of source.batches({ onBytes: (read) => bytes.push(read) }));
    assert.equal(bytes.at(-1), source.bytes);
  }));

Deno.test("openCsv() has one batch without rows for a file with only a head", () =>
  inFolder(async (folder) => {
    const { rows, columns } = await readText(folder, "a,b\n");
    assert.deepEqual([rows, columns.map(({ name }) => name)], [0, ["a", "b"]]);
  }));

Deno.test("openCsv() takes declared types, keeps missing integers, and leaves columns out", () =>
  inFolder(async (folder) => {
    const types = { a: "u8", b: "text" } as const;
    const { columns } = await readText(folder, "a,b,c\n1,10,x\n,20,y\n", { types, drop: ["c"] });
    const [a, b] = columns;
    assert(a?.type === "u8" && columns.length === 2);
    assert.deepEqual([...a.values], [1, 0]);
    assert.equal(a.validity?.[0]! & 3, 1);
    assert.deepEqual(texts(b), ["10", "20"]);
    await assert.rejects(
      readText(folder, "a\n256\n", { types: { a: "u8" } }),
      refusal("dtype", /row 1 has "256"/),
    );
    await assert.rejects(
      readText(folder, "a\n1.5\n", { types: { a: "i32" } }),
      refusal("dtype", /a whole number/),
    );
    await assert.rejects(readText(folder, "a\n1\n", { types: { A: "u8" } }), refusal("shape", /column A/));
    await assert.rejects(readText(folder, "a\n1\n", { drop: ["b"] }), refusal("shape", /column b/));
  }));

Deno.test("openCsv() refuses malformed files with one error each", () =>
  inFolder(async (folder) => {
    const cases: [text: string | Uint8Array, message: RegExp][] = [
      ["", /it is empty/],
      ["a,a\n1,2\n", /two columns have the name "a"/],
      ["a,\n1,2\n", /column 2 has no name/],
      ["a,b\n1,2\n1,2,3\n", /the row near line 3 has another number of fields/],
      ["a,b\n1\n", /another number of fields/],
      ['a,b\n1,"x\n', /malformed near line 2/],
      ['a,b\n1,x"y\n', /malformed near line 2/],
      [Uint8Array.of(97, 10, 0xff, 10), /not UTF-8/],
      [Uint8Array.of(97, 10, 0xc3), /not UTF-8/],
    ];
    for (const [text, message] of cases) {
      await assert.rejects(readText(folder, text), refusal("file", message));
    }
    await assert.rejects(
      readText(folder, `a\n${"x".repeat(MAX_ROW + 100)}\n`),
      refusal("size", /a row near line 2/),
    );
    await assert.rejects(readText(folder, `${"a,".repeat(20_000)}b\n`), refusal("size", /20001 columns/));
    await assert.rejects(openCsv(join(folder, "none.csv")), refusal("file", /there is no such file/));
    await assert.rejects(openCsv(folder), refusal("file", /expected a file/));
  }));

Deno.test("openCsv() refuses by name columns that are not table-shaped, and values that a sample did not have", () =>
  inFolder(async (folder) => {
    const lines = (head: string, list: Iterable<string>) => `${head}\n${[...list].join("\n")}\n`;
    const many = Array.from({ length: 65_536 }, (_, n) => `t${n}`);
    await assert.rejects(
      readText(folder, lines("notes", many), { batchRows: 70_000 }),
      refusal("table", /column "notes": .* row 65536 has the text number 65536/),
    );
    await assert.rejects(
      readText(folder, lines("notes", ["x".repeat(1025)])),
      refusal("table", /1025 characters/),
    );
    await assert.rejects(
      readText(folder, lines("id", ["9007199254740993"])),
      refusal("table", /column "id": .*64-bit key "9007199254740993"/),
    );
    const path = join(folder, "late.csv");
    await writeFile(path, lines("n", ["1", "2", "3", "four"]));
    const source = await openCsv(path, { batchRows: 2 });
    for (let pass = 0; pass < 2; pass++) {
      await assert.rejects(readAll(source), refusal("dtype", /column "n" as f64: row 4 has "four"/));
    }
  }));

Deno.test("readCsvRows() stops at the signal and when its reader leaves", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.csv");
    await writeFile(path, "a\n" + "1\n".repeat(100_000));
    const controller = new AbortController();
    let chunks = 0;
    await assert.rejects(async () => {
      for await (const _ of readCsvRows(path, 100, { signal: controller.signal })) {
        if (++chunks === 3) controller.abort(new Error("enough"));
      }
    }, /enough/);
    for await (const { first } of readCsvRows(path, 100)) {
      if (first > 100) break;
    }
  }));

Deno.test("parseNumber() reads what Python's float reads, and nothing else", () => {
  const numbers = ["1", "-1.5", "+.5", "1e3", " 7 ", "inf", "-Infinity", "1E-400", "0", "-0", "00012", "1."];
  for (const text of numbers) assert.notEqual(parseNumber(text), undefined, text);
  assert.equal(parseNumber("-inf"), -Infinity);
  assert(Object.is(parseNumber("-0"), -0));
  assert.equal(parseNumber("0.1"), 0.1);
  for (const text of ["", " ", "0x10", " 0b1", "0o7", "1_0", "1,5", "one", "--1", "nan", "1e"]) {
    assert.equal(parseNumber(text), undefined, JSON.stringify(text));
  }
  assert.equal(inferType(["1", "", "2"], new Set([""])), "f64");
  assert.equal(inferType(["1", "", "x"], new Set([""])), "text");
});

Deno.test("openCsvSink() writes what openCsv() reads back, at once and whole", () =>
  inFolder(async (folder) => {
    const path = join(folder, "o.csv");
    const values = Float64Array.of(0.1, -0, NaN, Infinity, 5e-324, 1e21);
    const columns: Column[] = [
      { name: "x,y", type: "f64", values },
      {
        name: "t",
        type: "text",
        codes: Uint8Array.of(0, 1, 9, 2, 0, 1),
        dictionary: ['a "b"', "c\nd", "-"],
        missing: 9,
      },
    ];
    const sink = openCsvSink(path, columns);
    sink.write({ rows: 6, columns });
    assert(!(await readdir(folder)).includes("o.csv"));
    sink.finish();
    const [batch] = await readAll(await openCsv(path));
    assert.deepEqual(numbers(batch!.columns[0]).map((value) => Object.is(value, -0) ? "-0" : value), [
      0.1,
      "-0",
      NaN,
      Infinity,
      5e-324,
      1e21,
    ]);
    assert.deepEqual(texts(batch!.columns[1]), ['a "b"', "c\nd", null, "-", 'a "b"', "c\nd"]);
    const abandoned = openCsvSink(path, columns);
    abandoned.write({ rows: 6, columns });
    abandoned.abandon();
    assert.deepEqual(await readdir(folder), ["o.csv"]);
    assert.match(await readFile(path, "utf8"), /^"x,y",t\n0\.1,"a ""b"""\n/);
  }));
