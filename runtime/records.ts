/**
 * Records on a device: a lookup for each planned column, one after the other.
 *
 * @module
 */

import { compile } from "../kernels/compile.ts";
import type { LookupPlan } from "../kernels/lookup/plan.ts";
import type { Codes } from "../kernels/tabular/coder.ts";
import type { RowsStep } from "../kernels/tabular/fitted/steps.ts";
import type { DeviceColumn, PlannedColumn, RecordsPlan } from "../kernels/tabular/plan.ts";
import { sliceColumn } from "../kernels/tabular/rows.ts";
import { type Column, findColumn, type Records } from "../kernels/tabular/table.ts";
import { checkInputs, keepRows, transformRecords } from "../kernels/tabular/transform.ts";
import { compileWindow } from "../kernels/tabular/window/plan.ts";
import { type WindowInput, windowWorkload } from "../kernels/tabular/window/workload.ts";
import { fromWire } from "../kernels/tabular/wire.ts";
import type { DType } from "../serialize/dtype.ts";
import { checkInteger, kindOf, OnpathError } from "../serialize/errors.ts";
import { type Tensor, tensor } from "../serialize/tensor.ts";
import type { Device, DeviceCounters } from "./device/device.ts";
import { windowColumn } from "./records_window.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunResult } from "./run_report.ts";
import { Session } from "./session.ts";

/** Options of a run of records. */
export interface RecordsOptions extends RunOptions {
  /** Rows of the result: from `from` to before `to`. The others are context of windows. Default all rows. */
  readonly rows?: { readonly from: number; readonly to: number } | undefined;
}

/** Transformed records, and the counts of the run. */
export interface RecordsResult {
  /** Columns of the plan. Rows that a step drops are left out. */
  readonly output: Records;
  /** Requests sent, including repeated ones. */
  readonly sent: number;
  /** Requests sent again. */
  readonly resent: number;
  /** Counters of the device since it was opened. */
  readonly counters: DeviceCounters;
}

/** Plan of records on a device. Lookups of a column are kept open for records of as many rows. */
export interface RecordsSession {
  /**
   * Transforms records. The result equals that of `transformRecords`, bit for bit.
   *
   * @param input Records with the columns that were fitted.
   * @param options Rows, signal, timeout and retries; progress counts the columns of the device.
   * @throws {OnpathError} `shape` if a column is missing; `dtype` if one has another type than fitted, a value is not
   * in the domain of the plan, or a step refuses it; `size` if the rows are out of range; as `Session.run`.
   */
  readonly run: (input: Records, options?: RecordsOptions) => Promise<RecordsResult>;
}

/** Open sessions of a plan. */
interface Lookups {
  /** Session of a column's lookup. */
  readonly column: (
    column: DeviceColumn,
    items: Tensor,
    wait: RunOptions,
  ) => Promise<Session<LookupPlan<DType>>>;
  /** Runs a step on rows nearby. */
  readonly window: (step: RowsStep, cells: WindowInput, wait: RunOptions) => Promise<RunResult<Float64Array>>;
}

/** Maximum lookups that stay open; each holds the memory of its packets, about 0.2 MB. */
const MAX_OPEN = 256;

/**
 * Opens a plan of records.
 *
 * @param plan Plan for the device.
 * @param device An open device. The caller closes it.
 *
 * @example
 * ```ts
 * import { codedInputs, createModelDevice, fitRecords, openRecords, planRecords, records, scanDomains } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const people = records([{ name: "age", type: "f64", values: Float64Array.of(31, NaN, 47) }]);
 * const fitted = fitRecords({ steps: [{ op: "impute", columns: ["age"], method: "mean" }] }, people);
 * const scan = scanDomains(codedInputs(fitted));
 * scan.add(people);
 * const session = openRecords(planRecords(fitted, { domains: scan.domains(), device }), device);
 * const { output } = await session.run(people);
 * assert.deepEqual(output.columns, [{ name: "age", type: "f64", values: Float64Array.of(31, 39, 47) }]);
 * ```
 */
export function openRecords(plan: RecordsPlan, device: Device): RecordsSession {
  if (Object(plan).fitted === undefined) {
    throw new OnpathError(
      "plan",
      `Cannot open records: found ${kindOf(plan)}, expected a plan of planRecords()`,
    );
  }
  const open = new Map<unknown, { readonly rows: number; readonly session: unknown }>();
  // A session for each column or step, for the number of rows of the last run.
  const sessionOf = async <S>(key: unknown, rows: number, make: () => Promise<S>): Promise<S> => {
    const known = open.get(key);
    if (known?.rows === rows) return known.session as S;
    const session = await make();
    if (open.size < MAX_OPEN || known !== undefined) open.set(key, { rows, session });
    return session;
  };
  const lookups: Lookups = {
    column: ({ name, memo }, items, wait) =>
      sessionOf(name, items.data.length, () => {
        const lookup = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input: items, device });
        return Session.open(lookup, device, { memo }, { ...wait, isLazy: true });
      }),
    window: async (step, cells, wait) => {
      const rows = cells[0]!.length;
      const session = await sessionOf(step, rows, () => {
        const window = compileWindow(step, cells.length, rows, device.profile);
        return Session.open(window, device, undefined, { ...wait, isLazy: true, workload: windowWorkload });
      });
      return await session.run(cells, wait);
    },
  };
  return { run: (input, options = {}) => runRecords(plan, input, device, lookups, options) };
}

async function runRecords(
  plan: RecordsPlan,
  input: Records,
  device: Device,
  lookups: Lookups,
  options: RecordsOptions,
): Promise<RecordsResult> {
  checkInputs(plan.fitted, input);
  const { rows: { from, to } = { from: 0, to: input.rows }, onProgress, ...wait } = options;
  checkInteger("a last row of", to, 0, input.rows);
  checkInteger("a first row of", from, 0, to);
  const hosted = plan.host === null ? undefined : transformRecords(plan.host, withInputs(plan, input));
  const codes = new Map<string, Codes>();
  const counts = { sent: 0, resent: 0 };
  const total =
    [...plan.columns, ...plan.marks].filter(({ kind }) => kind === "device" || kind === "window").length;
  let done = 0;
  const run = async (column: PlannedColumn): Promise<Column> => {
    const { name, type, kind } = column;
    if (kind === "host") return sliceColumn(findColumn(hosted!, name), from, to);
    if (kind === "copy") return { ...sliceColumn(findColumn(input, column.input), from, to), name };
    if (kind === "window") {
      const whole = await windowColumn(column, input, async (step, cells) => {
        const { output, report: { sent, resent } } = await lookups.window(step, cells, wait);
        counts.sent += sent;
        counts.resent += resent;
        return output;
      });
      onProgress?.({ done: ++done, total });
      return sliceColumn(whole ?? refuse(plan, input), from, to);
    }
    const { memo, wire, refused } = column;
    let coded = codes.get(column.input);
    if (coded === undefined) {
      coded = plan.coders.get(column.input)!.encode(findColumn(input, column.input), from, to);
      codes.set(column.input, coded);
    }
    if (refused !== null && hasRefused(coded, refused)) refuse(plan, input);
    if (coded.length === 0) return fromWire(name, type, wire, coded);
    const items = tensor(coded, { dtype: memo.domain.dtype, shape: [coded.length] });
    const lookup = await lookups.column(column, items, wait);
    const { output, report: { sent, resent } } = await lookup.run(items, wait);
    counts.sent += sent;
    counts.resent += resent;
    onProgress?.({ done: ++done, total });
    return fromWire(name, type, wire, output.data);
  };
  // One after the other: a device holds the tables of one column.
  const columns: Column[] = [];
  for (const column of plan.columns) columns.push(await run(column));
  const marks: Column[] = [];
  for (const column of plan.marks) marks.push(await run(column));
  const rows = to - from;
  const output = marks.length === 0
    ? { rows, columns }
    : keepRows(columns, rows, (row) => marks.every((mark) => mark.type === "text" || mark.values[row] !== 1));
  return { output, ...counts, counters: device.counters() };
}

/**
 * Transforms records on a device once.
 *
 * @param plan Plan for the device.
 * @param input Records with the columns that were fitted.
 * @param device An open device. The caller closes it.
 * @param options Rows, signal, timeout and retries; progress counts the columns of the device.
 * @throws {OnpathError} As {@linkcode RecordsSession.run}.
 *
 * @example
 * ```ts
 * import { codedInputs, createModelDevice, fitRecords, offloadRecords, planRecords, records, scanDomains } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const cities = records([
 *   { name: "city", type: "text", codes: Uint8Array.of(0, 1, 0), dictionary: ["Oslo", "Bern"], missing: 255 },
 * ]);
 * const fitted = fitRecords({ steps: [{ op: "encode", columns: ["city"], method: "ordinal" }] }, cities);
 * const scan = scanDomains(codedInputs(fitted));
 * scan.add(cities);
 * const plan = planRecords(fitted, { domains: scan.domains(), device });
 * const { output } = await offloadRecords(plan, cities, device);
 * assert.deepEqual(output.columns, [{ name: "city", type: "f64", values: Float64Array.of(1, 0, 1) }]);
 * ```
 */
export async function offloadRecords(
  plan: RecordsPlan,
  input: Records,
  device: Device,
  options: RecordsOptions = {},
): Promise<RecordsResult> {
  return await openRecords(plan, device).run(input, options);
}

function hasRefused(codes: Codes, refused: Uint8Array): boolean {
  for (let row = 0; row < codes.length; row++) if (refused[codes[row]!] === 1) return true;
  return false;
}

/** Throws the error of the reference, which names the row and the value. */
function refuse({ fitted }: RecordsPlan, input: Records): never {
  transformRecords(fitted, input);
  throw new Error("the reference accepts a value that the plan refuses");
}

/** Records with the inputs of the host's steps only. */
function withInputs({ host }: RecordsPlan, input: Records): Records {
  return { rows: input.rows, columns: host!.inputs.map(({ name }) => findColumn(input, name)) };
}
