/**
 * `deno task formal`: proves properties of the RTL with yosys and z3, and prints one table. `--only <name>` makes one
 * proof, `--breaks` also breaks each module and expects its proof to fail, `--json` prints JSON. The exit code is 1 if
 * a proof fails or a break is not found.
 *
 * @module
 */

import Table from "cli-table3";
import process from "node:process";
import { parseArgs } from "node:util";
import { PROOFS } from "./formal/proofs.ts";
import { formalTools, type ProofResult, prove } from "./formal/solve.ts";
import { reach } from "./formal/table.ts";

interface Options {
  readonly only: string | undefined;
  readonly breaks: boolean;
  readonly json: boolean;
}

interface Row extends ProofResult {
  readonly modules: readonly string[];
  readonly properties: string;
  readonly depth: number;
  readonly induction: number | null;
  readonly solver: string;
  /** Breaks that the proof found, of all; null if none was tried. */
  readonly found: number | null;
}

async function main({ only, breaks, json }: Options): Promise<void> {
  const tools = await formalTools();
  if ("missing" in tools) throw new Error(tools.missing);
  const proofs = PROOFS.filter(({ name }) => only === undefined || name === only);
  if (proofs.length === 0) {
    throw new Error(`Cannot prove ${only}: the proofs are ${PROOFS.map(({ name }) => name).join("; ")}`);
  }
  const rows: Row[] = [];
  for (const proof of proofs) {
    process.stderr.write(`${proof.name} …`);
    const result = await prove(proof);
    let found = breaks ? 0 : null;
    for (const broken of breaks ? proof.breaks : []) {
      const { holds } = await prove(proof, { broken });
      if (!holds) found = found! + 1;
      else process.stderr.write(`\nnot found: ${broken.wrong}\n`);
    }
    process.stderr.write(` ${result.holds ? "holds" : `fails: ${result.asserts.join(", ")}`}\n`);
    const { modules, properties, depth, induction } = proof;
    rows.push({ ...result, modules, properties, depth, induction, solver: tools.z3, found });
    if (!result.holds || (found !== null && found < proof.breaks.length)) process.exitCode = 1;
  }
  if (json) return console.log(JSON.stringify({ tools, rows }, null, 2));
  const table = new Table({
    head: ["proof", "reach", "holds", ...(breaks ? ["breaks"] : []), "seconds", "solver"],
    style: { head: [], border: [] },
  });
  for (const [at, row] of rows.entries()) {
    const proof = proofs[at]!;
    table.push([
      row.name,
      reach(proof),
      row.holds ? "yes" : `no, ${row.failed}`,
      ...(breaks ? [`${row.found} of ${proof.breaks.length}`] : []),
      row.seconds.toFixed(1),
      row.solver,
    ]);
  }
  console.log(table.toString());
}

if (import.meta.main) {
  try {
    const flag = { type: "boolean", default: false } as const;
    const options = { only: { type: "string" }, breaks: flag, json: flag } as const;
    const { only, breaks, json } = parseArgs({ options }).values;
    await main({ only, breaks, json });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
