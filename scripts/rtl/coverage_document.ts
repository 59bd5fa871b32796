/**
 * Coverage of the RTL by the tests, as a table and as a page.
 *
 * @module
 */

import Table from "cli-table3";
import { coverageReason } from "./coverage_reasons.ts";
import { type ModuleCoverage, percent, type Share, total } from "./coverage_report.ts";

const HEAD = ["module", "blocks", "reached", "bits", "toggled"] as const;

function rowsOf(modules: readonly ModuleCoverage[]): string[][] {
  const row = (name: string, lines: Share, toggles: Share) => [
    name,
    String(lines.all),
    percent(lines),
    String(toggles.all),
    percent(toggles),
  ];
  return [
    ...modules.map(({ module, lines, toggles }) => row(module, lines, toggles)),
    row("all", total(modules.map(({ lines }) => lines)), total(modules.map(({ toggles }) => toggles))),
  ];
}

/** Formats the table for a terminal. */
export function coverageTable(modules: readonly ModuleCoverage[]): string {
  const table = new Table({
    head: [...HEAD],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right", "right"],
  });
  table.push(...rowsOf(modules));
  return table.toString();
}

/** Aligns the cells of a row. */
function lineOf(row: readonly string[], widths: readonly number[]): string {
  return `| ${
    row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)).join(" | ")
  } |`;
}

/** Lists the blocks that no test enters, with their reasons. */
function unreachedLines(
  modules: readonly ModuleCoverage[],
  sources: ReadonlyMap<string, readonly string[]>,
): string[] {
  return modules.flatMap(({ module, unreached }) =>
    unreached.map((block) => {
      const { file, line, what } = block;
      const text = sources.get(file)![line - 1]!.trim();
      const reason = coverageReason(block, text);
      return `- \`${module}\`, ${file}:${line}, ${what}: \`${text}\`${
        reason === undefined ? "" : `: ${reason}`
      }`;
    })
  );
}

/**
 * Formats docs/rtl_coverage.md.
 *
 * @param modules Coverage of each module.
 * @param sources Lines by file, for all files with unreached blocks.
 */
export function coverageDocument(
  modules: readonly ModuleCoverage[],
  sources: ReadonlyMap<string, readonly string[]>,
): string {
  const cells = rowsOf(modules);
  const widths = HEAD.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]!.length)));
  const rule = widths.map((width, at) => at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  const unreached = unreachedLines(modules, sources);
  return [
    "# Coverage of the RTL by the tests",
    "",
    "<!-- Written by deno task coverage. Do not edit. -->",
    "",
    "`deno task coverage` builds the kernels with Verilator's counters of lines and toggles, runs the tests of",
    "`tests/rtl` that open them, and writes this page. A block is the code of one branch of a condition or a case. A",
    "bit is toggled if it changes at least once. Either counts if it happens in any instance of the module, in any",
    "build. `deno task coverage --bits` names the bits that never change. Functions that compute constants, as in",
    "`crc32c_beat` and `crc32c_trim`, run before the first cycle: their blocks count as not entered.",
    "",
    lineOf(HEAD, widths),
    `| ${rule.join(" | ")} |`,
    ...cells.map((row) => lineOf(row, widths)),
    "",
    "## Blocks that no test enters",
    "",
    ...(unreached.length === 0 ? ["None."] : unreached),
    "",
  ].join("\n");
}

/** Adds reasons to the blocks of a page that were listed without. A block may be wrapped. */
function withReasons(page: string): string {
  return page.replaceAll(
    /^(- `\w+`, ([\w.]+):(\d+), (\w+):\s+`([^`]*)`)$/gm,
    (block, _, file, line, what, text) => {
      const reason = coverageReason({ file, line: Number(line), what }, text);
      return reason === undefined ? block : `${block}: ${reason}`;
    },
  );
}

/**
 * Replaces the rows of a page and the blocks behind them. Those of other modules stay.
 *
 * @param page Page as written before.
 * @param modules Modules whose builds are all measured; those that the page lacks are left out.
 * @param sources Lines by file, for all files with unreached blocks.
 */
export function replaceRows(
  page: string,
  modules: readonly ModuleCoverage[],
  sources: ReadonlyMap<string, readonly string[]>,
): string {
  const lines = page.split("\n");
  const all = lines.findIndex((line) => line.startsWith("| all "));
  const begin = lines.findLastIndex((line, at) => at < all && line.startsWith("| ---")) + 1;
  const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const rows = lines.slice(begin, all).map(cellsOf);
  const known = modules.filter(({ module }) => rows.some(([name]) => name === module));
  const found = new Map(rowsOf(known).map((row) => [row[0]!, row]));
  const next = rows.map((row) => found.get(row[0]!) ?? row);
  // Percentages are rounded down, so each row's share is at least what they state.
  const sum = (at: number) => {
    const counted = next.filter((row) => /^\d+$/.test(row[at]!));
    const total = counted.reduce((total, row) => total + Number(row[at]), 0);
    const reached = counted.reduce(
      (total, row) =>
        total + Math.ceil(Number(row[at]) * (Number.parseFloat(row[at + 1]!) || 0) / 100 - 1e-6),
      0,
    );
    return [String(total), percent({ reached, all: total })];
  };
  const cells = [...next, ["all", ...sum(1), ...sum(3)]];
  const widths = HEAD.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]!.length)));
  const rule = widths.map((width, at) => at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return withReasons([
    ...lines.slice(0, begin - 2),
    lineOf(HEAD, widths),
    `| ${rule.join(" | ")} |`,
    ...cells.map((row) => lineOf(row, widths)),
    ...replaceBlocks(lines.slice(all + 1), known, sources),
  ].join("\n"));
}

/** Replaces the blocks of modules in the lines behind the table. A block may be wrapped. */
function replaceBlocks(
  rest: readonly string[],
  modules: readonly ModuleCoverage[],
  sources: ReadonlyMap<string, readonly string[]>,
): string[] {
  const isBlock = (line: string) => line.startsWith("- ");
  const first = rest.findIndex((line) => isBlock(line) || line === "None.");
  const [head, list] = [rest.slice(0, first), rest.slice(first).filter((line) => line !== "")];
  const blocks: string[][] = [];
  for (const line of list) {
    if (isBlock(line)) blocks.push([line]);
    else blocks.at(-1)?.push(line);
  }
  const moduleOf = (block: readonly string[]) => /^- `(\w+)`/.exec(block[0]!)![1]!;
  const replaced = new Set(modules.map(({ module }) => module));
  const next = [
    ...blocks.filter((block) => !replaced.has(moduleOf(block))),
    ...unreachedLines(modules, sources).map((line) => [line]),
  ].sort((a, b) => moduleOf(a) < moduleOf(b) ? -1 : moduleOf(a) > moduleOf(b) ? 1 : 0);
  return [...head, ...(next.length === 0 ? ["None."] : next.flat()), ""];
}

/**
 * Adds rows without numbers for modules that the page lacks. A full measurement replaces them.
 *
 * @param page Page as written before.
 * @param modules Names of all modules of the RTL.
 */
export function markUnmeasured(page: string, modules: readonly string[]): string {
  const lines = page.split("\n");
  const end = lines.findIndex((line) => line.startsWith("| all "));
  const begin = lines.findLastIndex((line, at) => at < end && line.startsWith("| ---")) + 1;
  const nameOf = (row: string) => row.split("|")[1]!.trim();
  const rows = lines.slice(begin, end), width = rows[0]!.split("|")[1]!.length - 2;
  const known = new Set(rows.map(nameOf));
  const columns = rows[0]!.split("|").slice(2, -1);
  for (const module of modules) {
    if (known.has(module)) continue;
    const cells = columns.map((cell, at) => (at === 0 ? "open" : "-").padStart(cell.length - 2));
    rows.push(`| ${[module.padEnd(width), ...cells].join(" | ")} |`);
  }
  rows.sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1);
  return [...lines.slice(0, begin), ...rows, ...lines.slice(end)].join("\n");
}
