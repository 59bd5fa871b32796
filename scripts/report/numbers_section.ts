/**
 * Section with all numbers of a plan's cost, and those of other batch sizes.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { BatchCost } from "./batches.ts";
import { mark, type Markup, type Value } from "./markup.ts";
import { section, table } from "./page.ts";
import { bytesText, count, many, timeText } from "./text.ts";

/** Creates the section with numbers. */
export function numbersSection(plan: ImagePlan, batches: readonly BatchCost[]): Markup {
  const { images } = plan.body.layout.cut;
  return section(
    "numbers",
    "All numbers",
    `Cost of the first flow of ${
      many(images, "image")
    } in cycles of the core: computed from the plan, and equal to the ` + "counters of the model device.",
    mark`${costTable(plan)}${batches.length > 0 ? batchTable(plan, batches) : null}
<h3>Notes of the planner</h3>
<ul>${
      plan.body.notes.map((note) =>
        mark`<li>${note}</li>
`
      )
    }</ul>`,
  );
}

function costTable({ target: device, body: { cost, pages, layout } }: ImagePlan): Markup {
  const cycles = (name: string, value: number, text: string) => ({
    cells: [name, count(value), timeText(value / device.clockMHz), text],
  });
  const stalled = pages !== null
    ? "Cycles in which the core waits for a page that is still loading."
    : layout.buffers > 0
    ? "Cycles beyond the ideal: the first outputs wait for rows, and the last ones are computed after all " +
      "rows have arrived."
    : "Cycles beyond the ideal: none, because each packet is self-contained.";
  return table(
    [{ head: "number" }, { head: "value", number: true }, { head: "time", number: true }, {
      head: "meaning",
    }],
    [
      cycles(
        "ideal",
        cost.ideal,
        layout.buffers > 0
          ? "The longer of receiving the rows and computing the outputs, for any tables."
          : "Cycles of work of the core, for any tables.",
      ),
      cycles("stalls", cost.stalls, stalled),
      cycles(
        "latency",
        cost.latency,
        "Cycles without new input, while the last packets of a window are in flight.",
      ),
      cycles("load", cost.load, "Cycles that load the tables that stay on chip, before the first packet."),
      cycles("cycles", cost.cycles, "Sum of load, ideal, stalls and latency: the first flow."),
      cycles(
        "minCycles",
        cost.minCycles,
        pages === null
          ? "A lower bound: load and ideal."
          : "A lower bound: no schedule of the same loads is faster.",
      ),
      cycles("again", cost.again, "The next flow, with the tables kept from this one."),
      {
        cells: [
          "swaps",
          count(cost.swaps),
          "",
          pages === null
            ? "Pages loaded: none, everything stays on chip."
            : "Pages loaded while packets stream.",
        ],
      },
      {
        cells: [
          "tableBytes",
          count(cost.tableBytes),
          "",
          `Bytes of tables and pages that are loaded: ${bytesText(cost.tableBytes)}.`,
        ],
      },
    ],
  );
}

function batchTable(plan: ImagePlan, batches: readonly BatchCost[]): Markup {
  const rows = batches.map((batch) => {
    const { images } = batch;
    const chosen = images === plan.body.layout.cut.images;
    if (batch.plan === null) {
      const none = "–";
      return {
        cells: [count(images), none, none, none, none, none, `not possible: ${batch.because}`] as Value[],
        chosen,
      };
    }
    const { target: device, body: { cost, layout, stages } } = batch.plan;
    const each = cost.cycles / images;
    return {
      chosen,
      cells: [
        count(images),
        count(each),
        timeText(each / device.clockMHz),
        count(cost.stalls / images, 1),
        (cost.cycles / cost.ideal).toFixed(4),
        count(cost.again / images),
        [layout.name, ...(stages[0] === undefined ? [] : [`${stages[0].form} tables`])].join(", "),
      ] as Value[],
    };
  });
  return mark`<h3>The same at other batches</h3>
<p>A batch is sent as one flow, so its images share one loading of the tables. Cycles are for one image; the
marked row is this plan.</p>
${
    table(
      [
        { head: "images" },
        { head: "cycles an image", number: true },
        { head: "time an image", number: true },
        { head: "stalls an image", number: true },
        { head: "cycles / ideal", number: true },
        { head: "cycles an image, next flow", number: true },
        { head: "layout, tables" },
      ],
      rows,
    )
  }`;
}
