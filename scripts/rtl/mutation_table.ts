/**
 * The committed table of `deno task mutate`: which test notices which mutation.
 *
 * @module
 */

import { markdownTable } from "../io/markdown.ts";
import { listMutations, type Mutation } from "./mutations.ts";

/** Result of a mutation. Plain data. */
export interface JudgedMutation extends Omit<Mutation, "number"> {
  /** Name of the first test that failed; null if all passed. */
  readonly caughtBy: string | null;
}

/** Identity of a mutation; its description is not part of it. */
function keyOf({ file, build, text, replacement }: Omit<Mutation, "number">): string {
  return JSON.stringify([file, build, text, replacement]);
}

/**
 * Merges new rows into a table, in the order of the list. Rows of mutations that are no longer listed are dropped.
 *
 * @param rows Committed rows.
 * @param judged New rows, which replace rows of the same mutation.
 */
export function mergeJudged(
  rows: readonly JudgedMutation[],
  judged: readonly JudgedMutation[],
): JudgedMutation[] {
  const all = new Map([...rows, ...judged].map((row) => [keyOf(row), row]));
  return listMutations().flatMap((mutation) => all.get(keyOf(mutation)) ?? []);
}

/** Lists the mutations without a row. */
export function unjudged(rows: readonly JudgedMutation[]): Mutation[] {
  const judged = new Set(rows.map(keyOf));
  return listMutations().filter((mutation) => !judged.has(keyOf(mutation)));
}

/** Counts the listed mutations that are not in the table. */
function openText(rows: readonly JudgedMutation[]): string {
  const open = unjudged(rows).length;
  return open === 0
    ? ""
    : ` **${open} of the ${listMutations().length} of the list have not been judged yet.**`;
}

/** Formats the section of docs/mutations.md. */
export function mutationSection(rows: readonly JudgedMutation[]): string {
  const caught = rows.filter(({ caughtBy }) => caughtBy !== null).length;
  return `## SystemVerilog

${caught} of ${rows.length} mutations are noticed.${openText(rows)}

Each row breaks the SystemVerilog in one place, builds it, and runs \`tests/rtl\` on it, those that are nearest
to the module first. The table names the first test that fails; the run ends there. A \`timeout\` names a test
that was not done, with the report of its difference, within five times the CPU time of its file on the
unchanged RTL, and at least 20 s. Wall time judges nothing. A mutation that no test can notice has a reason.

${
    markdownTable(
      ["mutation", "file", "noticed by"],
      ["left", "left", "left"],
      rows.map(({ wrong, file, caughtBy, unseen }) => [
        wrong,
        `\`${file}\``,
        caughtBy ?? `nobody: ${unseen ?? "a gap in the tests"}`,
      ]),
    )
  }
`;
}
