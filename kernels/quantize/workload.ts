/**
 * Workloads `quantize` and `dequantize`: KV caches to fewer bits and back.
 *
 * @module
 */

import { z } from "zod";
import type { Tensor } from "../../serialize/tensor.ts";
import type { Plan } from "../plan/plan.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { parseWith, type Schema } from "../schema.ts";
import type { Opened, Workload } from "../workload.ts";
import type { QuantizedCache } from "./cache.ts";
import { beginDequantize, beginQuantize, type DequantizeOptions, type QuantizeOptions } from "./flow.ts";
import { reserveWorkspace, workspaceBytes } from "./flows/stripes.ts";
import { createCacheModel } from "./model/model.ts";
import {
  type CacheFacts,
  compileDequantize,
  compileQuantize,
  type DequantizeCompileOptions,
  type DequantizePlan,
  planDequantize,
  planQuantize,
  type QuantizeCompileOptions,
  type QuantizePlan,
} from "./plan.ts";
import { dequantizeHalves, quantizeHalves } from "./halves.ts";
import { cacheKernelImage } from "./rtl.ts";
import { type DequantizePipeline, floatSpec, methodSpec, type QuantizePipeline } from "./spec.ts";

/** Maximum flows of one exchange. */
const FLOWS = 8;

const whole = z.number().int().min(0).max(2 ** 32 - 1);

const bodySpec: Schema<CacheFacts> = z.strictObject({
  method: methodSpec,
  values: z.strictObject({ dtype: floatSpec, shape: z.tuple([whole, whole, whole, whole, whole]) }),
  packing: z.unknown(),
  checksum: z.enum(["crc32c", "link"]),
});

function factsOf({ body }: Plan): CacheFacts {
  const { method, values, checksum } = parseWith(bodySpec, body, "plan", "plan.body");
  return { method, values, checksum };
}

function openCache<In, Out, Options>(
  plan: QuantizePlan | DequantizePlan,
  connect: Opened<In, Out, Options>["connect"],
  halves: Opened<In, Out, Options>["halves"],
): Opened<In, Out, Options> {
  return {
    program: {
      plan,
      restarts: false,
      model: ({ timing }) => createCacheModel(plan, timing),
      image: () => cacheKernelImage(plan),
    },
    connect,
    halves,
  };
}

/** Workload `quantize`, for the registry. */
export const quantizeWorkload: Workload<QuantizePlan, Tensor, QuantizedCache, void, QuantizeOptions> = {
  name: "quantize",
  summary: "KV caches to FP8, int8, int4, MX, KIVI or rotated codes, group by group",
  steps: ["quantize"],
  data: ["cache", "quantized cache"],
  compile: (pipeline, options) =>
    compileQuantize(pipeline as QuantizePipeline, options as QuantizeCompileOptions),
  check: (plan) => planQuantize(factsOf(plan), plan.target),
  open: (plan) =>
    openCache(plan, () => {
      const { packing, values: { shape } } = plan.body;
      const slots = reservePlanSlots(plan.packets, workspaceBytes(packing, shape[4]));
      const workspace = reserveWorkspace(packing, shape[4], slots.requests.engine);
      return {
        ...slots,
        maxFlows: FLOWS,
        begin: (input, options) => beginQuantize(plan, input, options, workspace),
      };
    }, () => quantizeHalves(plan)),
};

/** Workload `dequantize`, for the registry. */
export const dequantizeWorkload: Workload<DequantizePlan, QuantizedCache, Tensor, void, DequantizeOptions> = {
  name: "dequantize",
  summary: "quantized KV caches back to values",
  steps: ["dequantize"],
  data: ["quantized cache", "cache"],
  compile: (pipeline, options) =>
    compileDequantize(pipeline as DequantizePipeline, options as DequantizeCompileOptions),
  check: (plan) => planDequantize(factsOf(plan), plan.target),
  open: (plan) =>
    openCache(plan, () => ({
      ...reservePlanSlots(plan.packets),
      maxFlows: FLOWS,
      begin: (input, options) => beginDequantize(plan, input, options),
    }), () => dequantizeHalves(plan)),
};
