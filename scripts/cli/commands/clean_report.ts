/**
 * Report of `clean`: the plan's table, and facts about the run.
 *
 * @module
 */

import type { DeviceCounters } from "../../../runtime/device/device.ts";
import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { DeviceColumn, PlannedColumn, RecordsPlan } from "../../../kernels/tabular/plan.ts";
import { deviceText, fallbackRows } from "../devices.ts";
import { bytes, clockTime, columnTable, count, factTable, milliseconds, visible } from "../text.ts";

/** Maximum columns that are printed; JSON has all. */
const MAX_SHOWN = 40;

/** Finished command. */
export interface Cleaned {
  /** Paths of the input and the output. */
  readonly files: { readonly input: string; readonly output: string };
  /** Plan that was run. */
  readonly plan: RecordsPlan;
  /** Reason for the model in place of the default device. */
  readonly fallbackReason: string | undefined;
  /** Origin of the fitted pipeline, in words. */
  readonly fit: string;
  /** Rows read, and rows written. */
  readonly rows: { readonly in: number; readonly out: number };
  /** Requests sent, and sent again. */
  readonly sent: number;
  /** Requests sent again. */
  readonly resent: number;
  /** Counters of the device. */
  readonly counters: DeviceCounters;
  /** Bytes of the output file. */
  readonly bytes: number;
  /** Milliseconds by stage. */
  readonly times: Readonly<Record<string, number>>;
}

/** Value for JSON. */
export function cleanJson(
  { plan, files, fallbackReason, fit, rows, sent, resent, counters, bytes, times }: Cleaned,
) {
  return {
    ...files,
    device: plan.target.name,
    instead: fallbackReason,
    fit,
    fitted: plan.fitted.id,
    rows,
    context: plan.context,
    columns: plan.columns.map(columnJson),
    marks: plan.marks.map(columnJson),
    tables: totals(plan),
    sent,
    resent,
    counters,
    bytes,
    milliseconds: times,
  };
}

function columnJson(column: PlannedColumn) {
  const { name, type, kind } = column;
  if (kind === "host") return { name, type, kind, reason: column.reason };
  if (kind === "copy") return { name, type, kind, input: column.input };
  if (kind === "window") return { name, type, kind, step: column.source.step };
  const { input, memo: { domain: { bits }, form, naiveBytes }, wire } = column;
  return {
    name,
    type,
    kind,
    input,
    bits,
    form: form.name,
    bytes: form.bytes,
    naiveBytes,
    wire: { kind: wire.kind, dtype: wire.dtype, results: wire.results.length },
  };
}

/** Bytes of all tables, in the chosen forms and as one table each. */
function totals({ columns, marks }: RecordsPlan): { readonly bytes: number; readonly naiveBytes: number } {
  const list = [...columns, ...marks].filter((each): each is DeviceColumn => each.kind === "device");
  return {
    bytes: list.reduce((sum, { memo }) => sum + memo.form.bytes, 0),
    naiveBytes: list.reduce((sum, { memo }) => sum + memo.naiveBytes, 0),
  };
}

/** Text for people: a row for each column, then the facts. */
export function cleanText(cleaned: Cleaned): string {
  const { plan, files, fallbackReason, fit, rows, sent, resent, counters, times } = cleaned;
  const shown = plan.columns.slice(0, MAX_SHOWN);
  const table = columnTable(
    ["column", "type", "from", "on", "code bits", "form", "table bytes", "naive", "result"],
    shown.map((column) => [visible(column.name), column.type, ...cellsOf(column)]),
  );
  const sum = totals(plan);
  const cycles = counters.cycles !== null && plan.target.name !== MODEL_PROFILE.name
    ? [["simulated", cyclesText(counters.cycles, plan)]] as const
    : [];
  return table + "\n" + factTable([
    ["device", deviceText(plan.target)],
    ...fallbackRows(fallbackReason),
    ["fit", fit],
    ["rows", `${count(rows.in)} read, ${count(rows.out)} written`],
    ["columns", columnsText(plan)],
    ["tables", `${bytes(sum.bytes)}; one entry a code would be ${bytes(sum.naiveBytes)}`],
    ["packets", `${count(sent)} sent, ${count(resent)} of them again`],
    ["lookups", count(counters.lookups)],
    ...cycles,
    ["host time", Object.entries(times).map(([name, ms]) => `${name} ${milliseconds(ms)}`).join(", ")],
    ["written", `${files.output}, ${bytes(cleaned.bytes)}`],
  ]);
}

function cellsOf(column: PlannedColumn): readonly (string | number)[] {
  if (column.kind === "host") return ["", `host: ${column.reason}`, "", "", "", "", ""];
  if (column.kind === "copy") return [visible(column.input), "copied", "", "", "", "", ""];
  if (column.kind === "window") {
    const { op, window } = column.source.step;
    return ["", `device: ${op} over ${window} rows`, "", "", "", "", ""];
  }
  const { input, memo: { domain: { bits }, form, naiveBytes }, wire } = column;
  const size = `${DTYPE_BYTES[wire.dtype]} B`;
  const result = wire.kind === "exact"
    ? `${wire.dtype}, ${size}`
    : `index of ${count(wire.results.length)}, ${size}`;
  return [visible(input), "device", String(bits), form.name, count(form.bytes), count(naiveBytes), result];
}

function columnsText({ columns }: RecordsPlan): string {
  const of = (kind: PlannedColumn["kind"]) => columns.filter((each) => each.kind === kind).length;
  const hidden = columns.length > MAX_SHOWN
    ? `; ${count(columns.length - MAX_SHOWN)} are not shown, --json has all`
    : "";
  return `${count(of("device") + of("window"))} on the device, ${count(of("host"))} on the host, ${
    count(of("copy"))
  } copied${hidden}`;
}

function cyclesText(cycles: number, { target: { clockMHz } }: RecordsPlan): string {
  return `${count(cycles)} cycles; at an assumed ${clockMHz} MHz ${clockTime(cycles, clockMHz)}`;
}
