/**
 * Cost of a plan in cycles, computed from the plan alone. The model device counts the same cycles while it
 * processes packets; tests check that both agree.
 *
 * @module
 */

import type { Partition } from "../../../serialize/partition.ts";
import { bytesPerCycle, type DeviceProfile, latencyCycles } from "../../target/profile.ts";
import { packetsOfImage } from "./layouts.ts";
import type { PlacedTable } from "./memory.ts";
import { rtlLoadCycles } from "../rtl/cycles.ts";

/** Returns the bytes of the resident tables. */
export function residentBytes(tables: readonly PlacedTable[], pages: boolean): number {
  return tables.reduce((sum, { slots, bytes, name }) => sum + (pages && isPaged(name, slots) ? 0 : bytes), 0);
}

/** Tables that exist once for each slot are loaded with their pages. */
function isPaged(name: string, slots: number): boolean {
  return slots > 1 || name === "terms of a row phase";
}

/** Returns the cycles to load the resident tables, before the first packet. */
export function loadCycles(device: DeviceProfile, tables: readonly PlacedTable[], pages: boolean): number {
  if (device.timing === "rtl") {
    return rtlLoadCycles(tables.filter(({ name, slots }) => !(pages && isPaged(name, slots))));
  }
  const bytes = residentBytes(tables, pages);
  return bytes === 0 ? 0 : latencyCycles(device) + Math.ceil(bytes / bytesPerCycle(device));
}

/** Clock of a core that receives rows. */
export interface StreamClock {
  /** Cycles of input so far. */
  input: number;
  /** Cycle at which the last output row is complete. */
  output: number;
}

/**
 * Returns the cycles of a flow of rows. An output row starts when its last input row has arrived and the
 * previous output row is complete.
 *
 * @param cut Partition of the request items.
 * @param channels Bytes of a request item.
 * @param busBytes Width of the bus in bytes.
 * @param last Input row that completes each output row.
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
