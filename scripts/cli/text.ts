/**
 * Numbers, shapes and tables as people read them.
 *
 * @module
 */

import Table from "cli-table3";

/** Widest line of a table. */
const WIDTH = 100;

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
 * A table of names and values; long values are wrapped.
 *
 * @param rows Name and value, or name and several lines of values.
 * @returns The table, with a newline at its end.
 */
export function factTable(
  rows: readonly (readonly [name: string, value: string | readonly string[]])[],
): string {
  const first = Math.max(...rows.map(([name]) => name.length));
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colWidths: [first, WIDTH - first - 2],
    wordWrap: true,
  });
  for (const [name, value] of rows) {
    const lines = typeof value === "string" ? [value] : value;
    lines.forEach((line, index) => table.push([index === 0 ? name : "", line]));
  }
  return print(table);
}

/**
 * A table with a head.
 *
 * @param head The names of the columns.
 * @param rows The cells; columns whose cells are all numbers are aligned to the right.
 * @returns The table, with a newline at its end.
 */
export function columnTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const right = head.map((_, column) => rows.every((row) => typeof row[column] === "number"));
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: right.map((numbers) => numbers ? "right" : "left"),
  });
  const cells = rows.map((row) => row.map((cell) => typeof cell === "number" ? count(cell) : cell));
  table.push([...head]);
  table.push(
    head.map((name, column) => "-".repeat(Math.max(name.length, ...cells.map((row) => row[column]!.length)))),
  );
  for (const row of cells) table.push([...row]);
  return print(table);
}

function print(table: { toString(): string }): string {
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n") + "\n";
}

/** A whole number with its thousands apart: `1,234,567`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Bytes, and from 10 KiB on also in a larger unit: `720,000 bytes (703.1 KiB)`. */
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

/** Milliseconds with one digit. */
export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** A shape with the names of its axes: `[400, 600, 3] HWC`. */
export function shapeText({ shape, layout }: { shape: readonly number[]; layout?: string }): string {
  return `[${shape.join(", ")}]${layout === undefined ? "" : ` ${layout}`}`;
}
