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
import { groupFunctions } from "../group_functions.ts";
import { copyGroups, type MoveGroups } from "./copy_groups.ts";
import { type CacheRows, cacheRows, type Elements } from "./rows.ts";
import { eachHead } from "./segments.ts";
import { createStripes, type StripeWorkspace } from "./stripes.ts";

/** Writes the values of groups at an address of an engine. */
export type ReadValues = (engine: Engine, at: number, first: number, count: number) => void;

/**
 * Creates the reader of a tensor's values. A stripe of groups is loaded, and transposed if its groups lie along
 * tokens; the packets that hold its groups are copied from it.
 *
 * @param packing Groups of the plan.
 * @param input Tensor with five axes; its extent was checked.
 * @param workspace Memory for a stripe, in the engine of the slots.
 */
export function createValueReader(
  packing: GroupPacking,
  input: Tensor,
  workspace: StripeWorkspace,
): ReadValues {
  const { perHead, heads, valueBytes } = packing;
  const stripes = createStripes(packing, input, workspace);
  const { copy } = groupFunctions(workspace.engine);
  return ({ bytes }, at, first, count) => {
    let done = 0;
    for (let head = (first / perHead) | 0; done < count && head < heads; head++) {
      for (let group = first + done - head * perHead; done < count && group < perHead;) {
        const stripe = (group / stripes.groups) | 0, column = group - stripe * stripes.groups;
        const groups = Math.min(stripes.groups - column, perHead - group, count - done);
        const from = stripes.load(head, stripe) + column * valueBytes;
        copy(at + done * valueBytes, from, groups * valueBytes);
        done += groups;
        group += groups;
      }
    }
    if (done < count) bytes.fill(0, at + done * valueBytes, at + count * valueBytes);
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

/** Groups along tokens. A packet may hold a part of a stripe, so elements are written one by one. */
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
