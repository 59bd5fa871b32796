/**
 * Preparation of a plan for the model device: its stages, their memory, and their input conversion.
 *
 * @module
 */

import type { ItemType, Stage } from "../kernel.ts";
import { KERNELS } from "../kernels.ts";
import { cellBytes, checkChannels, itemBytes, type SeparableMap } from "../../../serialize/sampling.ts";
import { KIND } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { itemsPerCycle } from "../plan/layouts.ts";
import { planMap } from "../plan/map.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { planRows } from "../plan/rows.ts";
import { createRowClock, type RowClock } from "../rtl/row_clock.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import { createPageBank, type PageBank } from "./page_bank.ts";
import { createRowInput, type RowInput } from "./row_input.ts";

/** Plan prepared for the model device. */
export interface PreparedImage {
  /** Plan that was prepared. */
  readonly plan: ImagePlan;
  /** Line buffer; undefined unless the layout sends rows. */
  readonly rows: RowInput | undefined;
  /** Row clock; undefined unless cycles are those of the RTL. */
  readonly rowClock: RowClock | undefined;
  /** Page slots; undefined if tables have no pages. */
  readonly bank: PageBank | undefined;
  /** Bytes of an input item. */
  readonly inputBytes: number;
  /** Bytes of an output item. */
  readonly outputBytes: number;
  /** Bytes of an item in the rows that the line buffer emits. */
  readonly rowItemBytes: number;
  /** Items processed in one cycle. */
  readonly perCycle: number;
  /** Lookups of one output item; the mean if they vary. */
  readonly lookupsPerItem: number;
  /**
   * Runs the stages on the items of one packet.
   *
   * @param position Position of the first item in the flow, from which the device derives weight indexes.
   * @returns Null, or the reason why the items are invalid.
   */
  readonly process: (
    source: Uint8Array,
    from: number,
    items: number,
    position: number,
    target: Uint8Array,
    to: number,
  ) => "weight" | "page" | null;
}

/**
 * Prepares a plan for the model device.
 *
 * @param plan Compiled image plan.
 * @param timing Timing model that counts the cycles. Default that of the plan's target.
 * @throws {OnpathError} `device` when a kernel is unknown.
 */
export function prepareImage(
  plan: ImagePlan,
  timing: DeviceProfile["timing"] = plan.target.timing,
): PreparedImage {
  const { target: device, body: { layout } } = plan;
  const channels = checkChannels(layout.channels);
  const sampled = plan.body.geometry.sampling !== null;
  const rowStage = planRows(plan);
  const filtered = plan.body.geometry.sampling?.kernel === "resample";
  let type: ItemType = {
    kind: sampled && !filtered ? "cells" : "samples",
    dtype: "u8",
    channels,
    planar: false,
  };
  const widest = Math.max(layout.cut.itemsPerPacket, layout.answers.itemsPerPacket);
  const stages: Stage[] = [];
  const scratch: Uint8Array[] = [];
  for (const { kernel, params, form } of plan.body.stages) {
    const known = KERNELS[kernel];
    if (known === undefined) {
      throw new OnpathError("device", `Cannot load a plan: the model device has no kernel "${kernel}"`, {
        kernel,
      });
    }
    if (known.prepare === undefined) continue;
    const stage = known.prepare(params, type, form, plan.body.pages?.slots ?? 0);
    type = stage.output;
    stages.push(stage);
    scratch.push(new Uint8Array(widest * stage.outputItemBytes));
  }
  const perCycle = itemsPerCycle(device, sampled ? KIND.cells : KIND.samples, channels);
  const outputBytes = plan.body.output.planes * plan.body.output.itemBytes;
  const pages = stages[0]?.pages;
  const rowClock = filtered && timing === "rtl" ? createRowClock(plan) : undefined;
  const run = chain(stages, scratch, outputBytes);
  return {
    plan,
    rows: rowStage && createRowInput(rowStage, device.busBytes, perCycle, rowClock),
    rowClock,
    bank: pages && plan.body.pages ? createPageBank(device, pages, plan.body.pages) : undefined,
    inputBytes: itemBytes(layout.kind, channels),
    outputBytes,
    rowItemBytes: rowStage?.outputItemBytes ?? 0,
    perCycle,
    lookupsPerItem: plan.body.tables.reduce(
      (sum, table) => sum + table.lookups * (table.per === "sample" ? channels : 1),
      0,
    ),
    process: layout.kind === KIND.tiles
      ? expandTiles(planMap(plan), channels, widest, run)
      : (source, from, items, _position, target, to) => run(source, from, items, target, to),
  };
}

/** Chains stages. Without stages, items pass through unchanged. */
function chain(stages: readonly Stage[], scratch: readonly Uint8Array[], bytes: number): Stage["process"] {
  return (source, from, items, target, to) => {
    if (stages.length === 0) target.set(source.subarray(from, from + items * bytes), to);
    for (let at = 0; at < stages.length; at++) {
      const final = at === stages.length - 1;
      const out = final ? target : scratch[at]!;
      const offset = final ? to : 0;
      const wrong = stages[at]!.process(source, from, items, out, offset);
      if (wrong !== null) return wrong;
      [source, from] = [out, offset];
    }
    return null;
  };
}

/** Expands tiles to cells: the device derives each weight index from the item's position. */
function expandTiles(
  map: SeparableMap,
  channels: 1 | 3 | 4,
  most: number,
  run: Stage["process"],
): PreparedImage["process"] {
  const tile = 4 * channels;
  const step = cellBytes(channels);
  const cells = new Uint8Array(most * step);
  const view = new DataView(cells.buffer);
  const [height, width] = [map.y.low.length, map.x.low.length];
  return (source, from, items, position, target, to) => {
    for (let i = 0; i < items; i++) {
      const row = Math.floor((position + i) / width);
      const column = position + i - row * width;
      cells.set(source.subarray(from + i * tile, from + (i + 1) * tile), i * step);
      view.setUint32(i * step + tile, map.y.phase[row % height]! * map.stride + map.x.phase[column]!, true);
    }
    return run(cells, 0, items, target, to);
  };
}
