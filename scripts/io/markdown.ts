/**
 * Markdown tables in the format of `deno fmt`.
 *
 * @module
 */

/**
 * Formats a table.
 *
 * @param head Names of the columns.
 * @param sides Alignment of each column.
 * @param rows Cells, row by row.
 */
export function markdownTable(
  head: readonly string[],
  sides: readonly ("left" | "right")[],
  rows: readonly (readonly string[])[],
): string {
  const safe = rows.map((row) => row.map((text) => text.replaceAll("|", "\\|")));
  const widths = head.map((text, at) => Math.max(3, text.length, ...safe.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((text, at) => sides[at] === "left" ? text.padEnd(widths[at]!) : text.padStart(widths[at]!))
        .join(" | ")
    } |`;
  const rule = widths.map((width, at) =>
    sides[at] === "left" ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...safe.map(line)].join("\n");
}
