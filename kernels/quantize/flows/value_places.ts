/**
 * Values between a strided tensor and packets, in group-major order: read straight into slots, and written straight
 * from answers.
 *
 * @module
 */

import type { Engine } from "../../../serialize/engine.ts";
import type { PayloadSink } from "../../../serialize/reassembler.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import type { GroupPacking } from "../packing.ts";
import { type CacheRows, cacheRows, type Elements } from "./rows.ts";
import { eachHead } from "./segments.ts";
import { createStripes } from "./stripes.ts";

/** Elements of a row that are copied one by one; a view for a longer run costs less than its copy. */
const SHORT = 12;

/** Copies the values of groups of one head. `at` is the index of the first one among `elements`. */
type MoveGroups = (head: number, group: number, groups: number, elements: Elements, at: number) => void;

/** Writes the values of groups at an address of an engine. */
export type ReadValues = (engine: Engine, at: number, first: number, count: number) => void;

/**
 * Creates the reader of a tensor's values.
 *
 * @param packing Groups of the plan.
 * @param input Tensor with five axes; its extent was checked.
 */
export function createValueReader(packing: GroupPacking, input: Tensor): ReadValues {
  const { values, axis } = packing;
  const move = axis === "tokens" ? gatherGroups(packing, input) : copyGroups(packing, input, true);
  const elementsFor = createViews(input.data.BYTES_PER_ELEMENT);
  return (engine, at, first, count) => {
    const elements = elementsFor(engine.bytes);
    const from = at / elements.BYTES_PER_ELEMENT;
    const filled = eachHead(packing, first, count, (head, group, groups, done) => {
      move(head, group, groups, elements, from + done * values);
    });
    if (filled < count) elements.fill(0, from + filled * values, from + count * values);
  };
}

/**
 * Creates the writer of a tensor's values.
 *
 * @param packing Groups of the plan.
 * @param output Tensor with five axes, whose elements are distinct; its extent was checked.
 * @param base Number of the flow's first group.
 */
export function createValueSink(packing: GroupPacking, output: Tensor, base: number): PayloadSink {
  const { values, axis } = packing;
  const move = axis === "tokens" ? scatterGroups(packing, output) : copyGroups(packing, output, false);
  const elementsFor = createViews(output.data.BYTES_PER_ELEMENT);
  return {
    place: (bytes, at, first, count) => {
      // A packet outside of slots may begin at any byte.
      const isAligned = (bytes.byteOffset + at) % output.data.BYTES_PER_ELEMENT === 0;
      const elements = elementsFor(isAligned ? bytes : bytes.slice(at));
      const from = isAligned ? at / elements.BYTES_PER_ELEMENT : 0;
      eachHead(packing, base + first, count, (head, group, groups, done) => {
        move(head, group, groups, elements, from + done * values);
      });
    },
  };
}

/** Views memory as elements of 2 or 4 bytes. The last view is kept, since a session has one engine. */
function createViews(size: number): (bytes: Uint8Array) => Elements {
  let last:
    | { readonly buffer: ArrayBufferLike; readonly offset: number; readonly view: Elements }
    | undefined;
  return (bytes) => {
    if (last?.buffer === bytes.buffer && last.offset === bytes.byteOffset) return last.view;
    const buffer = bytes.buffer as ArrayBuffer;
    const length = Math.floor(bytes.length / size);
    const view = size === 2
      ? new Uint16Array(buffer, bytes.byteOffset, length)
      : new Uint32Array(buffer, bytes.byteOffset, length);
    last = { buffer, offset: bytes.byteOffset, view };
    return view;
  };
}

/** Groups whose values are consecutive in tokens x channels: whole runs of rows. */
function copyGroups({ values }: GroupPacking, tensor: Tensor, isRead: boolean): MoveGroups {
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

/** Groups along tokens. A stripe of tokens is transposed at once, and serves the packets that hold its groups. */
function gatherGroups(packing: GroupPacking, tensor: Tensor): MoveGroups {
  const { values } = packing;
  const rows = cacheRows(tensor, false), copy = copyGroups(packing, tensor, true);
  const stripes = createStripes(values, rows.length, tensor.data.BYTES_PER_ELEMENT);
  return (head, group, groups, elements, at) => {
    eachStripe(rows, group, groups, (stripe, column, columns, done) => {
      const found = stripes(
        head,
        stripe,
        (target, to) => copy(head, stripe * rows.length, rows.length, target, to),
      );
      elements.set(found.subarray(column * values, (column + columns) * values), at + done * values);
    });
  };
}

/** The way back of `gatherGroups`. A packet may hold a part of a stripe, so elements are written one by one. */
function scatterGroups({ values }: GroupPacking, tensor: Tensor): MoveGroups {
  const rows = cacheRows(tensor, false);
  const { data, step } = rows;
  return (head, group, groups, elements, at) => {
    eachStripe(rows, group, groups, (stripe, column, columns, done) => {
      for (let t = 0; t < values; t++) {
        let to = rows.at(head, stripe * values + t) + column * step;
        let from = at + done * values + t;
        for (let c = 0; c < columns; c++, to += step, from += values) data[to] = elements[from]!;
      }
    });
  };
}

/** Calls `visit` for the groups of each stripe: tokens of one group, with a group for each channel. */
function eachStripe(
  { length }: CacheRows,
  group: number,
  groups: number,
  visit: (stripe: number, column: number, columns: number, done: number) => void,
): void {
  for (let done = 0; done < groups;) {
    const stripe = Math.floor((group + done) / length), column = group + done - stripe * length;
    const columns = Math.min(length - column, groups - done);
    visit(stripe, column, columns, done);
    done += columns;
  }
}
