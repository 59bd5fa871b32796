/**
 * `deno task experiment:relief`: CPU time of a sender, a NIC process and a receiver, with and without the NIC.
 * See docs/relief.md.
 *
 * @module
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { benchVocabulary } from "../bench/text.ts";
import { HELP, parseRelief, type ReliefOptions } from "./options.ts";
import { hasOpenCv } from "./python.ts";
import { SCENARIOS } from "./scenarios.ts";
import { ENCODING, PROMPT_SCENARIOS, TABLES as VOCABULARY } from "./scenarios/prompts.ts";
import { leastCost } from "./statistics.ts";
import { reliefTable, type Row, TABLES, writeTables } from "./tables.ts";
import { runTrial } from "./trial.ts";

/** Page with the tables. */
const PAGE = new URL("../../docs/relief.md", import.meta.url);

/**
 * Measures scenarios.
 *
 * @param options Options of the command.
 * @param signal Ends all processes.
 * @param onPhase Called before each phase.
 * @returns A row for each scenario and baseline.
 */
export async function measureRelief(
  { scenarios, rounds, requests }: ReliefOptions,
  signal: AbortSignal,
  onPhase: (text: string) => void,
): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-relief-"));
  try {
    if (scenarios.some((scenario) => PROMPT_SCENARIOS.includes(scenario))) {
      onPhase(`compiling ${ENCODING}`);
      const { file, peer } = await benchVocabulary(ENCODING);
      peer.free();
      await writeFile(join(folder, VOCABULARY), file);
    }
    const hasPython = hasOpenCv();
    const rows: Row[] = [];
    for (const scenario of scenarios) {
      const [nic, ...plain] = await runTrial(scenario, {
        folder,
        rounds,
        mostRequests: requests,
        hasPython,
        onPhase,
        signal,
      });
      for (const each of plain) {
        rows.push({
          scenario: scenario.name,
          baseline: each.path,
          cost: { nic: leastCost(nic!.rounds), plain: leastCost(each.rounds) },
          contended: { nic: nic!.contended, plain: each.contended },
        });
      }
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the command and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("Cannot go on: the command was interrupted"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const options = parseRelief(args, SCENARIOS);
    if (options === "help") {
      console.log(HELP);
      return 0;
    }
    const clear = () => process.stderr.isTTY && process.stderr.write("\r\x1b[K");
    const rows = await measureRelief(options, controller.signal, (text) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
    });
    clear();
    if (options.json) console.log(JSON.stringify(rows));
    else if (options.docs) await writeFile(PAGE, writeTables(await readFile(PAGE, "utf8"), rows));
    else console.log(TABLES.map((name) => reliefTable(name, rows)).join("\n\n"));
    return 0;
  } catch (error) {
    console.error(controller.signal.aborted ? controller.signal.reason.message : (error as Error).message);
    return controller.signal.aborted ? 130 : 1;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
