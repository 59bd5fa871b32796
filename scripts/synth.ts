/**
 * `deno task synth`: synthesises the RTL for UltraScale+ with yosys. After each target it writes
 * docs/synthesis.md, docs/synthesis.json and the planner's numbers. A target takes minutes, so only rows whose
 * sources, parameters or yosys have changed are made; `--all` makes all rows, `--only <name>` one. `--check`
 * makes all rows, writes nothing and compares. `--mark` makes no row and lists the outdated ones in the table,
 * which takes no time. `--json` prints JSON.
 *
 * @module
 */

import Table from "cli-table3";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { staleTargets, synthFiles } from "./synth/document.ts";
import { SYNTH_TARGETS } from "./synth/targets.ts";
import { readSources, synthesize, type SynthTable, YOSYS } from "./synth/yosys.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Options {
  readonly only: string | undefined;
  readonly all: boolean;
  readonly check: boolean;
  readonly json: boolean;
  /** Only lists the outdated rows in the table. */
  readonly mark: boolean;
}

/** Reads the committed table; returns an empty one if the file is missing. */
async function readTable(): Promise<SynthTable> {
  try {
    return JSON.parse(await readFile(`${ROOT}/docs/synthesis.json`, "utf8")) as SynthTable;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    return { yosys: YOSYS, creator: "", rows: [] };
  }
}

async function main({ only, all, check, json, mark }: Options): Promise<void> {
  const files = await readSources(`${ROOT}/kernels/rtl`);
  let table = await readTable();
  const targets = mark
    ? []
    : only !== undefined
    ? SYNTH_TARGETS.filter(({ name }) => name === only)
    : all || check
    ? SYNTH_TARGETS
    : staleTargets(table, files);
  if (only !== undefined && targets.length === 0) {
    const names = SYNTH_TARGETS.map(({ name }) => name).join("; ");
    throw new Error(`Cannot synthesise ${only}: the targets are ${names}`);
  }
  for (const [at, target] of targets.entries()) {
    const begun = performance.now();
    process.stderr.write(`${at + 1} of ${targets.length}: ${target.name} …`);
    const { row, creator } = await synthesize(files, target);
    process.stderr.write(` ${Math.round((performance.now() - begun) / 1000)} s\n`);
    if (check) {
      const committed = table.rows.find(({ name }) => name === target.name);
      if (JSON.stringify(committed) === JSON.stringify(row)) continue;
      throw new Error(
        `Cannot accept the row ${target.name}: synthesis gives another result, run deno task synth`,
      );
    }
    // Rows are in the order of the targets; rows of former targets are dropped.
    const rows = SYNTH_TARGETS.flatMap(({ name }) =>
      name === target.name ? [row] : table.rows.filter((each) => each.name === name)
    );
    table = { yosys: YOSYS, creator, rows, outdated: table.outdated?.filter((name) => name !== target.name) };
    await writeTable(table);
  }
  if (!check) await writeTable({ ...table, outdated: staleTargets(table, files).map(({ name }) => name) });
  console.log(json ? JSON.stringify(table, null, 2) : shortTable(table));
}

async function writeTable(table: SynthTable): Promise<void> {
  for (const [path, text] of Object.entries(synthFiles(table))) await writeFile(`${ROOT}/${path}`, text);
}

function shortTable({ creator, rows }: SynthTable): string {
  const table = new Table({
    head: ["kernel", "LUT", "FF", "BRAM", "URAM", "DSP", "levels"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { name, lut, ff, bram, uram, dsp, levels } of rows) {
    table.push([name, lut, ff, bram, uram, dsp, levels]);
  }
  return `${table.toString()}\nAn estimate of ${creator.split(" (")[0]} for UltraScale+, without a clock.`;
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    all: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    mark: { type: "boolean", default: false },
  },
});
try {
  await main({ ...values, only: values.only });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
