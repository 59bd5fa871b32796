/**
 * Arguments and tables of a plan for the RTL's row pipeline.
 *
 * @module
 */

import { FILTER_BITS } from "../resample/coefficients.ts";
import { type FilterProgram, filterProgram, RESULT_BITS } from "../resample/program.ts";
import { filterLists, filterSteps } from "../resample/steps.ts";
import { OPENCV_BITS } from "../resample/opencv.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { rowRing } from "../plan/row_ring.ts";
import { windowSpan } from "../plan/window_span.ts";
import { ROWS_TABLE, type RowsArgumentName } from "../../rtl/registers.ts";

/** Bit widths in an entry of a step: first byte, and weight vector number. */
const STEP_BITS = { byte: 14, vector: 11 };

/** Bit widths in an entry of an output row: row, taps, and index of its weights. */
const ENTRY_BITS = { row: 16, taps: 10, weights: 13 };

/** Bits of a weight, in two's complement. */
const WEIGHT_BITS = 24;

/** Two's complement of a weight. */
function weightBits(weight: number): number {
  return weight & (2 ** WEIGHT_BITS - 1);
}

/** Fraction bits of a row's sum that the RTL can keep before the last rounding, by the value of `snap`. */
const KEPT_BITS: readonly number[] = [FILTER_BITS, 14, 11];

/** Bits that a column sum can lose: all fraction bits; or those below the result's, or none where the weights have 11. */
const COLUMN_SHIFTS: Readonly<Record<FilterProgram["between"], readonly number[]>> = {
  u8: [FILTER_BITS],
  i32: [FILTER_BITS - RESULT_BITS, 0],
};

/** How the RTL rounds as a program says. */
export interface RtlRounding {
  /**
   * Factor of all weights. The RTL's weights have 22 fraction bits and its column results 14, so that weights of 11 are
   * raised by a power of two, and no column result loses bits.
   */
  readonly factor: number;
  readonly values: Pick<Record<RowsArgumentName, number>, "wide" | "snap" | "even">;
}

/**
 * Translates the rounding of a program.
 *
 * @param program Program of a resize.
 * @throws {OnpathError} `device` if the RTL cannot round so.
 */
export function rtlRounding(
  { columnShift, between, snapShift, rowShift, ties }: FilterProgram,
): RtlRounding {
  const snap = KEPT_BITS.indexOf(snapShift === 0 ? KEPT_BITS[0]! : rowShift);
  if (snap < 0 || !COLUMN_SHIFTS[between].includes(columnShift)) {
    throw new OnpathError(
      "device",
      `Cannot load a plan: the RTL does not round sums of columns by ${columnShift} bits and those of rows by ` +
        `${snapShift} and ${rowShift}`,
      { columnShift, snapShift, rowShift },
    );
  }
  return {
    factor: columnShift === 0 ? 2 ** (FILTER_BITS - OPENCV_BITS) : 1,
    values: { wide: between === "u8" ? 0 : 1, snap, even: ties === "even" ? 1 : 0 },
  };
}

/** Arguments and tables of the resize, without those common to all pipelines. */
export interface RowsPart {
  /** Argument values by name. */
  readonly values: Partial<Record<RowsArgumentName, number>>;
  /** Tables by number on the table stream. */
  readonly tables: readonly { readonly table: number; readonly entries: ArrayLike<number> }[];
}

/**
 * Generates the arguments and tables.
 *
 * @param plan Plan whose first stage is the resize of rows with form `multiply`.
 */
export function rowsPart(plan: ImagePlan): RowsPart {
  const { body: { stages, geometry, layout } } = plan;
  const params = stages[0]!.params as ResampleParams;
  const { channels, cut, answers } = layout;
  const { after, fill } = geometry;
  const program = filterProgram(params);
  const { y, x } = program;
  const { factor, values: rounding } = rtlRounding(program);
  const [steps, lists] = [filterSteps(x), filterLists(y)];
  const ring = rowRing(params, plan);
  const [down, across] = [windowSpan(after.y), windowSpan(after.x)];
  const firstStep = steps.begin[across.first]!;
  const seenSteps = steps.begin[across.first + across.seen]! - firstStep;
  const behind = after.x.length - across.before - across.seen;
  const total = channels * cut.width * cut.height * cut.images;
  const imagePackets = answers.height * answers.packetsPerRow;
  return {
    values: {
      rowBytes: channels * cut.width,
      rows: cut.height,
      totalLow: total % 2 ** 32,
      totalHigh: Math.floor(total / 2 ** 32),
      columnsBefore: across.before,
      columnsInside: across.before + seenSteps,
      columnSteps: across.before + seenSteps + behind,
      firstStep,
      rowsBefore: down.before,
      rowsInside: down.before + down.seen,
      outputRows: answers.height,
      firstRow: down.first,
      outputWidth: answers.width,
      rowPackets: answers.packetsPerRow,
      packetItems: answers.itemsPerPacket,
      packetBytes: ring.words.bytes,
      lastBytes: ring.words.lastBytes,
      answers: answers.packets,
      imagePackets,
      imageItems: answers.height * answers.width,
      rowWords: ring.words.row,
      ringWords: ring.rows * ring.words.row,
      slack: ring.slack,
      fill: fill.reduce((sum, level, channel) => sum + level * 2 ** (8 * channel), 0),
      ...rounding,
    },
    tables: [
      {
        table: ROWS_TABLE.steps,
        entries: Array.from(steps.first, (column, at) => {
          const final = steps.begin.includes(at + 1) ? 1 : 0;
          return column * channels +
            2 ** STEP_BITS.byte * (steps.vector[at]! + 2 ** STEP_BITS.vector * final);
        }),
      },
      {
        table: ROWS_TABLE.weights,
        entries: Float64Array.from(
          { length: steps.weights.length / 2 },
          (_, at) =>
            weightBits(factor * steps.weights[2 * at]!) +
            2 ** WEIGHT_BITS * weightBits(factor * steps.weights[2 * at + 1]!),
        ),
      },
      {
        table: ROWS_TABLE.rows,
        entries: Float64Array.from(y.first, (first, o) => {
          const taps = y.taps[o]!;
          const back = (taps - 1) * ring.words.row;
          const weights = lists.start[o]! + 2 ** ENTRY_BITS.weights * back;
          return first + taps - 1 + 2 ** ENTRY_BITS.row * (taps + 2 ** ENTRY_BITS.taps * weights);
        }),
      },
      { table: ROWS_TABLE.rowWeights, entries: lists.weights.map((weight) => weightBits(factor * weight)) },
    ],
  };
}
