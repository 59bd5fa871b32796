/**
 * RTL program of an image plan: register arguments and table contents.
 *
 * @module
 */

import { axisWeightIds, fixedTables } from "../resize/fixed.ts";
import { distinctWeights, fractionBitsFor, termTable, UNITS } from "../resize/terms.ts";
import { levelTable } from "../normalize/model.ts";
import type { NormalizeParams } from "../normalize/spec.ts";
import { remapAxis } from "../remap/model.ts";
import { resizeAxes } from "../resize/positions.ts";
import type { ResizeParams } from "../resize/spec.ts";
import { UNIVERSAL_BITS, universalIds, universalTable } from "../resize/universal.ts";
import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import { itemBytes } from "../../../serialize/sampling.ts";
import { KIND } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { countEntries } from "../../program.ts";
import type { ImagePlan, PlanStage } from "../plan/plan.ts";
import {
  type ArgumentName,
  IMAGE_ARGUMENTS,
  IMAGE_TABLE,
  ROWS_ARGUMENTS,
  type RowsArgumentName,
} from "../../rtl/registers.ts";
import { STORE_BYTES } from "../../rtl/stores.ts";
import { rowsPart } from "./rows.ts";

/** Image plan in the form that the RTL loads. */
export interface RtlProgram {
  /** RTL build: `terms` and `products` are the image pipeline, `rows` is the row pipeline. */
  readonly build: "terms" | "products" | "rows";
  /** Argument values, in register order. */
  readonly values: readonly number[];
  /** Tables by number on the table stream, each from its first entry. */
  readonly tables: readonly { readonly table: number; readonly entries: ArrayLike<number> }[];
}

type Arguments = Partial<Record<ArgumentName, number>>;
type Part = {
  readonly build?: "products";
  readonly values: Arguments;
  readonly tables: RtlProgram["tables"];
};

/**
 * Translates an image plan for the RTL.
 *
 * @param plan Compiled image plan.
 * @throws {OnpathError} `device` when the RTL lacks the plan's kernel, form or layout, or its packet stores are too
 * small for the plan.
 */
export function rtlProgram(plan: ImagePlan): RtlProgram {
  const { body: { layout, stages } } = plan;
  checkStores(plan);
  if (stages[0]?.kernel === "resample") return rowsProgram(plan);
  if (layout.kind !== KIND.cells && layout.name !== "samples") {
    throw new OnpathError(
      "device",
      `Cannot load a plan: the RTL accepts cells and samples, not ${layout.name}`,
      {
        layout: layout.name,
      },
    );
  }
  let values: Arguments = commonValues(plan);
  let build: RtlProgram["build"] = "terms";
  const tables: RtlProgram["tables"][number][] = [];
  for (const stage of stages) {
    const part = stagePart(stage);
    values = { ...values, ...part.values };
    tables.push(...part.tables);
    build = part.build ?? build;
  }
  const all: Arguments = { ...values, tables: countEntries(tables) };
  return { build, values: IMAGE_ARGUMENTS.map(({ name }) => all[name] ?? 0), tables };
}

/**
 * Capacities in bytes: of the packet stores, and for the 8-bit samples of one packet.
 */
const PART_BYTES = { payload: STORE_BYTES.request, answer: STORE_BYTES.answer, samples: 2048 } as const;

/** Refuses a plan whose packets exceed the RTL's packet stores. The RTL would drop them. */
function checkStores({ body: { layout, output } }: ImagePlan): void {
  const answer = layout.answers.itemsPerPacket * output.planes * output.itemBytes;
  const bytes = { payload: layout.payload, answer, samples: answer / DTYPE_BYTES[output.dtype] };
  for (const [what, max] of Object.entries(PART_BYTES)) {
    const found = bytes[what as keyof typeof bytes];
    if (found <= max) continue;
    throw new OnpathError(
      "device",
      `Cannot load a plan: the RTL's stores hold ${max} bytes of ${what} a packet, the plan has ${found}`,
      { what, most: max, found },
    );
  }
}

/** Arguments common to all image pipelines. */
function commonValues({ id, body: { layout, output } }: ImagePlan) {
  const item = itemBytes(layout.kind, layout.channels);
  return {
    plan: id,
    kind: layout.kind,
    longest: layout.payload,
    item: item === 3 ? 256 : Math.log2(item),
    channels: layout.channels,
    planar: output.planes > 1 ? 1 : 0,
    size: Math.log2(DTYPE_BYTES[output.dtype]),
  };
}

function rowsProgram(plan: ImagePlan): RtlProgram {
  const [resample, ...rest] = plan.body.stages;
  if (resample!.form !== "multiply") throw lacks(resample!);
  const { values, tables } = rowsPart(plan);
  const parts = rest.map((stage) => {
    if (stage.kernel !== "normalize") throw lacks(stage);
    return levelsPart(stage.params as NormalizeParams);
  });
  const all = [...tables, ...parts.flatMap((part) => part.tables)];
  const arguments_: Partial<Record<RowsArgumentName, number>> = {
    ...commonValues(plan),
    ...values,
    levels: parts.length > 0 ? 1 : 0,
    tables: countEntries(all),
  };
  return {
    build: "rows",
    values: ROWS_ARGUMENTS.map(({ name }) => arguments_[name] ?? 0),
    tables: all,
  };
}

function stagePart(stage: PlanStage): Part {
  const { kernel, form, params } = stage;
  if (kernel === "normalize" && form === "levels") return levelsPart(params as NormalizeParams);
  if (kernel === "resize") {
    const resize = params as ResizeParams;
    const { y, x } = resizeAxes(resize);
    if (form === "products") return productsPart(y, x);
    if (form === "row-pages") return pagesPart(y, x, resize.match === "torchvision");
    return termsPart(stage, y, x, resize.match === "torchvision");
  }
  if (kernel === "remap") return termsPart(stage, remapAxis(), remapAxis(), false);
  throw lacks(stage);
}

function lacks({ kernel, form }: PlanStage): OnpathError {
  return new OnpathError(
    "device",
    `Cannot load a plan: the RTL has no kernel "${kernel}" with ${form} tables`,
    {
      kernel,
      form,
    },
  );
}

type Axis = Parameters<typeof distinctWeights>[0];

function termsPart(stage: PlanStage, y: Axis, x: Axis, even: boolean): Part {
  if (stage.form === "universal") {
    return part(universalIds(y, x), universalTable(), UNIVERSAL_BITS, even ? 1 : 0);
  }
  if (stage.form !== "nibble") throw lacks(stage);
  const { weights, denominator, ids } = distinctWeights(y, x);
  const fraction = fractionBitsFor(denominator, UNITS.nibble);
  return part(ids, termTable(weights, denominator, 16, fraction), fraction, even ? UNITS.nibble : 0);
}

/** Number of weight numbers in the RTL. An entry of the weight table has four of them, 10 bits each. */
const NUMBER = 2 ** 10;

function part(ids: ArrayLike<number>, terms: ArrayLike<number>, fraction: number, ties: number): Part {
  const weights = Float64Array.from(
    { length: ids.length / 4 },
    (_, at) =>
      ids[4 * at]! + NUMBER * (ids[4 * at + 1]! + NUMBER * (ids[4 * at + 2]! + NUMBER * ids[4 * at + 3]!)),
  );
  return {
    values: { resize: 1, weights: weights.length, fraction, ties },
    tables: [
      { table: IMAGE_TABLE.weights, entries: weights },
      { table: IMAGE_TABLE.terms, entries: terms },
    ],
  };
}

/** Terms are pages. Only the column weights are resident. */
function pagesPart(y: Axis, x: Axis, even: boolean): Part {
  const { ids } = axisWeightIds(x);
  return {
    values: {
      resize: 1,
      weights: ids.length + 65536 * y.pairs.length,
      fraction: fractionBitsFor(y.denominator * x.denominator, UNITS.nibble),
      ties: even ? UNITS.nibble : 0,
      paged: 1,
    },
    tables: [{
      table: IMAGE_TABLE.weights,
      entries: Uint32Array.from(ids, ([left, right]) => left + NUMBER * right),
    }],
  };
}

/** Number of weight numbers in the build with products, 7 bits each. */
const AXIS_NUMBER = 2 ** 7;

function productsPart(y: Axis, x: Axis): Part {
  const { horizontal, high, low, rows, columns } = fixedTables(y, x);
  const pairs = (ids: Uint16Array) =>
    Uint32Array.from({ length: ids.length / 2 }, (_, at) => ids[2 * at]! + AXIS_NUMBER * ids[2 * at + 1]!);
  return {
    build: "products",
    values: { resize: 1, weights: columns.length / 2 + 65536 * (rows.length / 2) },
    tables: [
      { table: IMAGE_TABLE.columns, entries: pairs(columns) },
      { table: IMAGE_TABLE.rows, entries: pairs(rows) },
      { table: IMAGE_TABLE.horizontal, entries: horizontal },
      { table: IMAGE_TABLE.verticalHigh, entries: high },
      { table: IMAGE_TABLE.verticalLow, entries: low },
    ],
  };
}

function levelsPart(params: NormalizeParams): Part {
  return { values: { levels: 1 }, tables: [{ table: IMAGE_TABLE.levels, entries: levelTable(params) }] };
}
