/**
 * Conversion of a resize between two windows to a sampling map: the source samples of each cell.
 *
 * @module
 */

import type { AxisMap } from "../../../serialize/sampling.ts";
import { type AxisWindow, sourceIndex } from "../geometry/axis.ts";
import type { AxisWeights } from "./positions.ts";

/**
 * Composes crops and pads before, a resize, and crops and pads after, along one axis.
 *
 * @param before Window on the source axis. The resize treats its indexes as the whole axis.
 * @param weights Neighbours of the resize; undefined without a resize.
 * @param after Window on the resized axis.
 * @returns Two source indexes for each output index, −1 for the fill colour, and a phase.
 */
export function composeAxis(
  before: AxisWindow,
  weights: AxisWeights | undefined,
  after: AxisWindow,
): AxisMap {
  const low = new Int32Array(after.length).fill(-1);
  const high = new Int32Array(after.length).fill(-1);
  const phase = new Uint16Array(after.length);
  for (let index = 0; index < after.length; index++) {
    const o = sourceIndex(after, index);
    if (o < 0) continue;
    low[index] = sourceIndex(before, weights === undefined ? o : weights.low[o]!);
    high[index] = sourceIndex(before, weights === undefined ? o : weights.high[o]!);
    phase[index] = weights === undefined ? 0 : weights.phase[o]!;
  }
  return { low, high, phase, phases: weights?.pairs.length ?? 1 };
}
