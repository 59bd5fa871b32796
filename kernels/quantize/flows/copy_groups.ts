/**
 * Copies of groups whose values are consecutive in tokens x channels.
 *
 * @module
 */

import type { Tensor } from "../../../serialize/tensor.ts";
import type { GroupPacking } from "../packing.ts";
import { cacheRows, type Elements } from "./rows.ts";

/** Elements of a row that are copied one by one; a view for a longer run costs less than its copy. */
const SHORT = 12;

/** Copies the values of groups of one head. `at` is the index of the first one among `elements`. */
export type MoveGroups = (
  head: number,
  group: number,
  groups: number,
  elements: Elements,
  at: number,
) => void;

/**
 * Creates the copy between a tensor and consecutive elements, in whole runs of rows.
 *
 * @param packing Groups of the plan.
 * @param tensor Tensor with five axes; its extent was checked.
 * @param isRead Whether the tensor is read.
 */
export function copyGroups({ values }: GroupPacking, tensor: Tensor, isRead: boolean): MoveGroups {
  const rows = cacheRows(tensor, true);
  const { data, length, step } = rows;
  const copy = isRead
    ? (elements: Elements, to: number, from: number, count: number) =>
      copyRun(elements, to, 1, data, from, step, count)
    : (elements: Elements, from: number, to: number, count: number) =>
      copyRun(data, to, step, elements, from, 1, count);
  return (head, group, groups, elements, at) => {
    const first = group * values, end = first + groups * values;
    let row = Math.floor(first / length), column = first - row * length;
    for (let done = first; done < end; row++, column = 0) {
      const count = Math.min(length - column, end - done);
      copy(elements, at + done - first, rows.at(head, row) + column * step, count);
      done += count;
    }
  };
}

function copyRun(
  target: Elements,
  to: number,
  toStep: number,
  source: Elements,
  from: number,
  fromStep: number,
  count: number,
): void {
  if (toStep === 1 && fromStep === 1 && count > SHORT) {
    target.set(source.subarray(from, from + count), to);
    return;
  }
  for (let i = 0; i < count; i++) target[to + i * toStep] = source[from + i * fromStep]!;
}
