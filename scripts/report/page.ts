/**
 * The page around the report: its style, sections and tables.
 *
 * @module
 */

import { mark, type Markup, type Value } from "./markup.ts";
import { INK, PATTERNS } from "./palette.ts";

const STYLE: Markup = {
  markup: `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: ${INK.text};
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 28px; text-wrap: balance; line-height: 1.25; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 21px; margin: 44px 0 4px; padding-top: 16px; border-top: 2px solid ${INK.text}; }
h3 { font-size: 16px; margin: 28px 0 4px; }
p { margin: 6px 0; max-width: 80ch; overflow-wrap: anywhere; }
.lead { color: ${INK.quiet}; margin-bottom: 14px; }
.small { font-size: 13.5px; color: ${INK.quiet}; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 12px;
  margin: 22px 0 8px; }
.tile { border: 1px solid ${INK.line}; border-radius: 8px; padding: 12px 14px; }
.tile .name { font-size: 13px; color: ${INK.quiet}; }
.tile .value { font-size: 25px; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile .more { font-size: 13.5px; color: ${INK.text}; overflow-wrap: anywhere; }
.drawing { overflow-x: auto; margin: 10px 0 4px; }
.drawing svg { display: block; }
.side { display: flex; flex-wrap: wrap; gap: 4px 24px; }
.defs { position: absolute; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
  fill: ${INK.text}; }
svg text.halo { paint-order: stroke; stroke: #fff; stroke-width: 3px; stroke-linejoin: round; }
svg text.quiet { fill: ${INK.quiet}; }
svg text.bold { font-weight: 650; }
svg text.large { font-size: 13px; }
svg text.end { text-anchor: end; }
svg text.middle { text-anchor: middle; }
svg text.light { fill: #fff; }
.key { font-size: 13.5px; max-width: none; }
.key span { display: inline-block; margin-right: 18px; }
.table { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: 14px; width: 100%; }
th { text-align: left; font-weight: 600; border-bottom: 1.5px solid ${INK.text}; vertical-align: bottom; }
td { border-bottom: 1px solid ${INK.line}; vertical-align: top; }
th, td { padding: 5px 16px 5px 0; }
th:last-child, td:last-child { padding-right: 4px; }
td:first-child { white-space: nowrap; }
th.number, td.number { text-align: right; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.chosen td { background: #e8f1f8; }
tr.chosen td:first-child { box-shadow: inset 3px 0 ${INK.chosen}; padding-left: 8px; font-weight: 650; }
code, pre { font: 13px/1.45 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border: 1px solid ${INK.line}; border-radius: 6px; padding: 10px 12px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
ul { margin: 6px 0; padding-left: 22px; max-width: 85ch; }
footer { margin-top: 44px; padding-top: 16px; border-top: 2px solid ${INK.text}; font-size: 14px; }
@page { margin: 12mm; }
@media print {
  main { max-width: none; padding: 0; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .drawing, .table { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding-right: 8px; }
  .drawing svg { max-width: 100%; height: auto; }
  .tile, tr, .drawing { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
`,
};

/**
 * Creates a self-contained page.
 *
 * @param title Title of the window.
 * @param content Contents of the body.
 */
export function page(title: string, content: Value): string {
  return mark`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light"/>
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${PATTERNS}
<main>
${content}
</main>
</body>
</html>
`.markup;
}

/**
 * Creates a section.
 *
 * @param id Anchor of the section.
 * @param heading Heading of the section.
 * @param lead Sentence that describes the contents.
 * @param content Contents after the lead.
 */
export function section(id: string, heading: string, lead: string, content: Value): Markup {
  return mark`<section id="${id}">
<h2>${heading}</h2>
<p class="lead">${lead}</p>
${content}
</section>
`;
}

/** Headline number. */
export interface Tile {
  /** Label of the number. */
  readonly name: string;
  /** Formatted number with its unit. */
  readonly value: string;
  /** Explanation below the number. */
  readonly more: string;
}

/** Lays headline numbers out side by side. */
export function tiles(list: readonly Tile[]): Markup {
  return mark`<div class="tiles">${
    list.map(({ name, value, more }) =>
      mark`<div class="tile"><div class="name">${name}</div><div class="value">${value}</div>
<div class="more">${more}</div></div>
`
    )
  }</div>
`;
}

/** Column of a table. */
export interface Column {
  /** Heading of the column. */
  readonly head: string;
  /** True for numbers, which are aligned right. */
  readonly number?: boolean;
}

/** Row of a table. */
export interface Row {
  /** Contents of the row's cells, one for each column. */
  readonly cells: readonly Value[];
  /** True for the chosen alternative, which is highlighted. */
  readonly chosen?: boolean;
}

/** Creates a table. */
export function table(columns: readonly Column[], rows: readonly Row[]): Markup {
  const side = (at: number) => columns[at]!.number === true ? mark` class="number"` : null;
  return mark`<div class="table"><table>
<thead><tr>${columns.map(({ head }, at) => mark`<th${side(at)}>${head}</th>`)}</tr></thead>
<tbody>
${
    rows.map(({ cells, chosen }) =>
      mark`<tr${chosen === true ? mark` class="chosen"` : null}>${
        cells.map((cell, at) => mark`<td${side(at)}>${cell}</td>`)
      }</tr>
`
    )
  }</tbody>
</table></div>
`;
}
