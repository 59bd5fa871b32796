/**
 * Parts of the benchmark of records: a file, its encoding here and by scikit-learn, and the memory of `clean`.
 *
 * @module
 */

import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { scanDomains } from "../../kernels/tabular/domain.ts";
import { fitRecordsStream } from "../../kernels/tabular/fit/stream.ts";
import { codedInputs, planRecords, type RecordsPlan } from "../../kernels/tabular/plan.ts";
import { records } from "../../kernels/tabular/table.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { openRecords } from "../../runtime/records.ts";
import { openWhole } from "../io/write.ts";
import { type ColumnBuilder, columnBuilder, MISSING_TOKENS } from "../records/csv_columns.ts";
import { type CsvRows, readCsvRows } from "../records/csv_rows.ts";
import { openCsv } from "../records/csv_source.ts";

/** Columns of the file. */
export const COLUMNS = 20;

/** Distinct texts of a column. */
const WORDS = 500;

/** Rows that are encoded at a time. */
const BATCH = 16_384;

/** Processor time of this thread in milliseconds. Other processes do not lengthen it. */
function processorMs(): number {
  const { user, system } = (process as unknown as { threadCpuUsage(): NodeJS.CpuUsage }).threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Writes a file of text columns, with draws of a fixed seed.
 *
 * @param path Path of the file.
 * @param rows Number of rows.
 */
export function writeWords(path: string, rows: number): void {
  const file = openWhole(path);
  const put = (text: string) => file.write(new TextEncoder().encode(text));
  put(Array.from({ length: COLUMNS }, (_, at) => `c${at}`).join(",") + "\n");
  let seed = 1;
  const next = () => seed = Math.imul(seed, 48271) >>> 1;
  for (let row = 0; row < rows;) {
    let lines = "";
    for (const end = Math.min(rows, row + 4096); row < end; row++) {
      for (let at = 0; at < COLUMNS; at++) lines += `${at === 0 ? "" : ","}word ${next() % WORDS}`;
      lines += "\n";
    }
    put(lines);
  }
  file.finish();
}

/** Names of all columns. */
const NAMES = Array.from({ length: COLUMNS }, (_, at) => `c${at}`);

/** Steps of the benchmark: scikit-learn's OrdinalEncoder on all columns. */
export const ORDINAL = { steps: [{ op: "encode", columns: NAMES, method: "ordinal" }] } as const;

/** Processor milliseconds of an encode, apart from reading the file, and a sum that proves it. */
export interface Encoded {
  /** Hash map: texts to codes. */
  readonly codesMs: number;
  /** Lookups of the model device, with packets; codes to f64. */
  readonly deviceMs: number;
  /** Sum of all results. */
  readonly sum: number;
}

/**
 * Encodes all columns of a file on the model device.
 *
 * @param path Path of the file.
 */
export async function encodeHere(path: string): Promise<Encoded> {
  const source = await openCsv(path);
  const fitted = await fitRecordsStream(ORDINAL, () => source.batches());
  const scan = scanDomains(codedInputs(fitted));
  for await (const batch of source.batches()) scan.add(batch);
  const device = createModelDevice();
  const plan: RecordsPlan = planRecords(fitted, { domains: scan.domains(), device });
  const makeBuilders = () => NAMES.map((name) => columnBuilder(name, "text", new Set(MISSING_TOKENS), BATCH));
  const [warm, builders] = [makeBuilders(), makeBuilders()];
  const pushAll = (to: readonly ColumnBuilder[], rows: CsvRows["rows"]) => {
    for (const [at, { push }] of to.entries()) {
      for (let row = 0; row < rows.length; row++) push(rows[row]![at]!, row);
    }
  };
  let [codesMs, deviceMs, sum] = [0, 0, 0];
  const session = openRecords(plan, device);
  for await (const { rows } of readCsvRows(path, BATCH)) {
    // As after a fit to the same texts in memory: a text keeps its hash.
    pushAll(warm, rows);
    for (const { take } of warm) take();
    const begun = processorMs();
    pushAll(builders, rows);
    const coded = processorMs();
    const { output } = await session.run(records(builders.map(({ take }) => take())));
    deviceMs += processorMs() - coded;
    codesMs += coded - begun;
    for (const column of output.columns) {
      if (column.type === "f64") { for (const value of column.values as Float64Array) sum += value; }
    }
  }
  await device.close();
  return { codesMs, deviceMs, sum };
}

/** Program for Debian's Python: processor milliseconds of OrdinalEncoder.transform, and the sum of its results. */
const PYTHON = `
import csv, sys, time
import numpy as np
from sklearn.preprocessing import OrdinalEncoder
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = csv.reader(file)
    head = next(rows)
    table = np.array(list(rows), dtype=object)
encoder = OrdinalEncoder().fit(table)
begun = time.process_time()
result = encoder.transform(table)
print(1000 * (time.process_time() - begun), result.sum())
`;

/**
 * Encodes all columns of a file with scikit-learn.
 *
 * @param path Path of the file.
 * @throws {Error} If python3 or scikit-learn is missing.
 */
export async function encodeThere(path: string): Promise<{ readonly ms: number; readonly sum: number }> {
  const text = await new Promise<string>((resolve, reject) => {
    execFile("/usr/bin/python3", ["-c", PYTHON, path], { timeout: 600_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {reject(
          new Error(`Cannot run scikit-learn: expected Debian's python3-sklearn, ${stderr.slice(-200)}`),
        );}
    });
  });
  const [ms, sum] = text.split(" ").map(Number) as [number, number];
  return { ms, sum };
}

/**
 * Runs `clean` in a process of its own.
 *
 * @param args Arguments after the command's name.
 * @returns Greatest resident memory in MiB, and milliseconds. The memory is Linux's, and NaN elsewhere.
 */
export async function cleanProcess(
  args: readonly string[],
): Promise<{ readonly megabytes: number; readonly ms: number }> {
  const script = fileURLToPath(new URL("../offload.ts", import.meta.url));
  const begun = performance.now();
  const child = spawn(process.execPath, ["run", "-A", "--no-check", "--quiet", script, "clean", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let kilobytes = NaN;
  const poll = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      kilobytes = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? kilobytes);
    } catch {
      // The process has ended, or the system has no such file: the last figure stays.
    }
  }, 50);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", resolve);
    });
    if (code !== 0) throw new Error(`Cannot measure: clean ended with code ${code}`);
  } finally {
    clearInterval(poll);
  }
  return { megabytes: kilobytes / 1024, ms: performance.now() - begun };
}
