/**
 * A plan as one HTML page for readers without prior knowledge: pixels sent, tables, load times, and costs.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { BATCHES, costBatches } from "./batches.ts";
import { imageBytes, layoutsSection } from "./layouts_section.ts";
import { mark, type Markup } from "./markup.ts";
import { numbersSection } from "./numbers_section.ts";
import { page, type Tile, tiles } from "./page.ts";
import { blocksText, tablesSection } from "./tables_section.ts";
import { bytesText, count, many, percent, shellWord, timeText } from "./text.ts";
import { timelineSection } from "./timeline_section.ts";
import { boundTexts, headline } from "./words.ts";

/** Options of a report. */
export interface ReportOptions {
  /** Batch sizes to compare, in images; default {@linkcode BATCHES}, `[]` for none. */
  readonly batch?: readonly number[] | undefined;
}

/**
 * Creates the report page of a plan.
 *
 * @param plan Plan to describe.
 * @param more Options of the report.
 * @returns Self-contained HTML: no script, font or network access. The same plan yields the same page.
 *
 * @example
 * ```ts
 * import { compile, MODEL_PROFILE } from "onpath";
 * import { planReport } from "./report.ts";
 * import assert from "node:assert/strict";
 *
 * const input = { dtype: "u8", shape: [48, 64, 3], layout: "HWC" } as const;
 * const plan = compile({ steps: [{ op: "resize", size: [24, 32] }] }, { input, device: MODEL_PROFILE });
 * assert.match(planReport(plan), /48 x 64 image → 24 x 32: resize \(exact\)/);
 * ```
 */
export function planReport(plan: ImagePlan, more: ReportOptions = {}): string {
  const title = headline(plan);
  return page(`onpath: ${title}`, [
    mark`<header>
<h1>${title}</h1>
<p class="lead">How onpath would compute this on a network card: the bytes sent, the lookup tables that replace
the arithmetic, and the time. <b>All cycles are simulated; no card was used.</b></p>
<p class="small">Device ${plan.target.name}: ${plan.target.summary}</p>
</header>
${tiles(headlineTiles(plan))}`,
    exactness(plan),
    layoutsSection(plan),
    tablesSection(plan),
    timelineSection(plan),
    numbersSection(plan, costBatches(plan, more.batch ?? BATCHES)),
    footer(plan),
  ]);
}

function headlineTiles(plan: ImagePlan): Tile[] {
  const { target: device, body: { cost, layout, memory, layouts, bounds } } = plan;
  const { images } = layout.cut;
  const each = cost.cycles / images;
  const again = cost.again / images;
  const chosen = layouts.find(({ verdict }) => verdict === "chosen");
  const parts = chosen === undefined
    ? []
    : ([["host", chosen.hostUs], ["wire", chosen.wireUs], ["core", chosen.coreUs]] as const)
      .toSorted((a, b) => b[1] - a[1]);
  const off = bounds.reduce((max, { levels }) => Math.max(max, levels), 0);
  const { budget } = memory;
  const share = Math.max(
    budget.bram > 0 ? memory.bram / budget.bram : 0,
    budget.uram > 0 ? memory.uram / budget.uram : 0,
  );
  return [
    {
      name: images === 1 ? "Cycles an image" : `Cycles an image, in a batch of ${count(images)}`,
      value: count(each),
      more: `with the loading of tables; ${count(again)} once they are loaded`,
    },
    {
      name: "Core time an image",
      value: timeText(each / device.clockMHz),
      more: `at ${count(device.clockMHz, 1)} MHz, the profile's assumed clock; simulated`,
    },
    ...(parts[0] === undefined ? [] : [{
      name: "Bottleneck of a stream",
      value: `${parts[0][0]}, ${timeText(parts[0][1])}`,
      more: `estimated; ${parts.slice(1).map(([name, time]) => `${name} ${timeText(time)}`).join(", ")}`,
    }]),
    {
      name: images === 1 ? "Bytes to the device" : "Bytes to the device, an image",
      value: bytesText(layout.bytesOut / images),
      more: `${
        percent(layout.bytesOut / images / imageBytes(plan))
      } of the image's bytes, headers included, in ${many(layout.cut.packets / images, "packet")}`,
    },
    {
      name: "On-chip memory",
      value: blocksText(memory),
      more: `of ${count(budget.bram)} BRAM + ${count(budget.uram)} URAM available to one kernel${
        memory.bram + memory.uram > 0 ? ` (at most ${percent(share)} of one kind)` : ""
      }`,
    },
    {
      name: "Difference to the reference",
      value: off === 0 ? "none" : `at most ${count(off, 3)} ${off === 1 ? "level" : "levels"}`,
      more: bounds.length === 0
        ? "samples are not changed"
        : off === 0
        ? "0 levels; the reason is below"
        : "the reason is below",
    },
  ];
}

function exactness(plan: ImagePlan): Markup {
  const texts = boundTexts(plan);
  return texts.length === 0
    ? mark`<p>The output holds the input's own samples at new positions.</p>`
    : mark`<p><b>Accuracy of the result:</b></p>
<ul>${
      texts.map((text) =>
        mark`<li>${text}</li>
`
      )
    }</ul>`;
}

function footer(plan: ImagePlan): Markup {
  const { target: device, id, body: { input, options, pipeline, layout } } = plan;
  const command = [
    "deno task offload plan pipeline.json",
    `--shape ${input.shape.join(",")} --layout ${input.layout} --device ${shellWord(device.name)}`,
    ...(layout.checksum === "crc32c" ? [] : [`--checksum ${layout.checksum}`]),
    ...(options.tolerance === 0 ? [] : [`--tolerance ${options.tolerance}`]),
    ...(options.form === null ? [] : [`--form ${options.form}`]),
    ...(options.layout === null ? [] : [`--packet-layout ${options.layout}`]),
    "--html report.html --trace trace.json",
  ].join(" \\\n  ");
  return mark`<footer>
<p><b>How this page was made.</b> onpath computed it from plan ${id} alone, without a device and without a picture: the same plan gives the same page. To generate it again:</p>
<pre>${command}</pre>
<p>with this <code>pipeline.json</code>:</p>
<pre>${JSON.stringify(pipeline)}</pre>
<p><b>Limits.</b> Cycles come from a model of the device: one bus word a cycle, pages over one channel with
one latency, no contention. The clock is assumed, not confirmed by place-and-route. Host times were measured on
one machine. No card was used.</p>
</footer>`;
}
