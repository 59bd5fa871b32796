/**
 * Workload `lookup`: tensors through a memoized function, an element for each item.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { z } from "zod";
import { type DType, DTYPES } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { checkMemo } from "../memoize/check.ts";
import type { Memo } from "../memoize/memo.ts";
import { MEMO_FORMS } from "../memoize/search.ts";
import type { Plan } from "../plan/plan.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { parseWith, type Schema } from "../schema.ts";
import type { Workload } from "../workload.ts";
import { beginLookup } from "./flow.ts";
import { lookupHalves } from "./halves.ts";
import { createLookupModel } from "./model.ts";
import {
  compileLookup,
  type LookupBody,
  type LookupCompileOptions,
  type LookupPlan,
  type LookupResources,
  planFor,
  planMemo,
} from "./plan.ts";
import { lookupKernelImage } from "./rtl.ts";
import type { LookupPipeline } from "./spec.ts";

/** Maximum flows of one exchange. */
const FLOWS = 8;

const whole = z.number().int().min(0).max(2 ** 32 - 1);
const width = z.number().int().min(0).max(128);

const bodySpec: Schema<LookupBody> = z.strictObject({
  memo: z.strictObject({
    id: whole,
    operands: z.array(z.union([
      z.enum(["u8", "f16", "bf16"]),
      z.strictObject({ bits: z.number().int().min(1).max(16) }),
    ])).min(1).max(2),
    output: z.enum(DTYPES),
    form: z.enum(MEMO_FORMS),
    sizes: z.strictObject({ low: width, first: whole, firstBits: width, second: whole, secondBits: width }),
    bytes: whole,
    naiveBytes: whole,
    error: z.strictObject({
      ulps: z.number().min(0),
      absolute: z.number().min(0).nullable(),
      codes: whole,
    }),
  }),
  input: z.strictObject({
    dtype: z.enum(DTYPES),
    shape: z.array(z.number().int().min(0).max(2 ** 31 - 1)).max(64),
  }),
  checksum: z.enum(["crc32c", "link"]),
});

/** Checks that the memo is the one that a plan names. */
function resolveMemo(plan: LookupPlan, resources: LookupResources | undefined): Memo {
  const { id, body: { memo: expected } } = plan;
  const given: unknown = Object(resources).memo;
  if (given === undefined) {
    throw new OnpathError(
      "plan",
      `Cannot run lookup plan ${id}: its memo ${expected.id} is missing, expected resources { memo }`,
      { plan: id, memo: expected.id },
    );
  }
  const memo = checkMemo(given);
  // A plan from a file has its keys in another order.
  const face = (value: unknown) => String(encode(value, { sortKeys: true }));
  if (face(planMemo(memo)) === face(expected)) return memo;
  throw new OnpathError(
    "plan",
    `Cannot run lookup plan ${id}: it was compiled with memo ${expected.id}, the given one is ${memo.id}`,
    { plan: id, expected: expected.id, found: memo.id },
  );
}

/** Workload `lookup`, for the registry. */
export const lookupWorkload: Workload<LookupPlan<DType>, Tensor, Tensor, LookupResources> = {
  name: "lookup",
  summary: "tensors through a memoized function: one table lookup for each element",
  steps: ["lookup"],
  data: ["tensor", "tensor"],
  compile: (pipeline, options) => compileLookup(pipeline as LookupPipeline, options as LookupCompileOptions),
  check: (plan: Plan) => planFor(parseWith(bodySpec, plan.body, "plan", "plan.body"), plan.target),
  open: (plan, resources) => {
    const memo = resolveMemo(plan, resources);
    return {
      program: {
        plan,
        restarts: false,
        model: ({ timing }) => createLookupModel(plan, memo, timing),
        image: () => lookupKernelImage(plan, memo),
      },
      connect: () => ({
        ...reservePlanSlots(plan.packets),
        maxFlows: FLOWS,
        begin: (input) => beginLookup(plan, input),
      }),
      halves: () => lookupHalves(plan),
    };
  },
};
