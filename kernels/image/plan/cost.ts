/**
 * What a plan costs on its device, in cycles: computed from the plan alone. The model device counts the
 * same while it processes packets, and the tests hold the two to be equal.
 *
 * @module
 */

import type { Partition } from "../../../serialize/partition.ts";
import { bytesPerCycle, type DeviceProfile, latencyCycles } from "../../target/profile.ts";
import { packetsOfImage } from "./layouts.ts";
import type { PlacedTable } from "./memory.ts";
import { rtlLoadCycles } from "../rtl/cycles.ts";

/** Bytes that load the tables that stay on chip. */
export function residentBytes(tables: readonly PlacedTable[], pages: boolean): number {
  return tables.reduce((sum, { slots, bytes, name }) => sum + (pages && isPaged(name, slots) ? 0 : bytes), 0);
}

/** Tables that stand once a slot come with their pages. */
function isPaged(name: string, slots: number): boolean {
  return slots > 1 || name === "terms of a row phase";
}

/** Cycles that load the tables that stay on chip, before the first packet. */
export function loadCycles(device: DeviceProfile, tables: readonly PlacedTable[], pages: boolean): number {
  if (device.timing === "rtl") {
    return rtlLoadCycles(tables.filter(({ name, slots }) => !(pages && isPaged(name, slots))));
  }
  const bytes = residentBytes(tables, pages);
  return bytes === 0 ? 0 : latencyCycles(device) + Math.ceil(bytes / bytesPerCycle(device));
}

/** The clock of a core that takes rows: when they are in, and when the outputs are out. */
export interface StreamClock {
  /** Cycles of input so far. */
  input: number;
  /** Cycle at which the last output row is done. */
  output: number;
}

/**
 * Cycles of a flow of rows: an output row begins when its last input row is in and the one before it
 * is done.
 *
 * @param cut The packets that come in.
 * @param channels Bytes of an item.
 * @param busBytes Bytes of a bus word.
 * @param last For each output row the input row that completes it.
 * @param rowCycles Cycles of an output row.
 */
export function streamCycles(
  cut: Partition,
  channels: number,
  busBytes: number,
  last: Int32Array,
  rowCycles: number,
): { readonly cycles: number; readonly ideal: number } {
  const clock: StreamClock = { input: 0, output: 0 };
  const sizes = packetsOfImage(cut);
  for (let image = 0; image < cut.images; image++) {
    let items = 0;
    let next = 0;
    for (const size of sizes) {
      clock.input += Math.ceil(size * channels / busBytes);
      items += size;
      for (const rows = Math.floor(items / cut.width); next < last.length && last[next]! < rows; next++) {
        clock.output = Math.max(clock.output, clock.input) + rowCycles;
      }
    }
  }
  return {
    cycles: Math.max(clock.input, clock.output),
    ideal: Math.max(clock.input, cut.images * last.length * rowCycles),
  };
}
