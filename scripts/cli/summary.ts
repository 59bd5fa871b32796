/**
 * Rows that describe a plan and a run.
 *
 * @module
 */

import { countElements } from "../../serialize/tensor.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { CPU_PROFILE } from "../../runtime/device/cpu/device.ts";
import type { RunReport } from "../../runtime/run_report.ts";
import type { JpegCost } from "../io/jpeg_cost.ts";
import { bytes, columnTable, count, milliseconds, shapeText } from "./text.ts";

/** Row of a fact table: a name and one or several lines. */
export type Row = readonly [name: string, value: string | readonly string[]];

/** Milliseconds of the host's work, by step, in order. */
export type StageTimes = Readonly<Record<string, number>>;

/** Rows about input, output, packets and layout. */
export function trafficRows(plan: ImagePlan): Row[] {
  const { body: { layout, input, output } } = plan;
  const { packets } = layout.cut;
  return [
    ["input", `${shapeText(input)} ${input.dtype}, ${bytes(countElements(input.shape))}`],
    ["output", `${shapeText(output)} ${output.dtype}`],
    ["out to device", `${count(packets)} packets, ${bytes(layout.bytesOut)}`],
    ["back", `${count(packets)} packets, ${bytes(layout.bytesBack)}`],
    ["layout", plan.body.notes],
  ];
}

/** Row about an input that arrives as JPEG. Its decode precedes the device. */
export function jpegRow({ bytes: size, decodeMs, serializeMs, breakEvenMs, breakEvenGbps }: JpegCost): Row {
  const more = decodeMs.full + serializeMs - decodeMs.shrunk;
  return ["JPEG", [
    `${bytes(size.file)}; the samples have ${(size.raw / size.file).toFixed(1)} times as many, the packets ${
      (size.sent / size.file).toFixed(1)
    } times`,
    `full decode ${milliseconds(decodeMs.full)}, with shrink-on-load to the output's size ${
      milliseconds(decodeMs.shrunk)
    } (sharp, measured here); serialize ${serializeMs.toFixed(2)} ms (the planner's rates)`,
    `offloaded, the host spends ${milliseconds(Math.abs(more))} ${more < 0 ? "less" : "more"} than with ` +
    `shrink-on-load; break-even at a full decode of ${milliseconds(breakEvenMs)}`,
    breakEvenGbps === null
      ? "packets of raw samples beat a JPEG on no link: serializing takes longer than decoding"
      : `packets of raw samples beat a JPEG on links above ${breakEvenGbps.toFixed(2)} Gb/s`,
  ]];
}

/** Row that sums up the tables. */
export function tablesRow(plan: ImagePlan): Row {
  const total = plan.body.tables.reduce((sum, table) => sum + table.bytes, 0);
  const weights = distinctWeights(plan);
  const parts = Object.entries(weights).map(([name, number]) => `${count(number)} ${name}`);
  return [
    "tables",
    [plan.body.tables.length === 0 ? "none" : `${plan.body.tables.length}, ${bytes(total)}`, ...parts].join(
      ", ",
    ),
  ];
}

/** Numbers of distinct weights in a plan's tables, by kind of weight; empty without a resize. */
export function distinctWeights(plan: ImagePlan): Record<string, number> {
  const names: Readonly<Record<string, string>> = {
    terms: "distinct weights",
    horizontal: "distinct column weights",
    "vertical-low": "distinct row weights",
    "column terms": "distinct column weights",
    "row terms": "distinct row weights",
  };
  const form = plan.body.stages[0]?.form;
  const levels = form === "nibble" || form === "universal" ? 16 : 256;
  const weights: Record<string, number> = {};
  for (const { kernel, name, entries } of plan.body.tables) {
    if (kernel !== "normalize" && names[name] !== undefined) weights[names[name]] = entries / levels;
  }
  return weights;
}

/** Table of the forms that the planner compared. */
export function formsText(plan: ImagePlan): string {
  return columnTable(
    ["tables", "equal", "bytes", "lookups", "BRAM", "URAM", "pages", "verdict"],
    plan.body.forms.map(({ form, levels, bytes, lookups, blocks, pages, verdict }) => [
      form,
      levels === 0 ? "exactly" : `${levels} level`,
      bytes,
      lookups.toFixed(lookups % 1 === 0 ? 0 : 1),
      blocks === null ? "-" : count(blocks.bram),
      blocks === null ? "-" : count(blocks.uram),
      pages,
      verdict,
    ]),
  );
}

/** Table of the layouts that the planner compared. */
export function layoutsText(plan: ImagePlan): string {
  const micro = (value: number) => value.toFixed(1);
  return columnTable(
    [
      "layout",
      "bytes an image",
      "packets",
      "row buffers",
      "host \u00b5s",
      "wire \u00b5s",
      "core \u00b5s",
      "verdict",
    ],
    plan.body.layouts.map(({ name, bytes, packets, buffers, hostUs, wireUs, coreUs, verdict }) => [
      name,
      bytes,
      packets,
      buffers,
      micro(hostUs),
      micro(wireUs),
      micro(coreUs),
      verdict,
    ]),
  );
}

/** Cycles of plans for the cpu device, in words. */
export const CPU_CYCLES =
  "those of a card with unlimited memory; this machine computes at once and counts none";

/** Rows about the cost of a plan. */
export function costRows({ target: device, body: { cost, memory, pages } }: ImagePlan): Row[] {
  const time = (cycles: number) =>
    `${count(cycles)} cycles, ${(cycles / device.clockMHz).toFixed(1)} \u00b5s`;
  return [
    ["memory", `${memory.bram} of ${memory.budget.bram} BRAM, ${memory.uram} of ${memory.budget.uram} URAM`],
    ["cycles", [
      `${time(cost.cycles)} at ${device.clockMHz} MHz, simulated: ` +
      `${count(cost.ideal)} of work, ${count(cost.stalls)} of stalls, ${count(cost.latency)} of latency, ${
        count(cost.load)
      } to load tables`,
      `${time(cost.again)} for the next flow, with the tables already loaded`,
      ...(device.name === CPU_PROFILE.name ? [CPU_CYCLES] : []),
    ]],
    ...(pages === null ? [] : [
      [
        "pages",
        `${pages.count} of ${pages.bytes} bytes in ${pages.slots} slots, ${cost.swaps} loads, ` +
        `${count(cost.tableBytes)} bytes of tables moved`,
      ] as const,
    ]),
  ];
}

/** Table of a plan's tables. */
export function tablesText(plan: ImagePlan): string {
  return columnTable(
    ["kernel", "table", "index", "entries", "bits", "bytes", "lookups", "per", "copies", "in"],
    plan.body.tables.map((table) => [
      table.kernel,
      table.name,
      table.index,
      table.entries,
      table.bits,
      table.bytes,
      table.lookups.toFixed(table.lookups % 1 === 0 ? 0 : 1),
      table.per,
      table.copies * table.slots,
      table.memory,
    ]),
  );
}

/** Row with the computation that each stage equals, and its bound. */
export function boundsRow(plan: ImagePlan): Row {
  const lines = plan.body.bounds.map(({ kernel, versus, levels, because }) =>
    `${kernel}: ${levels === 0 ? "exactly" : `within ${levels} level${levels === 1 ? "" : "s"} of`} ` +
    `${versus}; ${because}`
  );
  return ["equals", lines.length === 0 ? "the input's own samples" : lines];
}

/** Rows about the counters and times of a run. */
export function runRows(
  report: RunReport,
  times: StageTimes,
  { target: device }: { readonly target: DeviceProfile },
): Row[] {
  const { cycles, lookups, stalls, swaps } = report.counters;
  if (report.direct > 0) {
    return [
      ["packets", "none sent: this machine computed the image at once"],
      ["host time", hostTimes(times)],
    ];
  }
  return [
    ["lookups", count(lookups)],
    [
      "cycles",
      cycles === null
        ? "not counted by this device"
        : `simulated, ${count(cycles)} cycles; at an assumed ${device.clockMHz} MHz ${
          (cycles / device.clockMHz).toFixed(1)
        } \u00b5s; ${count(stalls ?? 0)} of them stalls, ${count(swaps)} pages loaded`,
    ],
    ["host time", hostTimes(times)],
    ...(report.resent > 0 ? [["sent again", `${count(report.resent)} packets`] as const] : []),
  ];
}

function hostTimes(times: StageTimes): string {
  return Object.entries(times).map(([stage, time]) => `${stage} ${milliseconds(time)}`).join(", ");
}

/** Times measured by a session, under the names that the command line prints. */
export function sessionTimes({ serializeMs, deviceMs, reassembleMs }: RunReport): StageTimes {
  return { serialize: serializeMs, device: deviceMs, reassemble: reassembleMs };
}

/**
 * Measures the time of a step.
 *
 * @param times Receives the milliseconds.
 * @param stage Name of the step.
 * @param work Function to measure.
 * @returns Result of the function.
 */
export async function timed<T>(
  times: Record<string, number>,
  stage: string,
  work: () => T | Promise<T>,
): Promise<T> {
  const begun = performance.now();
  const result = await work();
  times[stage] = performance.now() - begun;
  return result;
}
