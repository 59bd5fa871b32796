/**
 * Tables of Markdown, as `deno fmt` lays them out.
 *
 * @module
 */

/**
 * Lays a table out.
 *
 * @param head The names of the columns.
 * @param sides The side that each column stands on.
 * @param rows The cells.
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
