/**
 * Copies of groups whose values are consecutive in tokens x channels.
 *
 * @module
 */

import type { Tensor } from "../../../serialize/tensor.ts";
import type { GroupPacking } from "../packing.ts";
import { cacheRows, type Elements } from "./rows.ts";

/** Bytes of a run from which a view and a call cost less than a loop. */
const LONG = 512;

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
  const words = wordsOf(data);
  let other: Elements | undefined, otherWords: BigUint64Array | undefined;
  const copy = (elements: Elements, at: number, place: number, count: number) => {
    if (elements !== other) [other, otherWords] = [elements, wordsOf(elements)];
    const isWhole = step === 1 && count * data.BYTES_PER_ELEMENT < LONG &&
      isWords(data, place, count) && isWords(elements, at, count);
    if (isWhole && words !== undefined && otherWords !== undefined) {
      const perWord = 8 / data.BYTES_PER_ELEMENT;
      const [near, far, run] = [at / perWord, place / perWord, count / perWord];
      if (isRead) { for (let i = 0; i < run; i++) otherWords[near + i] = words[far + i]!; }
      else for (let i = 0; i < run; i++) words[far + i] = otherWords[near + i]!;
    } else if (isRead) copyRun(elements, at, 1, data, place, step, count);
    else copyRun(data, place, step, elements, at, 1, count);
  };
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

/** Views elements as words of 64 bits, which keep every bit; undefined if they are not aligned. */
function wordsOf({ buffer, byteOffset, byteLength }: Elements): BigUint64Array | undefined {
  return byteOffset % 8 === 0 ? new BigUint64Array(buffer, byteOffset, byteLength >> 3) : undefined;
}

/** Whether a run has whole words of aligned elements. */
function isWords({ BYTES_PER_ELEMENT }: Elements, at: number, count: number): boolean {
  return at * BYTES_PER_ELEMENT % 8 === 0 && count * BYTES_PER_ELEMENT % 8 === 0;
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
  if (toStep === 1 && fromStep === 1) {
    target.set(source.subarray(from, from + count), to);
    return;
  }
  for (let i = 0; i < count; i++) target[to + i * toStep] = source[from + i * fromStep]!;
}
