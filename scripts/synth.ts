/**
 * `deno task synth`: synthesises the RTL for UltraScale+ with yosys and writes docs/synthesis.md,
 * docs/synthesis.json and the planner's numbers. It takes some minutes a kernel. `--only <name>` prints one
 * row and writes nothing, `--json` prints JSON, `--check` compares with what is committed.
 *
 * @module
 */

import Table from "cli-table3";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { synthPage, type SynthTable } from "./synth/document.ts";
import { plannerModule } from "./synth/planner.ts";
import { SYNTH_TARGETS } from "./synth/targets.ts";
import { readSources, synthesize, type SynthRow } from "./synth/yosys.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The committed files of a table, by their place. */
export function synthFiles(table: SynthTable): Record<string, string> {
  return {
    "docs/synthesis.json": `${JSON.stringify(table, null, 2)}\n`,
    "docs/synthesis.md": synthPage(table),
    "runtime/device/synthesis.ts": plannerModule(table),
  };
}

async function main(only: string | undefined, json: boolean, check: boolean): Promise<void> {
  const targets = SYNTH_TARGETS.filter(({ name }) => only === undefined || name === only);
  if (targets.length === 0) {
    const names = SYNTH_TARGETS.map(({ name }) => name).join("; ");
    throw new Error(`Cannot synthesise ${only}: the targets are ${names}`);
  }
  const files = await readSources(`${ROOT}/kernels/rtl`);
  const rows: SynthRow[] = [];
  let creator = "";
  for (const [at, target] of targets.entries()) {
    const begun = performance.now();
    if (process.stderr.isTTY) process.stderr.write(`${at + 1} of ${targets.length}: ${target.name} …`);
    const made = await synthesize(files, target);
    rows.push(made.row);
    creator = made.creator;
    const seconds = Math.round((performance.now() - begun) / 1000);
    process.stderr.write(
      `${process.stderr.isTTY ? "\r" : ""}${at + 1} of ${targets.length}: ${target.name}, ${seconds} s\n`,
    );
  }
  const table: SynthTable = { creator, rows };
  if (only === undefined) {
    for (const [place, text] of Object.entries(synthFiles(table))) {
      if (!check) await writeFile(`${ROOT}/${place}`, text);
      else if (await readFile(`${ROOT}/${place}`, "utf8") !== text) {
        throw new Error(`Cannot accept ${place}: it is not what synthesis gives, run deno task synth`);
      }
    }
  }
  console.log(json ? JSON.stringify(table, null, 2) : shortTable(table));
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

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      json: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  try {
    await main(values.only, values.json, values.check);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
