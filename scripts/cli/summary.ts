/**
 * What a plan and a run are, in rows of a table.
 *
 * @module
 */

import { countElements, type Plan, type RunReport } from "../../mod.ts";
import { bytes, columnTable, count, milliseconds, shapeText } from "./text.ts";

/** A row: a name and one or several lines. */
export type Row = readonly [name: string, value: string | readonly string[]];

/** Milliseconds of each stage of the host's work, in order. */
export type StageTimes = Readonly<Record<string, number>>;

/** Rows about what moves: input, packets, output, layout. */
export function trafficRows(plan: Plan): Row[] {
  const { layout, input, output } = plan;
  const { packets } = layout.cut;
  return [
    ["input", `${shapeText(input)} ${input.dtype}, ${bytes(countElements(input.shape))}`],
    ["output", `${shapeText(output)} ${output.dtype}`],
    ["out to device", `${count(packets)} packets, ${bytes(layout.bytesOut)}`],
    ["back", `${count(packets)} packets, ${bytes(layout.bytesBack)}`],
    ["layout", plan.notes],
  ];
}

/** One row about the tables as a whole. */
export function tablesRow(plan: Plan): Row {
  const total = plan.tables.reduce((sum, table) => sum + table.bytes, 0);
  const weights = distinctWeights(plan);
  const parts = Object.entries(weights).map(([name, number]) => `${count(number)} ${name}`);
  return [
    "tables",
    [plan.tables.length === 0 ? "none" : `${plan.tables.length}, ${bytes(total)}`, ...parts].join(", "),
  ];
}

/** How many distinct weights the tables of a plan hold, by what they weigh; empty without a resize. */
export function distinctWeights(plan: Plan): Record<string, number> {
  const names: Readonly<Record<string, string>> = {
    terms: "distinct weights",
    horizontal: "distinct column weights",
    "vertical-low": "distinct row weights",
  };
  const weights: Record<string, number> = {};
  for (const { kernel, name, entries } of plan.tables) {
    if (kernel === "resize" && names[name] !== undefined) weights[names[name]] = entries / 256;
  }
  return weights;
}

/** The tables one by one. */
export function tablesText(plan: Plan): string {
  return columnTable(
    ["kernel", "table", "index", "entries", "bits", "bytes", "lookups"],
    plan.tables.map((table) => [
      table.kernel,
      table.name,
      table.index,
      table.entries,
      table.bits,
      table.bytes,
      table.lookups,
    ]),
  );
}

/** A row about what each stage equals, and how nearly. */
export function boundsRow(plan: Plan): Row {
  const lines = plan.bounds.map(({ kernel, versus, levels, because }) =>
    `${kernel}: ${levels === 0 ? "exactly" : `within ${levels} level${levels === 1 ? "" : "s"} of`} ` +
    `${versus}; ${because}`
  );
  return ["equals", lines.length === 0 ? "the input's own samples" : lines];
}

/** Rows about a run. */
export function runRows(report: RunReport, times: StageTimes): Row[] {
  const { cycles, lookups } = report.counters;
  return [
    ["lookups", count(lookups)],
    ["cycles", cycles === null ? "not counted by this device" : count(cycles)],
    ["host time", Object.entries(times).map(([stage, time]) => `${stage} ${milliseconds(time)}`).join(", ")],
    ...(report.resent > 0 ? [["sent again", `${count(report.resent)} packets`] as const] : []),
  ];
}

/** The stages that a session times, as they stand beside the command line's own. */
export function sessionTimes({ serializeMs, deviceMs, reassembleMs }: RunReport): StageTimes {
  return { serialize: serializeMs, device: deviceMs, reassemble: reassembleMs };
}

/**
 * Times a stage of work.
 *
 * @param times Where its milliseconds are written.
 * @param stage Its name.
 * @param work The work.
 * @returns What the work returns.
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
