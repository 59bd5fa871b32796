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

/** Counts of a file's mutations, as a row of the page. */
function fileRow(file: string, rows: readonly JudgedMutation[], open: number): string[] {
  const own = rows.filter((row) => row.file === file);
  const noticed = own.filter(({ caughtBy }) => caughtBy !== null).length;
  const explained = own.filter(({ caughtBy, unseen }) => caughtBy === null && unseen !== null).length;
  const counts = [own.length + open, noticed, explained, own.length - noticed - explained, open];
  return [`\`${file}\``, ...counts.map(String)];
}

/** Formats the section of docs/mutations.md. */
export function mutationSection(rows: readonly JudgedMutation[]): string {
  const caught = rows.filter(({ caughtBy }) => caughtBy !== null).length;
  const open = unjudged(rows);
  const openText = open.length === 0
    ? ""
    : ` **${open.length} of the ${listMutations().length} of the list have not been judged yet.**`;
  const files = [...new Set(listMutations().map(({ file }) => file))].sort();
  return `## SystemVerilog

${caught} of ${rows.length} mutations are noticed.${openText}

Each mutation breaks the SystemVerilog in one place, builds it, and runs \`tests/rtl\` on it, those that are
nearest to the module first, until a test fails. That test is in \`docs/mutations.json\` of the repository. A
test that was not done within five times the CPU time of its file on the unchanged RTL, and at least 20 s, has
noticed the mutation too. Wall time judges nothing.

${
    markdownTable(
      ["file", "mutations", "noticed", "explained", "gaps", "not judged"],
      ["left", "right", "right", "right", "right", "right"],
      files.map((file) => fileRow(file, rows, open.filter((mutation) => mutation.file === file).length)),
    )
  }

Mutations that no test notices:

${
    markdownTable(
      ["mutation", "file", "why"],
      ["left", "left", "left"],
      rows.filter(({ caughtBy }) => caughtBy === null).map(({ wrong, file, unseen }) => [
        wrong,
        `\`${file}\``,
        unseen ?? "a gap in the tests",
      ]),
    )
  }
`;
}
