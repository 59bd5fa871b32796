/**
 * Cycles of a flow of rows on the RTL, computed from the plan alone.
 *
 * @module
 */

import { packetsOfImage } from "../plan/layouts.ts";
import { windowPackets } from "../plan/packets.ts";
import type { PlanDraft } from "../plan/plan.ts";
import { rowSpans } from "../plan/rows.ts";
import { createRowClock } from "./row_clock.ts";

/**
 * Returns the cycles of a flow that arrives completely and in order.
 *
 * @param plan Plan that resamples rows; its cost and notes are not used.
 * @returns `ideal`: cycles of the busiest stage. `cycles`: value of the counter.
 */
export function rtlRowCycles(plan: PlanDraft): { readonly ideal: number; readonly cycles: number } {
  const { cut, channels } = plan.body.layout;
  const { first, last } = rowSpans(plan);
  const clock = createRowClock(plan);
  const sizes = packetsOfImage(cut).map((items) => items * channels);
  const maxPackets = windowPackets(plan);
  const rowBytes = cut.width * channels;
  let [cycles, filled, row, next] = [0, 0, 0, 0];
  for (let packet = 0; packet < cut.packets; packet++) {
    if (packet % maxPackets === 0) {
      cycles += clock.cycles();
      clock.begin();
    }
    if (packet % sizes.length === 0) row = next = 0;
    const bytes = sizes[packet % sizes.length]!;
    clock.packet(bytes);
    for (let rest = bytes; rest > 0;) {
      const here = Math.min(rest, rowBytes - filled);
      clock.piece(here, filled === 0, filled + here === rowBytes);
      filled = (filled + here) % rowBytes;
      rest -= here;
      if (filled > 0) continue;
      for (; next < last.length && last[next] === row; next++) clock.give(last[next]! - first[next]! + 1);
      clock.done();
      row++;
    }
  }
  const { input, columns, rows, output } = clock.work;
  return { ideal: Math.max(input, columns, rows, output), cycles: cycles + clock.cycles() };
}
