import assert from "node:assert/strict";
import fc from "fast-check";
import { type CodedDomain, createCoder } from "../../../kernels/tabular/coder.ts";
import { type ColumnDomain, scanDomains } from "../../../kernels/tabular/domain.ts";
import { joinRecords, sliceRecords } from "../../../kernels/tabular/rows.ts";
import {
  type Cell,
  type Column,
  type ColumnType,
  NUMBER_TYPES,
  records,
} from "../../../kernels/tabular/table.ts";
import { roundTo } from "../../../kernels/tabular/values.ts";
import { chooseWire, fromWire } from "../../../kernels/tabular/wire.ts";
import { elementsOf } from "../../../kernels/memoize/element.ts";
import { refusal } from "../../support/failure.ts";
import { column, valuesOf } from "./columns.ts";

function domainOf(...parts: readonly Column[]): ColumnDomain {
  const [{ name, type }] = parts as [Column];
  const scan = scanDomains([{ name, type }]);
  for (const part of parts) scan.add(records([part]));
  return scan.domains()[0]!;
}

/** Any column: of a number type with missing values and both zeros, or of text. */
const anyColumn = fc.constantFrom<ColumnType>(...NUMBER_TYPES, "text").chain((type) => {
  const number = fc.constantFrom(0, 1, 2, 3, 100, ...(/^[fbi]/.test(type) ? [-1, -7] : []))
    .map((value) => /f/.test(type) && value === 7 ? 0.5 : value);
  const float = fc.constantFrom(0, -0, 0.1, -1e6, NaN, Infinity, 2 ** -20);
  const cell: fc.Arbitrary<Cell> = type === "text"
    ? fc.constantFrom<Cell>("", "a", "b", "Ärger", "𝄞", "\uffff", null)
    : /f/.test(type)
    ? fc.oneof(number, float)
    : fc.oneof({ weight: 5, arbitrary: number }, { weight: 1, arbitrary: fc.constant(NaN) });
  return fc.array(cell, { minLength: 1, maxLength: 40 }).map((cells) => column("c", type, cells));
});

Deno.test("a coder gives every cell of a scanned column a code, and the code gives the cell back", () => {
  fc.assert(fc.property(anyColumn, fc.nat(), fc.nat(), (any, a, b) => {
    const rows = valuesOf(any, any.type === "text" ? any.codes.length : any.values.length);
    const domain = domainOf(any);
    assert.notEqual(domain.kind, "open");
    const { encode, cellOf, bits, size } = createCoder(domain as CodedDomain);
    const from = a % rows.length;
    const to = from + b % (rows.length - from + 1);
    const codes = encode(any, from, to);
    assert(size <= 2 ** bits && codes.every((code) => code < size));
    assert.deepEqual([...codes].map(cellOf), rows.slice(from, to));
  }));
});

Deno.test("scanDomains() finds the same domain in one batch and in several", () => {
  fc.assert(fc.property(anyColumn, fc.nat(), (any, a) => {
    const whole = records([any]);
    const at = a % (whole.rows + 1);
    const parts = [sliceRecords(whole, 0, at), sliceRecords(whole, at, whole.rows)];
    assert.deepEqual(domainOf(...parts.map(({ columns }) => columns[0]!)), domainOf(any));
    const joined = joinRecords(parts);
    assert.deepEqual(valuesOf(joined.columns[0]!, whole.rows), valuesOf(any, whole.rows));
  }));
});

Deno.test("scanDomains() takes values in ascending order, the sign of zero and missing values apart", () => {
  const numbers = column("n", "f64", [3, NaN, -0, 0.5, 0, -2, 3]);
  assert.deepEqual(domainOf(numbers), {
    name: "n",
    type: "f64",
    kind: "values",
    values: [-2, -0, 0, 0.5, 3, NaN],
  });
  assert.deepEqual(domainOf(column("t", "text", ["b", null, "\uffff", "𝄞", "a", "b"])), {
    name: "t",
    type: "text",
    kind: "values",
    values: ["a", "b", "\uffff", "𝄞", null],
  });
  assert.deepEqual(domainOf(column("u", "u8", [1])), { name: "u", type: "u8", kind: "bits", bits: 8 });
  assert.deepEqual(domainOf(column("u", "u8", [7, NaN])), {
    name: "u",
    type: "u8",
    kind: "values",
    values: [7, NaN],
  });
  const wide = (count: number) =>
    domainOf({ name: "w", type: "f64", values: Float64Array.from({ length: count }, (_, n) => n) });
  assert.deepEqual([wide(65_536).kind, wide(65_537).kind], ["values", "open"]);
});

Deno.test("createCoder() refuses values that are not in its domain", () => {
  const { encode } = createCoder(domainOf(column("n", "f64", [1, 0])) as CodedDomain);
  for (const value of [2, -0, NaN]) {
    assert.throws(() => encode(column("n", "f64", [1, value]), 0, 2), refusal("dtype", /"n": row 1 has/));
  }
  const text = createCoder(domainOf(column("t", "text", ["a"])) as CodedDomain);
  for (const value of ["b", null]) {
    assert.throws(
      () => text.encode(column("t", "text", ["a", value]), 0, 2),
      refusal("dtype", /"t": row 1 has/),
    );
  }
  const bits = createCoder(domainOf(column("u", "u8", [1])) as CodedDomain);
  assert.throws(() => bits.encode(column("u", "u8", [NaN]), 0, 1), refusal("dtype", /a missing value/));
});

Deno.test("chooseWire() takes the fewest bytes, and fromWire() gives every result back exactly", () => {
  const cases: [type: ColumnType, results: Cell[], kind: string, dtype: string][] = [
    ["f64", [0, 1, 1, 255], "exact", "u8"],
    ["f64", [0, -1, 127], "exact", "i8"],
    ["f64", [0, -0], "index", "u8"],
    ["f64", [0.1, NaN, 0.1], "index", "u8"],
    ["f64", Array.from({ length: 300 }, (_, n) => n), "exact", "u16"],
    ["f64", Array.from({ length: 300 }, (_, n) => n / 4 - 10), "exact", "f16"],
    ["f64", Array.from({ length: 300 }, (_, n) => n / 3), "index", "u16"],
    ["f32", [roundTo("f32", 0.1)!, Infinity], "index", "u8"],
    ["u8", [3, NaN], "index", "u8"],
    ["text", ["a", null, "b"], "index", "u8"],
    ["text", [null], "index", "u8"],
  ];
  for (const [type, results, kind, dtype] of cases) {
    const { wire, patterns } = chooseWire(results);
    assert.deepEqual([wire.kind, wire.dtype], [kind, dtype], JSON.stringify(results.slice(0, 4)));
    const found = fromWire("c", type, wire, elementsOf(patterns as Uint32Array<ArrayBuffer>, wire.dtype));
    assert.deepEqual(valuesOf(found, results.length), results);
  }
});

Deno.test("joinRecords() refuses columns and dictionaries that differ", () => {
  const one = records([column("t", "text", ["a", "b"])]);
  assert.throws(
    () => joinRecords([one, records([column("t", "text", ["b"])])]),
    refusal("shape", /dictionaries/),
  );
  assert.throws(
    () => joinRecords([one, records([column("u", "text", ["a"])])]),
    refusal("shape", /"t" is missing/),
  );
  assert.throws(() => joinRecords([]), refusal("shape"));
});
