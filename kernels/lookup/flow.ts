/**
 * Flows of a lookup: an input's items in stretches, and the results at the same positions.
 *
 * @module
 */

import { DTYPE_BYTES, viewElements } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
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
  const { memo, input: { dtype, shape } } = plan.body;
  const domain = domainOf(memo.operands);
  const found = Object(input) as Partial<Tensor>;
  if (found.dtype !== dtype || !Array.isArray(found.shape)) {
    const what = found.dtype === undefined ? kindOf(input) : String(found.dtype);
    throw new OnpathError("dtype", `Cannot run a lookup of ${what}: the plan is for a tensor of ${dtype}`, {
      expected: dtype,
    });
  }
  if (found.shape.length !== shape.length || shape.some((length, axis) => found.shape![axis] !== length)) {
    throw new OnpathError(
      "shape",
      `Cannot run a lookup of shape [${found.shape.join(", ")}]: the plan is for [${shape.join(", ")}]`,
      { found: found.shape, expected: shape },
    );
  }
  const dense = toDense(input);
  checkCodes(dense, domain);
  const bytes = toBytes(dense);
  const { itemBytes } = domain;
  const outputBytes = DTYPE_BYTES[memo.output];
  const items = bytes.length / itemBytes;
  // Every flow writes its part of one output.
  const output = new Uint8Array(items * outputBytes);
  const flows: PlacedFlow<Uint8Array>[] = [];
  for (let from = 0; from < items; from += STRETCH) {
    const to = Math.min(items, from + STRETCH);
    const part = bytes.subarray(from * itemBytes, to * itemBytes);
    flows.push(stretchFlow(plan, itemBytes, part, output.subarray(from * outputBytes, to * outputBytes)));
  }
  const result = (): Tensor => {
    for (const flow of flows) flow.result();
    const data = viewElements(memo.output, output.buffer, 0, items);
    return tensor(data, { dtype: memo.output, shape: outputShape(plan) });
  };
  return { flows, result };
}

function stretchFlow(
  { id, packets, body: { memo, checksum } }: LookupPlan,
  itemBytes: number,
  input: Uint8Array,
  output: Uint8Array<ArrayBuffer>,
): PlacedFlow<Uint8Array> {
  const items = packets.request / itemBytes;
  const cut = cutRows(input.length / itemBytes, 1, 1, items, items);
  const requests: Placement = { plan: id, cut, planes: 1, itemBytes, checksum };
  const answers: Placement = { ...requests, itemBytes: DTYPE_BYTES[memo.output] };
  return new PlacedFlow<Uint8Array>({
    send: (number) => new PlacedOutgoing(number, requests, input),
    receive: (number) => new PlacedIncoming<Uint8Array>(number, answers, (bytes) => bytes, output),
  });
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
