/**
 * Line buffer of the model device: receives packets of rows, and emits an output row once all its input rows
 * are present.
 *
 * @module
 */

import type { RowStage } from "../kernel.ts";
import type { StreamClock } from "../plan/cost.ts";
import type { RowClock } from "../rtl/row_clock.ts";

/** Line buffer in front of a stage that processes whole rows. */
export interface RowInput {
  /**
   * Processes the items of a packet.
   *
   * @param flow Flow number of the packet.
   * @param position Position of its first item in the flow.
   * @param source Memory that holds the items.
   * @param from Offset of the first item in bytes.
   * @param items Number of items.
   * @param emit Callback for each completed output row, with its image and row number. `row` holds its items.
   * @returns False if the items do not continue a row.
   */
  readonly take: (
    flow: number,
    position: number,
    source: Uint8Array,
    from: number,
    items: number,
    emit: (image: number, row: number) => void,
  ) => boolean;
  /** Items of the emitted row. Valid during the callback. */
  readonly row: Uint8Array;
  /** Cycles so far, and the cycles without stalls. */
  readonly cycles: () => { readonly cycles: number; readonly ideal: number };
}

/**
 * Creates a line buffer.
 *
 * @param stage Stage that processes the rows.
 * @param busBytes Width of the bus in bytes.
 * @param perCycle Output items that the core computes in a cycle.
 * @param rtl Row clock; given if cycles are those of the RTL.
 */
export function createRowInput(
  stage: RowStage,
  busBytes: number,
  perCycle: number,
  rtl?: RowClock,
): RowInput {
  const { rows, columns, channels, outputRows, outputColumns, first, last } = stage;
  const line = new Uint8Array(columns * channels);
  const row = new Uint8Array(outputColumns * stage.outputItemBytes);
  const rowCycles = Math.ceil(outputColumns / perCycle);
  // First output row that each input row completes.
  const begin = new Int32Array(rows + 1).fill(outputRows);
  for (let o = outputRows - 1; o >= 0; o--) begin[last[o]!] = o;
  for (let r = rows - 1; r >= 0; r--) begin[r] = Math.min(begin[r]!, begin[r + 1]!);
  const clock: StreamClock = { input: 0, output: 0 };
  let total = { cycles: 0, ideal: 0 };
  let outputs = 0;
  let flowOpen: number | undefined;
  let image = -1;
  let taken = -1;
  let current = -1;
  let filled = 0;
  // RTL state: position of the next expected packet, and the next output row.
  let expected = 0;
  let next = 0;

  const flowCycles = () => ({
    cycles: Math.max(clock.input, clock.output),
    ideal: Math.max(clock.input, outputs * rowCycles),
  });
  const openFlow = (flow: number) => {
    if (flow === flowOpen) return;
    const done = flowCycles();
    total = { cycles: total.cycles + done.cycles, ideal: total.ideal + done.ideal };
    clock.input = clock.output = outputs = 0;
    [flowOpen, image] = [flow, -1];
  };
  return {
    row,
    cycles: () => {
      const done = flowCycles();
      return { cycles: total.cycles + done.cycles, ideal: total.ideal + done.ideal };
    },
    take: (flow, position, source, from, items, emit) => {
      openFlow(flow);
      clock.input += Math.ceil(items * channels / busBytes);
      let global = Math.floor(position / columns);
      let column = position - global * columns;
      if (position !== expected && position !== 0) rtl?.divide(column === 0);
      for (let left = items; left > 0;) {
        if (column === 0) [current, filled] = [global, 0];
        else if (global !== current || column !== filled) {
          rtl?.refuse();
          return false;
        }
        const here = Math.min(columns - column, left);
        rtl?.piece(here * channels, column === 0, column + here === columns);
        line.set(source.subarray(from, from + here * channels), column * channels);
        filled += here;
        from += here * channels;
        left -= here;
        column = 0;
        expected = global * columns + filled;
        if (filled < columns) continue;
        const thisImage = Math.floor(global / rows);
        const thisRow = global - thisImage * rows;
        if (thisImage !== image || thisRow <= taken) {
          // Another image starts, or rows are sent again.
          stage.restart();
          image = thisImage;
          next = 0;
        }
        taken = thisRow;
        stage.take(thisRow, line, 0);
        for (const due = begin[thisRow]!; next < due; next++) rtl?.skip();
        for (let o = begin[thisRow]!; o < outputRows && last[o] === thisRow; o++, next++) {
          clock.output = Math.max(clock.output, clock.input) + rowCycles;
          outputs++;
          if (!stage.give(o, row, 0)) {
            rtl?.skip();
            continue;
          }
          rtl?.give(last[o]! - first[o]! + 1);
          emit(image, o);
        }
        rtl?.done();
        global++;
        filled = 0;
        current = -1;
      }
      return true;
    },
  };
}
