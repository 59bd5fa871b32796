/**
 * The committed table of `deno task mutate`: which test notices which mutation.
 *
 * @module
 */

import { markdownTable } from "../io/markdown.ts";
import { listMutations, type Mutation } from "./mutations.ts";

/** What came of a mutation. Plain data. */
export interface JudgedMutation extends Omit<Mutation, "number"> {
  /** The test that noticed first, or null. */
  readonly caughtBy: string | null;
}

/** A mutation's own: a row counts for no other one. */
function keyOf({ file, build, text, replacement }: Omit<Mutation, "number">): string {
  return JSON.stringify([file, build, text, replacement]);
}

/**
 * The table with new rows, in the order of the list; rows of mutations that are no longer in it are left out.
 *
 * @param rows The rows that there are.
 * @param judged New ones.
 */
export function mergeJudged(
  rows: readonly JudgedMutation[],
  judged: readonly JudgedMutation[],
): JudgedMutation[] {
  const all = new Map([...rows, ...judged].map((row) => [keyOf(row), row]));
  return listMutations().flatMap((mutation) => all.get(keyOf(mutation)) ?? []);
}

/** Mutations without a row. */
export function unjudged(rows: readonly JudgedMutation[]): Mutation[] {
  const judged = new Set(rows.map(keyOf));
  return listMutations().filter((mutation) => !judged.has(keyOf(mutation)));
}

/** What the list has and the table has not. */
function openText(rows: readonly JudgedMutation[]): string {
  const open = unjudged(rows).length;
  return open === 0
    ? ""
    : ` **${open} of the ${listMutations().length} of the list have not been judged yet.**`;
}

/** Section of docs/mutations.md. */
export function mutationSection(rows: readonly JudgedMutation[]): string {
  const caught = rows.filter(({ caughtBy }) => caughtBy !== null).length;
  return `## SystemVerilog

${caught} of ${rows.length} mutations are noticed.${openText(rows)}

Each row breaks the SystemVerilog in one place, builds it, and runs \`tests/rtl\` on it. Named is the first test
that fails; the others are not run then. A \`timeout\` is a test that hangs, five times as long as all tests of
the sound RTL take. What nobody can notice says why.

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
