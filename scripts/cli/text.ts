/**
 * Formatting of numbers, shapes and tables for terminals.
 *
 * @module
 */

import process from "node:process";
import Table from "cli-table3";

/** Maximum width of a fact table, in columns. */
const MAX_FACT_WIDTH = 100;

/** Spaces between two columns of a table. */
const GAP = 2;

/** Columns of the terminal; for a pipe the value of COLUMNS, or Infinity. */
export function terminalWidth(): number {
  const columns = process.stdout.columns ?? Number(namedColumns());
  return Number.isInteger(columns) && columns > 0 ? columns : Infinity;
}

/** Value of COLUMNS; undefined if Deno runs without `--allow-env`. */
function namedColumns(): string | undefined {
  try {
    return process.env["COLUMNS"];
  } catch (error) {
    if (error instanceof Error && error.name === "NotCapable") return undefined;
    throw error;
  }
}

const NO_LINES = {
  "top": "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  "bottom": "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  "left": "",
  "left-mid": "",
  "mid": "",
  "mid-mid": "",
  "right": "",
  "right-mid": "",
  "middle": "  ",
};

/**
 * Formats names and values as a table; long values are wrapped between words.
 *
 * @param rows Name and value, or name and several lines of values.
 * @param width Columns of the terminal; at most 100 are used.
 * @returns The table, with a final newline.
 */
export function factTable(
  rows: readonly (readonly [name: string, value: string | readonly string[]])[],
  width: number = terminalWidth(),
): string {
  const first = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.flatMap(([name, value]) =>
    [value].flat().map((
      line,
      at,
    ) => [at === 0 ? name : "", wrapWords(line, Math.min(width, MAX_FACT_WIDTH) - first - GAP)])
  );
  return draw(lines);
}

/**
 * Formats a table with a head. If it is wider than the terminal, text is wrapped between words. If that is not
 * enough, the columns are split into several tables, and the key columns are repeated in each.
 *
 * @param head Names of the columns.
 * @param rows Cells; columns of numbers only are aligned right.
 * @param options Maximum width, and number of leading key columns (default 1).
 * @returns The table, with a final newline.
 */
export function columnTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { width = terminalWidth(), keys = 1 }: { readonly width?: number; readonly keys?: number } = {},
): string {
  const columns = head.map((name, at) => ({
    cells: [name, ...rows.map((row) => text(row[at]!))],
    right: rows.every((row) => typeof row[at] === "number"),
  }));
  return groupColumns(columns.map(({ cells }) => cells), width, keys).map((group) => {
    const widths = fitWidths(group.map((at) => columns[at]!.cells), width);
    const wrapped = group.map((at, n) => columns[at]!.cells.map((cell) => wrapWords(cell, widths[n]!)));
    const lines = [head, ...rows].map((_, row) => wrapped.map((cells) => cells[row]!));
    lines.splice(1, 0, wrapped.map((cells) => "-".repeat(cellsWidth(cells))));
    return draw(lines, group.map((at) => columns[at]!.right ? "right" : "left"));
  }).join("\n");
}

/** Groups columns so that each group fits the width with its cells wrapped to single words. */
function groupColumns(columns: readonly (readonly string[])[], width: number, keys: number): number[][] {
  const minWidths = columns.map((cells) => Math.max(...cells.map(longestWord)) + GAP);
  const first = Array.from({ length: keys }, (_, at) => at);
  const groups: number[][] = [[...first]];
  for (let at = keys; at < columns.length; at++) {
    const group = groups.at(-1)!;
    const used = [...group, at].reduce((sum, column) => sum + minWidths[column]!, -GAP);
    if (used > width && group.length > keys) groups.push([...first, at]);
    else group.push(at);
  }
  return groups;
}

/** Computes column widths: the widest columns shrink until the table fits or only single words remain. */
function fitWidths(columns: readonly (readonly string[])[], width: number): number[] {
  const minWidths = columns.map((cells) => Math.max(...cells.map(longestWord)));
  const widths = columns.map(cellsWidth);
  let excess = widths.reduce((sum, each) => sum + each, (widths.length - 1) * GAP) - width;
  for (; excess > 0; excess--) {
    const widest = widths.reduce(
      (best, each, at) => each > minWidths[at]! && (best < 0 || each > widths[best]!) ? at : best,
      -1,
    );
    if (widest < 0) break;
    widths[widest]!--;
  }
  return widths;
}

function cellsWidth(cells: readonly string[]): number {
  return Math.max(...cells.flatMap((cell) => cell.split("\n")).map((line) => line.length));
}

function longestWord(cell: string): number {
  return Math.max(...cell.split(/\s+/).map((word) => word.length));
}

/** Replaces control characters of a text from outside, such as a file's column name, by JSON's escapes. */
export function visible(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u00${character.charCodeAt(0).toString(16)}` : escaped;
  });
}

/** Wraps a text between words to lines of at most `width` characters; a longer word gets a separate line. */
export function wrapWords(text: string, width: number): string {
  return text.split("\n").flatMap((line) => {
    if (line.length <= width) return [line];
    const lines: string[] = [];
    let current = "";
    for (const word of line.split(" ")) {
      if (current !== "" && current.length + 1 + word.length > width) {
        lines.push(current);
        current = word;
      } else current = current === "" ? word : `${current} ${word}`;
    }
    return [...lines, current];
  }).join("\n");
}

function draw(rows: readonly (readonly string[])[], colAligns: ("left" | "right")[] = []): string {
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns,
  });
  for (const row of rows) table.push([...row]);
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n") + "\n";
}

function text(cell: string | number): string {
  return typeof cell === "number" ? count(cell) : cell;
}

/** Formats an integer with thousands separators: `1,234,567`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Formats bytes, from 10 KiB on also in a larger unit: `720,000 bytes (703.1 KiB)`. */
export function bytes(value: number): string {
  const text = `${count(value)} bytes`;
  if (value < 10 * 1024) return text;
  const [unit, size] = value < 2 ** 20
    ? ["KiB", 2 ** 10]
    : value < 2 ** 30
    ? ["MiB", 2 ** 20]
    : ["GiB", 2 ** 30];
  return `${text} (${(value / (size as number)).toFixed(1)} ${unit})`;
}

/** Formats milliseconds with one decimal. */
export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** Formats the time of cycles at a clock: microseconds below 1 ms, one decimal. */
export function clockTime(cycles: number, clockMHz: number): string {
  const microseconds = cycles / clockMHz;
  return microseconds < 1000 ? `${microseconds.toFixed(1)} \u00b5s` : milliseconds(microseconds / 1000);
}

/** Formats a shape with the names of its axes: `[400, 600, 3] HWC`. */
export function shapeText({ shape, layout }: { shape: readonly number[]; layout?: string }): string {
  return `[${shape.join(", ")}]${layout === undefined ? "" : ` ${layout}`}`;
}
