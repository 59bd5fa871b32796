/**
 * Model of a step on rows nearby, packet by packet.
 *
 * @module
 */

import { FLAG, HEADER_BYTES, KIND, newHeader, writeHeader } from "../../../serialize/header.ts";
import { readPacket, slotAddress } from "../../../serialize/packets.ts";
import { type PacketModel, plainCounts } from "../../program.ts";
import { windowOf } from "../windows.ts";
import { CELL_BYTES, spanAt, type WindowPlan } from "./plan.ts";

/**
 * Creates the model of a window plan. It keeps nothing between packets.
 *
 * @param plan Compiled step.
 */
export function createWindowModel({ id, body }: WindowPlan): PacketModel {
  const { columns, before: most, after: least, step } = body;
  const { apply } = windowOf(step);
  const header = newHeader();
  return {
    resident: { bytes: 0, cycles: 0 },
    take: (input, slot, output, answer) => {
      const refusal = readPacket(input, slot, header);
      if (refusal !== null) return refusal;
      if (header.plan !== id) return "plan";
      const span = spanAt(body, header.position);
      if (header.kind !== KIND.samples || span === undefined) return "items";
      const { count, before, after } = span;
      const rows = before + count + after;
      if (header.length !== rows * columns * CELL_BYTES || header.overlap !== before * columns * CELL_BYTES) {
        return "items";
      }
      if (HEADER_BYTES + count * CELL_BYTES > output.slotBytes) return "items";
      const view = input.engine.view;
      const from = slotAddress(input, slot) + HEADER_BYTES;
      const cells = Array.from(
        { length: columns },
        (_, at) =>
          Array.from(
            { length: rows },
            (_, row) => view.getFloat64(from + (row * columns + at) * CELL_BYTES, true),
          ),
      );
      const to = slotAddress(output, answer);
      for (let row = 0; row < count; row++) {
        const start = Math.max(0, before + row - most);
        const end = Math.min(rows, before + row + least + 1);
        const result = apply(cells.map((column) => column.slice(start, end)), before + row - start);
        // The type of a step holds every result: fitted pipelines are checked.
        output.engine.view.setFloat64(to + HEADER_BYTES + row * CELL_BYTES, result as number, true);
      }
      header.length = count * CELL_BYTES;
      header.overlap = 0;
      writeHeader(output.engine.view, to, header);
      if (header.flags & FLAG.checked) output.engine.functions.seal(to, HEADER_BYTES + header.length);
      return 1;
    },
    counts: () => plainCounts(),
  };
}
