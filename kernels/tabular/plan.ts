/**
 * Plan of records: for each column of the result, the device that computes it and how, or the reason that the host
 * does.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { type Memo, memoize } from "../memoize/memo.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { profileOf } from "../target/profiles.ts";
import { type Coder, createCoder } from "./coder.ts";
import { type ComposedColumn, composeFitted, type RowsSource, type ValueSource } from "./compose.ts";
import { type ColumnDomain, MAX_DOMAIN } from "./domain.ts";
import type { ColumnSchema, FittedPipeline } from "./fitted/steps.ts";
import { type Context, contextOf, sliceFitted } from "./slice.ts";
import { type Cell, type ColumnType, quoted } from "./table.ts";
import { isInteger } from "./values.ts";
import { rowsPerPacket } from "./window/plan.ts";
import { chooseWire, type Wire } from "./wire.ts";

/** Column of the result that a device computes by a lookup. */
export interface DeviceColumn {
  /** Tells the kinds apart. */
  readonly kind: "device";
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Input column, which the host codes. */
  readonly input: string;
  /** All steps on the way as one function of a code. */
  readonly memo: Memo<DType>;
  /** Form of the device's results. */
  readonly wire: Wire;
  /** Codes whose values a step refuses; null for none. */
  readonly refused: Uint8Array | null;
}

/** Column of the result that equals an input column. */
export interface CopiedColumn {
  /** Tells the kinds apart. */
  readonly kind: "copy";
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Input column. */
  readonly input: string;
}

/** Column of the result that the host computes, by the reference. */
export interface HostColumn {
  /** Tells the kinds apart. */
  readonly kind: "host";
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Reason that no device computes it. */
  readonly reason: string;
}

/** Column of the result whose step on rows nearby a device computes. The host computes the steps around it. */
export interface WindowColumn {
  /** Tells the kinds apart. */
  readonly kind: "window";
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Step on rows nearby, and the columns that it reads. */
  readonly source: RowsSource;
}

/** Column of a plan. */
export type PlannedColumn = DeviceColumn | WindowColumn | CopiedColumn | HostColumn;

/** Plan of records for one device. Memos are part of it, so it is as large as their tables. */
export interface RecordsPlan {
  /** Fitted pipeline. */
  readonly fitted: FittedPipeline;
  /** Profile of the device. */
  readonly target: DeviceProfile;
  /** Columns of the result, in order. */
  readonly columns: readonly PlannedColumn[];
  /** Marks of rows that are removed. */
  readonly marks: readonly PlannedColumn[];
  /** Coders of the input columns that devices read. */
  readonly coders: ReadonlyMap<string, Coder>;
  /** Steps of the columns that the host computes; null if there are none. */
  readonly host: FittedPipeline | null;
  /** Rows around a row that its results depend on. */
  readonly context: Context;
}

/** Domains and device of a plan. */
export interface RecordsPlanOptions {
  /** Domains of the columns that {@linkcode codedInputs} lists, from a scan of the records. */
  readonly domains: readonly ColumnDomain[];
  /** Device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
}

/**
 * Plans a fitted pipeline for a device. The steps of each column are composed into one function of its codes.
 *
 * @param fitted Fitted pipeline.
 * @param options Domains and device.
 * @throws {OnpathError} `shape` if a column has no domain; `dtype` if one has another type than fitted; `table` if a
 * column of text has more distinct values than codes.
 *
 * @example
 * ```ts
 * import { codedInputs, createModelDevice, fitRecords, planRecords, records, scanDomains } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const people = records([{ name: "age", type: "f64", values: Float64Array.of(31, NaN, 47) }]);
 * const fitted = fitRecords({ steps: [{ op: "impute", columns: ["age"], method: "mean" }] }, people);
 * const scan = scanDomains(codedInputs(fitted));
 * scan.add(people);
 * const { columns: [age] } = planRecords(fitted, { domains: scan.domains(), device });
 * assert(age?.kind === "device" && age.memo.form.bytes <= age.memo.naiveBytes);
 * ```
 */
export function planRecords(fitted: FittedPipeline, options: RecordsPlanOptions): RecordsPlan {
  const { domains, device } = Object(options) as RecordsPlanOptions;
  const target = profileOf(device);
  if (!Array.isArray(domains)) {
    throw new OnpathError("shape", `Cannot plan records: the domains are ${kindOf(domains)}`);
  }
  const composed = composeFitted(fitted);
  const coders = new Map<string, Coder>();
  const plan = (column: ComposedColumn) => planColumn(column, domains, target, coders);
  const [columns, marks] = [composed.outputs.map(plan), composed.drop.map(plan)];
  const hosted = [
    ...new Set([...columns, ...marks].filter(({ kind }) => kind === "host").map(({ name }) => name)),
  ];
  return {
    fitted,
    target,
    columns,
    marks,
    coders,
    host: hosted.length === 0 ? null : sliceFitted(fitted, hosted),
    context: contextOf(fitted),
  };
}

function planColumn(
  { name, type, source }: ComposedColumn,
  domains: readonly ColumnDomain[],
  target: DeviceProfile,
  coders: Map<string, Coder>,
): PlannedColumn {
  const host = (reason: string): HostColumn => ({ kind: "host", name, type, reason });
  if (source.kind === "rows") {
    const why = windowObjection(source, target);
    return why === undefined ? { kind: "window", name, type, source } : host(why);
  }
  if (source.apply === null) return { kind: "copy", name, type, input: source.input };
  const domain = findDomain(source, domains);
  if (domain.kind === "open") {
    return host(
      `${quoted(domain.name)} has more than ${MAX_DOMAIN} distinct values, a code has at most 16 bits`,
    );
  }
  let coder = coders.get(domain.name);
  if (coder === undefined) coders.set(domain.name, coder = createCoder(domain));
  if (coder.size === 0) return host(`${quoted(domain.name)} has no rows`);
  const { results, refused } = resultsOf(source, coder, type);
  const { wire, patterns } = chooseWire(results);
  const memo = memoize((code) => patterns[code]!, {
    input: { bits: coder.bits },
    output: wire.dtype,
    result: "bits",
  });
  if (target.timing === "rtl" && !memo.form.fits) {
    return host(
      `tables of ${memo.form.first} and ${memo.form.second} entries exceed those of device ${target.name}`,
    );
  }
  return { kind: "device", name, type, input: source.input, memo, wire, refused };
}

/** Reason that a device cannot compute a step on rows nearby, or one that it depends on; undefined if it can. */
function windowObjection({ step, from }: RowsSource, target: DeviceProfile): string | undefined {
  const { op, window } = step;
  if (target.timing === "rtl") {
    return `${op} reads a window of ${window} rows, and device ${target.name} has no kernel that keeps rows`;
  }
  if (rowsPerPacket(step, from.length, target) < 1) {
    return `${op} reads a window of ${window} rows, more than a payload of ${target.payload} bytes holds`;
  }
  const isMark = op === "duplicates" || (op === "hampel" && step.action === "mark");
  if (!isMark && isInteger(step.type)) return `${op} writes ${step.type}, which may not hold its results`;
  return from.map(({ source }) => source.kind === "rows" ? windowObjection(source, target) : undefined)
    .find((why) => why !== undefined);
}

/** Results of all codes. Unused and refused codes repeat a neighbour's result, so that tables stay small. */
function resultsOf({ apply }: ValueSource, { bits, size, cellOf }: Coder, type: ColumnType) {
  const found = Array.from({ length: size }, (_, code) => apply!(cellOf(code)));
  let refused: Uint8Array | null = null;
  let last = found.find((result) => result !== undefined) ?? (type === "text" ? null : 0);
  const results: Cell[] = [];
  for (let code = 0; code < 2 ** bits; code++) {
    const result = found[code];
    if (result !== undefined) last = result;
    else if (code < size) (refused ??= new Uint8Array(2 ** bits))[code] = 1;
    results.push(last);
  }
  return { results, refused };
}

function findDomain({ input, inputType }: ValueSource, domains: readonly ColumnDomain[]): ColumnDomain {
  const domain = domains.find(({ name }) => name === input);
  if (domain === undefined) {
    throw new OnpathError("shape", `Cannot plan records: column ${quoted(input)} has no domain`, {
      name: input,
    });
  }
  if (domain.type !== inputType) {
    throw new OnpathError(
      "dtype",
      `Cannot plan records: column ${quoted(input)} is of type ${domain.type}, it was fitted as ${inputType}`,
      { name: input, expected: inputType, found: domain.type },
    );
  }
  if (domain.kind === "open" && inputType === "text") {
    throw new OnpathError(
      "table",
      `Cannot plan records: column ${quoted(input)} has more than ${MAX_DOMAIN} distinct texts, ` +
        "free text is not table-shaped",
      { name: input, most: MAX_DOMAIN },
    );
  }
  return domain;
}

/**
 * Lists the input columns that devices may read: those whose domains a plan needs.
 *
 * @param fitted Fitted pipeline.
 *
 * @example
 * ```ts
 * import { codedInputs, fitRecords, records } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const values = Float64Array.of(1, 2, NaN);
 * const input = records([{ name: "a", type: "f64", values }, { name: "b", type: "f64", values }]);
 * const fitted = fitRecords({ steps: [{ op: "impute", columns: ["b"], method: "mean" }] }, input);
 * assert.deepEqual(codedInputs(fitted), [{ name: "b", type: "f64" }]); // a is copied
 * ```
 */
export function codedInputs(fitted: FittedPipeline): readonly ColumnSchema[] {
  const { outputs, drop } = composeFitted(fitted);
  const names = new Set(
    [...outputs, ...drop].map(({ source }) => source).filter((source) => source.kind === "value")
      .filter(({ apply }) => apply !== null).map(({ input }) => input),
  );
  return fitted.inputs.filter(({ name }) => names.has(name));
}
