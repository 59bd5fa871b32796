/**
 * Options of `deno task experiment:relief`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Scenario } from "./scenario.ts";

/** Options of the command. */
export interface ReliefOptions {
  /** Scenarios to measure. */
  readonly scenarios: readonly Scenario[];
  /** Rounds, 1 to 100. */
  readonly rounds: number;
  /** Most requests of a phase, 1 to 10,000. */
  readonly requests: number;
  /** Whether JSON is printed. */
  readonly json: boolean;
  /** Whether the tables of docs/relief.md are written. */
  readonly docs: boolean;
}

/** Text of `--help`. */
export const HELP = `Usage: deno task experiment:relief [options]

Measures the CPU time of a sender, a NIC process and a receiver, with and without the NIC.

  --only <text>      measure the scenario of this name, or those whose names contain the text
  --rounds <n>       rounds of each phase, 1 to 100 (default 5)
  --requests <n>     most requests of a phase, 1 to 10000 (default: those of the scenario)
  --json             print JSON
  --docs             write the tables of docs/relief.md; needs all scenarios
  --help             print this text`;

/** Default number of rounds. */
const ROUNDS = 5;
/** Maximum of {@linkcode ReliefOptions.requests}. */
const MAX_REQUESTS = 10_000;

/**
 * Reads the arguments.
 *
 * @param args Arguments.
 * @param all All scenarios.
 * @returns Options, or `help`.
 * @throws {Error} If an argument is invalid; the message begins with `Cannot`.
 */
export function parseRelief(args: readonly string[], all: readonly Scenario[]): ReliefOptions | "help" {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string" },
        rounds: { type: "string" },
        requests: { type: "string" },
        json: { type: "boolean" },
        docs: { type: "boolean" },
        help: { type: "boolean" },
      },
    }));
  } catch (error) {
    throw new Error(`Cannot read the options: ${(error as Error).message}`);
  }
  if (values.help) return "help";
  const { only, json = false, docs = false } = values;
  const exact = all.filter(({ name }) => name === only);
  const scenarios = exact.length > 0
    ? exact
    : all.filter(({ name }) => only === undefined || name.includes(only));
  if (scenarios.length === 0) {
    const names = all.map(({ name }) => name).join("; ");
    throw new Error(`Cannot measure ${JSON.stringify(only)}: no such scenario, expected a part of: ${names}`);
  }
  if (docs && (only !== undefined || json)) {
    throw new Error("Cannot write docs/relief.md: expected --docs without --only and --json");
  }
  return {
    scenarios,
    rounds: whole("rounds", values.rounds, ROUNDS, 100),
    requests: whole("requests", values.requests, MAX_REQUESTS, MAX_REQUESTS),
    json,
    docs,
  };
}

function whole(name: string, text: string | undefined, standard: number, most: number): number {
  if (text === undefined) return standard;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= most) return value;
  throw new Error(`Cannot read --${name}: it is ${JSON.stringify(text)}, expected 1 to ${most}`);
}
