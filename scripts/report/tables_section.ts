/**
 * Section about tables: the forms that were compared, and the tables of the chosen form.
 *
 * @module
 */

import type { FormChoice } from "../../kernels/image/plan/choose_form.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { mark, type Markup } from "./markup.ts";
import { section, table } from "./page.ts";
import { drawing, INK } from "./palette.ts";
import { bytesText, count, many, percent } from "./text.ts";
import { FORM_WORDS, formVerdict } from "./words.ts";

/** Creates the section about tables. */
export function tablesSection(plan: ImagePlan): Markup {
  const { body: { forms, tables, options } } = plan;
  const content = tables.length === 0
    ? mark`<p>This plan needs no table: samples are not changed.</p>`
    : mark`${forms.length > 0 ? formsPart(forms, options) : null}${tablesPart(plan)}`;
  return section(
    "tables",
    "The tables",
    "The device looks products up instead of multiplying. Below are the sizes of such tables in each form, " +
      "and the tables that this plan loads.",
    content,
  );
}

function formsPart(forms: readonly FormChoice[], options: ImagePlan["body"]["options"]): Markup {
  const digits = forms.some(({ lookups }) => !Number.isInteger(lookups)) ? 1 : 0;
  return mark`<h3>All compared forms</h3>
<p>Bytes are for the tables${
    forms.some(({ pages }) => pages > 0) ? " (of a form with pages: one page)" : ""
  }, without copies; the scale is logarithmic. Most of a card's memory goes to copies: a block memory serves two
lookups a cycle, so a table with more lookups is stored several times. Of the forms within the tolerance, the
one with the fewest bits of blocks is chosen.</p>
${formBars(forms)}
${
    table(
      [
        { head: "form" },
        { head: "off, levels", number: true },
        { head: "bytes", number: true },
        { head: "lookups a sample", number: true },
        { head: "blocks with copies" },
        { head: "pages in slots" },
        { head: "verdict" },
        { head: "description" },
      ],
      forms.map((each) => ({
        chosen: each.verdict === "chosen",
        cells: [
          each.form,
          each.levels === 0 ? "exact" : count(each.levels, 2),
          count(each.bytes),
          count(each.lookups, digits),
          each.blocks === null ? "too many" : blocksText(each.blocks),
          each.pages === 0 ? "none" : `${count(each.pages)}\u00a0in\u00a0${count(each.slots)}`,
          formVerdict(each, options),
          FORM_WORDS[each.form],
        ],
      })),
    )
  }`;
}

/** Formats memory blocks by kind. */
export function blocksText({ bram, uram }: { readonly bram: number; readonly uram: number }): string {
  const parts = [...(bram > 0 ? [`${count(bram)} BRAM`] : []), ...(uram > 0 ? [`${count(uram)} URAM`] : [])];
  return parts.join(" + ") || "none";
}

const LEFT = 100, BARS = 660;

/** Draws bars of bytes on a logarithmic scale, with a line at each power of ten. */
function formBars(forms: readonly FormChoice[]): Markup {
  const sizes = forms.map(({ bytes }) => Math.max(1, bytes));
  const low = Math.floor(Math.log10(Math.min(...sizes)) - 0.3);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...sizes))));
  const x = (bytes: number) => LEFT + BARS * (Math.log10(Math.max(1, bytes)) - low) / (high - low);
  const [top, step] = [8, 28];
  const bottom = top + step * forms.length;
  const names = [
    "1 byte",
    "10",
    "100",
    "1 KB",
    "10 KB",
    "100 KB",
    "1 MB",
    "10 MB",
    "100 MB",
    "1 GB",
    "10 GB",
  ];
  const grid = Array.from({ length: high - low + 1 }, (_, at) => low + at).map((power) =>
    mark`<line x1="${x(10 ** power)}" x2="${x(10 ** power)}" y1="${
      top - 4
    }" y2="${bottom}" stroke="${INK.line}"/>
<text class="middle quiet" x="${x(10 ** power)}" y="${bottom + 16}">${
      names[power] ?? `1e${power} bytes`
    }</text>`
  );
  const bars = forms.map(({ form, bytes, verdict, levels }, at) => {
    const y = top + at * step;
    const chosen = verdict === "chosen";
    const fill = chosen
      ? INK.chosen
      : verdict === "does not fit" || verdict === "baseline"
      ? "#d7dce1"
      : "#8a949e";
    return mark`<text class="end large${chosen ? " bold" : ""}" x="${LEFT - 10}" y="${y + 15}">${form}</text>
<rect x="${LEFT}" y="${y + 2}" width="${Math.max(1, x(bytes) - LEFT)}" height="18" fill="${fill}"/>
<text class="halo${chosen ? " bold" : ""}" x="${x(bytes) + 8}" y="${y + 15}">${count(bytes)} bytes${
      bytes >= 10_000 ? ` (${bytesText(bytes)})` : ""
    }${levels > 0 ? `, up to ${levels} off` : ""}${chosen ? ", chosen" : ""}</text>
`;
  });
  return drawing("Bytes of the forms of tables, logarithmic", 1060, bottom + 24, [
    ...grid,
    ...bars,
    mark`<line x1="${LEFT}" x2="${LEFT}" y1="${top - 4}" y2="${bottom}" stroke="${INK.text}"/>`,
  ]);
}

function tablesPart({ body: { tables, memory, pages, layout } }: ImagePlan): Markup {
  const paged = pages !== null;
  const stages = new Set(tables.map(({ kernel }) => kernel)).size > 1;
  const placed = tables.reduce((sum, each) => sum + each.blocks, 0);
  const buffers = memory.bram + memory.uram - placed;
  return mark`<h3>The tables of this plan</h3>
<p>${many(tables.length, "table")} in ${blocksText(memory)} of ${count(memory.budget.bram)} BRAM and ${
    count(memory.budget.uram)
  }
URAM available to one kernel (${shareText(memory)})${
    buffers > 0 ? `; ${many(buffers, "block")} of them hold rows (${count(layout.buffers)} bytes)` : ""
  }. ${
    paged
      ? `The last table is one page: ${many(pages.count, "page")} like it share ${
        many(pages.slots, "slot")
      }; each is loaded as ${count(pages.bytes)} bytes, in words of 32 bits.`
      : "All of them stay on chip."
  }</p>
${
    table(
      [
        ...(stages ? [{ head: "stage" }] : []),
        { head: "table" },
        { head: "index" },
        { head: "entries", number: true },
        { head: "bits", number: true },
        { head: "bytes", number: true },
        { head: "lookups" },
        { head: "copies", number: true },
        ...(paged ? [{ head: "slots", number: true }] : []),
        { head: "memory" },
        { head: "blocks", number: true },
      ],
      tables.map((each) => ({
        cells: [
          ...(stages ? [each.kernel] : []),
          each.name,
          each.index.replaceAll("->", "→"),
          count(each.entries),
          count(each.bits),
          count(each.bytes),
          `${count(each.lookups, 1)} a ${each.per === "sample" ? "sample" : "pixel"}`,
          count(each.copies),
          ...(paged ? [count(each.slots)] : []),
          each.memory.toUpperCase(),
          count(each.blocks),
        ],
      })),
    )
  }`;
}

/** Formats the share of each kind of memory block in use. */
function shareText({ bram, uram, budget }: ImagePlan["body"]["memory"]): string {
  const parts = [
    ...(budget.bram > 0 ? [`${percent(bram / budget.bram)} of BRAM`] : []),
    ...(budget.uram > 0 ? [`${percent(uram / budget.uram)} of URAM`] : []),
  ];
  return parts.join(", ") || "no blocks available";
}
