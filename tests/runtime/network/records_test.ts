import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import { fromWire } from "../../../kernels/tabular/wire.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { test } from "../helpers.ts";
import { openParties } from "./parties.ts";
import { codedColumn, COLUMNS, peopleTable, planPeople } from "./records_tables.ts";

test("a table that is cleaned crosses a lossy path as one lookup a column, and equals transformRecords()", async () => {
  const tables = [1, 2].map((seed) => peopleTable(20_000, seed));
  const plan = planPeople(tables, MODEL_PROFILE);
  const works = COLUMNS.map((name) => {
    const { memo, items } = codedColumn(plan, name, tables[0]!);
    const lookup = compile({ steps: [{ op: "lookup", table: memo.id }] }, {
      memo,
      input: items,
      device: MODEL_PROFILE,
    });
    return { name, plan: lookup, resources: { memo } };
  });
  const faults = { loss: 0.1, duplication: 0.05, reordering: 0.1, corruption: 0.02 };
  await using parties = await openParties({ plans: works, faults, seed: 3 });
  for (const [n, table] of tables.entries()) {
    const expected = transformRecords(plan.fitted, table);
    for (const { name, plan: lookup, resources } of works) {
      const { column, items } = codedColumn(plan, name, table), label = `${name} ${n}`;
      await parties.send(lookup, resources, items, label);
      const [output, ...more] = parties.outputs.get(label)! as Tensor[];
      assert.equal(more.length, 0);
      const found = fromWire(name, column.type, column.wire, output!.data as never);
      assert.deepEqual(found, expected.columns.find((each) => each.name === name));
    }
  }
});
