/**
 * `deno task bench:records`: cost of encoding records, to scikit-learn's OrdinalEncoder in the same run, and memory of
 * the command `clean` at a fifth of the rows and at all. `--rows <count>` sets the rows, 1,000,000 by default. Requires
 * Debian's python3-sklearn.
 *
 * @module
 */

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cleanProcess, COLUMNS, encodeHere, encodeThere, ORDINAL, writeWords } from "./bench/records.ts";
import { columnTable, count } from "./cli/text.ts";

const { values } = parseArgs({ options: { rows: { type: "string", default: "1000000" } } });
const rows = Number(values.rows);
const folder = mkdtempSync(join(tmpdir(), "onpath-records-"));
try {
  const steps = join(folder, "steps.json");
  writeFileSync(steps, JSON.stringify(ORDINAL));
  const paths = [Math.ceil(rows / 5), rows].map((count) => {
    const path = join(folder, `${count}.csv`);
    writeWords(path, count);
    return { path, count };
  });
  const whole = paths[1]!.path;
  const there = await encodeThere(whole);
  const { codesMs, deviceMs, sum } = await encodeHere(whole);
  if (sum !== there.sum) throw new Error(`Cannot compare: the results sum up to ${sum} and ${there.sum}`);
  const cells = rows * COLUMNS;
  const row = (name: string, ms: number) => [
    name,
    Math.round(ms),
    (1e6 * ms / cells).toFixed(1),
    (there.ms / ms).toFixed(1),
  ];
  console.log(`${count(rows)} rows x ${COLUMNS} columns of text, one thread\n`);
  console.log(columnTable(["encode", "ms", "ns a cell", "times as fast"], [
    row("scikit-learn, OrdinalEncoder.transform", there.ms),
    row("here: hash map and model device, to f64", codesMs + deviceMs),
    row("  of it the hash map", codesMs),
    row("  of it the device with packets", deviceMs),
  ]));
  const table: (string | number)[][] = [];
  for (const { path, count } of paths) {
    for (const mode of ["stream", "exact"]) {
      const output = join(folder, "out.arrow");
      const args = [path, output, "--steps", steps, "--fit-mode", mode, "--device", "model"];
      const { megabytes, ms } = await cleanProcess(args);
      table.push([
        `clean, fit ${mode}`,
        count,
        Math.round(statSync(path).size / 1e6),
        Math.round(megabytes),
        Math.round(ms),
      ]);
    }
  }
  console.log(columnTable(["command", "rows", "MB of CSV", "MiB resident", "ms"], table, { keys: 1 }));
} finally {
  rmSync(folder, { recursive: true });
}
