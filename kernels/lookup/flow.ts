/**
 * Flows of a lookup: an input's items in stretches, and the results at the same positions.
 *
 * @module
 */

import { checkElements, DTYPE_BYTES, viewElements } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { requireElements } from "../../serialize/require.ts";
import { cutRows } from "../../serialize/partition.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import type { Placement } from "../../serialize/reassembler.ts";
import { countElements, type Tensor, tensor, toBytes, toDense } from "../../serialize/tensor.ts";
import { type Domain, domainOf, operandBits } from "../memoize/domain.ts";
import { PlacedFlow } from "../placed_flow.ts";
import type { Work } from "../workload.ts";
import { type LookupPlan, outputShape } from "./plan.ts";

/** Items of a flow. A longer input has several flows, because a partition counts at most 2^24 items a row. */
const STRETCH = 2 ** 22;

/**
 * Checks an input and creates its flows.
 *
 * @param plan Compiled lookup plan.
 * @param input Tensor of the plan's type and shape, in any strides.
 * @throws {OnpathError} `dtype` if the type differs, or a code is beyond its operand; `shape` if the shape differs.
 */
export function beginLookup(plan: LookupPlan, input: Tensor): Work<Tensor> {
  const bytes = readLookup(plan, input);
  const { partOf, finish } = placeLookup(plan);
  const flows = lookupStretches(plan).map((stretch) => {
    const { requests, answers } = lookupPlacements(plan, stretch);
    return new PlacedFlow<Uint8Array>({
      send: (number) => new PlacedOutgoing(number, requests, bytesOf(plan, stretch, bytes)),
      receive: (number) => new PlacedIncoming<Uint8Array>(number, answers, (bytes) => bytes, partOf(stretch)),
    });
  });
  const result = (): Tensor => {
    for (const flow of flows) flow.result();
    return finish();
  };
  return { flows, result };
}

/** Items of a flow: the first one, and the exclusive end. */
export interface LookupStretch {
  /** Number of the first item. */
  readonly from: number;
  /** Number behind the last item. */
  readonly to: number;
}

/**
 * Checks an input.
 *
 * @returns Its items, dense.
 * @throws {OnpathError} As {@linkcode beginLookup}.
 */
export function readLookup(plan: LookupPlan, input: Tensor): Uint8Array {
  const { memo, input: { dtype, shape } } = plan.body;
  const found = Object(input) as Partial<Tensor>;
  const isTensor = [found.shape, found.strides].every(Array.isArray) && ArrayBuffer.isView(found.data);
  if (found.dtype !== dtype || !isTensor) {
    const what = found.dtype === undefined ? kindOf(input) : String(found.dtype);
    throw new OnpathError("dtype", `Cannot run a lookup of ${what}: the plan is for a tensor of ${dtype}`, {
      expected: dtype,
    });
  }
  if (found.shape!.length !== shape.length || shape.some((length, axis) => found.shape![axis] !== length)) {
    throw new OnpathError(
      "shape",
      `Cannot run a lookup of shape [${found.shape!.join(", ")}]: the plan is for [${shape.join(", ")}]`,
      { found: found.shape, expected: shape },
    );
  }
  checkElements(dtype, found.data!);
  requireElements("run a lookup of", found as Tensor);
  const dense = toDense(input);
  checkCodes(dense, domainOf(memo.operands));
  return toBytes(dense);
}

/** Flows of a plan's inputs. */
export function lookupStretches({ body: { memo, input: { dtype, shape } } }: LookupPlan): LookupStretch[] {
  const items = countElements(shape) * DTYPE_BYTES[dtype] / domainOf(memo.operands).itemBytes;
  return Array.from({ length: Math.ceil(items / STRETCH) }, (_, n) => {
    return { from: n * STRETCH, to: Math.min(items, (n + 1) * STRETCH) };
  });
}

/** Returns the part of an input that a flow sends. */
export function bytesOf(
  { body: { memo } }: LookupPlan,
  { from, to }: LookupStretch,
  bytes: Uint8Array,
): Uint8Array {
  const { itemBytes } = domainOf(memo.operands);
  return bytes.subarray(from * itemBytes, to * itemBytes);
}

/** Reserves the result of a lookup, of which every flow writes its part. */
export function placeLookup(plan: LookupPlan): {
  readonly partOf: (stretch: LookupStretch) => Uint8Array<ArrayBuffer>;
  readonly finish: () => Tensor;
} {
  const { memo, input: { dtype, shape } } = plan.body;
  const items = countElements(shape) * DTYPE_BYTES[dtype] / domainOf(memo.operands).itemBytes;
  const size = DTYPE_BYTES[memo.output];
  const output = new Uint8Array(items * size);
  return {
    partOf: ({ from, to }) => output.subarray(from * size, to * size),
    finish: () =>
      tensor(viewElements(memo.output, output.buffer, 0, items), {
        dtype: memo.output,
        shape: outputShape(plan),
      }),
  };
}

/** Places of a flow's requests and answers. */
export function lookupPlacements(
  { id, packets, body: { memo, checksum } }: LookupPlan,
  { from, to }: LookupStretch,
): { readonly requests: Placement; readonly answers: Placement } {
  const { itemBytes } = domainOf(memo.operands);
  const items = packets.request / itemBytes;
  const cut = cutRows(to - from, 1, 1, items, items);
  const requests: Placement = { plan: id, cut, planes: 1, itemBytes, checksum };
  return { requests, answers: { ...requests, itemBytes: DTYPE_BYTES[memo.output] } };
}

/** Refuses codes beyond their operands. Operands that use all bits of their elements need no check. */
function checkCodes({ data, offset, shape }: Tensor, { operands, itemBytes }: Domain): void {
  const bits = 8 * itemBytes / operands.length;
  if (operands.every((operand) => operandBits(operand) === bits)) return;
  const limits = operands.map((operand) => 2 ** operandBits(operand));
  const count = countElements(shape);
  for (let n = 0; n < count; n++) {
    const limit = limits[n % limits.length]!;
    const code = data[offset + n]!;
    if (code < limit) continue;
    throw new OnpathError(
      "dtype",
      `Cannot run a lookup of code ${code} at element ${n}: expected codes below ${limit}`,
      { code, element: n, limit },
    );
  }
}
