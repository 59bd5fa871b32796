import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseFitted } from "../../../kernels/tabular/fitted/check.ts";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import type { RecordsStep } from "../../../kernels/tabular/spec.ts";
import type { Cell, Column, ColumnType } from "../../../kernels/tabular/table.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import { column, recordsOf, valuesOf } from "./columns.ts";

interface Generated {
  readonly rows: number;
  readonly factor: number;
  readonly modulus: number;
  readonly divisor: number;
  readonly holes: number;
}

interface Golden {
  readonly name: string;
  readonly type: ColumnType;
  readonly fit: { readonly generate?: Generated; readonly columns?: readonly (readonly Cell[])[] };
  readonly apply: readonly (readonly Cell[])[] | null;
  readonly steps: readonly RecordsStep[];
  readonly result: readonly {
    readonly type: ColumnType;
    readonly values?: readonly Cell[];
    readonly sha256?: string;
  }[];
}

const { entries }: { entries: Golden[] } = JSON.parse(
  await readFile(new URL("../../golden/tabular.json", import.meta.url), "utf8"),
);

function generate({ rows, factor, modulus, divisor, holes }: Generated): number[] {
  return Array.from(
    { length: rows },
    (_, row) => row % holes === holes - 1 ? NaN : row * factor % modulus / divisor,
  );
}

/** Checksum of a column's values, little-endian. */
function checksum({ values }: Column & { readonly values: ArrayBufferView }): string {
  return createHash("sha256").update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");
}

Deno.test("fitRecords and transformRecords: at least 16 cases of scikit-learn", () => {
  assert(entries.length >= 50, `${entries.length} cases`);
  assert.equal(new Set(entries.map(({ name }) => name)).size, entries.length);
});

for (const { name, type, fit, apply, steps, result } of entries) {
  Deno.test(`fitRecords and transformRecords: equal scikit-learn: ${name}`, () => {
    const input = recordsOf(type, fit.columns ?? [generate(fit.generate!)]);
    const fitted = fitRecords({ steps }, input);
    assert.deepEqual(parseFitted(JSON.parse(JSON.stringify(fitted))), fitted);
    const { columns, rows } = transformRecords(fitted, apply === null ? input : recordsOf(type, apply));
    assert.equal(columns.length, result.length);
    result.forEach((expected, index) => {
      const found = columns[index]!;
      if (expected.sha256 !== undefined) {
        assert.equal(found.type, expected.type);
        assert.equal(checksum(found as never), expected.sha256);
        return;
      }
      // Marks of missing values are u8 here; scikit-learn gives them the type of the other columns.
      if (!found.name.endsWith("_missing")) assert.equal(found.type, expected.type);
      const wanted = valuesOf(column("wanted", expected.type, expected.values!), rows);
      assert.deepEqual(valuesOf(found, rows), wanted);
    });
  });
}
