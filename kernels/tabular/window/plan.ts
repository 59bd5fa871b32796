/**
 * Plan of a step on rows nearby: packets of rows that overlap.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { cutRows, type Partition } from "../../../serialize/partition.ts";
import { identifyPlan, type Plan } from "../../plan/plan.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import type { RowsStep } from "../fitted/steps.ts";
import { windowOf } from "../windows.ts";

/** Bytes of a cell in a packet: an f64. */
export const CELL_BYTES = 8;

/** Requests of one exchange. */
const IN_FLIGHT = 64;

/** Compiled step. */
export interface WindowBody {
  /** Fitted step on rows nearby. */
  readonly step: RowsStep;
  /** Columns that it reads. */
  readonly columns: number;
  /** Rows of an input. */
  readonly rows: number;
  /** Rows before and after a row that its result depends on. */
  readonly before: number;
  /** Rows after. */
  readonly after: number;
  /** Partition of the rows into packets; a packet has the rows around its own, too. */
  readonly cut: Partition;
}

/** Plan of a step on rows nearby, for one device and one number of rows. */
export type WindowPlan = Plan<"record_window", WindowBody>;

/**
 * Counts the rows of a packet that get results.
 *
 * @returns The rows; 0 or less if a payload does not hold a window.
 */
export function rowsPerPacket(step: RowsStep, columns: number, { payload }: DeviceProfile): number {
  const { before, after } = windowOf(step);
  return Math.floor(payload / (columns * CELL_BYTES)) - before - after;
}

/**
 * Compiles a step.
 *
 * @param step Fitted step on rows nearby.
 * @param columns Columns that it reads.
 * @param rows Rows of an input, at least 1.
 * @param target Profile of the device.
 * @throws {OnpathError} `size` if a payload does not hold a window.
 */
export function compileWindow(
  step: RowsStep,
  columns: number,
  rows: number,
  target: DeviceProfile,
): WindowPlan {
  const { before, after } = windowOf(step);
  const own = rowsPerPacket(step, columns, target);
  if (own < 1) {
    throw new OnpathError(
      "size",
      `Cannot compile ${step.op}: ${before + after + 1} rows of ${columns} columns exceed a payload of ` +
        `${target.payload} bytes`,
      { rows: before + after + 1, columns, payload: target.payload },
    );
  }
  const cut = cutRows(rows, 1, 1, own);
  return identifyPlan({
    workload: "record_window",
    target,
    packets: {
      request: (own + before + after) * columns * CELL_BYTES,
      answer: own * CELL_BYTES,
      answersPerRequest: 1,
      inFlight: IN_FLIGHT,
    },
    body: { step, columns, rows, before, after, cut },
  });
}

/** Rows of a packet: its own, and those around it that exist. */
export interface WindowSpan {
  /** Own rows. */
  readonly count: number;
  /** Rows before them. */
  readonly before: number;
  /** Rows after them. */
  readonly after: number;
}

/**
 * Finds the rows of the packet that begins at a row. A host and a device compute them alike.
 *
 * @returns The span, or undefined if no packet begins there.
 */
export function spanAt({ cut, rows, before, after }: WindowBody, first: number): WindowSpan | undefined {
  if (first >= rows || first % cut.itemsPerPacket !== 0) return undefined;
  const count = Math.min(cut.itemsPerPacket, rows - first);
  return { count, before: Math.min(before, first), after: Math.min(after, rows - first - count) };
}
