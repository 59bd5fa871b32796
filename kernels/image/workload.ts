/**
 * Workload `image`: resizes and normalizes u8 image tensors.
 *
 * @module
 */

import { viewElements } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { countElements, type Tensor, tensor } from "../../serialize/tensor.ts";
import { PlacedFlow } from "../placed_flow.ts";
import type { Plan } from "../plan/plan.ts";
import type { KernelImage, Program } from "../program.ts";
import { parseWith } from "../schema.ts";
import type { Connection, Direct, Work, Workload } from "../workload.ts";
import { createImageExecutor, type ImageExecutor } from "./cpu/executor.ts";
import { ImageOutgoing } from "./flow/outgoing.ts";
import { createSender } from "./flow/send.ts";
import { KERNELS, STEP_SPECS } from "./kernels.ts";
import { imageHalves } from "./halves.ts";
import { createImageModel } from "./model/packet_model.ts";
import { compile } from "./plan/compile.ts";
import type { CompileOptions } from "./plan/compile_options.ts";
import { residentBytes } from "./plan/cost.ts";
import { checkPlanInput, planSamples } from "./plan/input.ts";
import { reservePackets } from "./plan/packets.ts";
import { sendsRows } from "./plan/rows.ts";
import { type ImagePlan, planPlacement } from "./plan/plan.ts";
import { schedulePages } from "./plan/schedule.ts";
import { imageBodySpec } from "./plan/schema.ts";
import { parsePipeline } from "./pipeline.ts";
import { rtlProgram } from "./rtl/program.ts";

/**
 * Generates the contents of the RTL's registers and tables for an image plan.
 *
 * @param plan Compiled image plan.
 * @throws {OnpathError} `device` if the RTL lacks the plan's kernel, form or layout.
 */
export function imageKernelImage(plan: ImagePlan): KernelImage {
  const { build, values, tables } = rtlProgram(plan);
  const { tables: placed, pages, output, layout, stages } = plan.body;
  const perItem = placed.reduce(
    (sum, table) => sum + table.lookups * (table.per === "sample" ? layout.channels : 1),
    0,
  );
  const { kernel, params, form } = stages[0] ?? { kernel: "", params: {}, form: "levels" as const };
  return {
    build,
    values,
    tables,
    pages: pages === null ? undefined : {
      count: pages.count,
      bytes: pages.bytes,
      order: () => schedulePages(plan, [[0, layout.cut.packets - 1]]).work.map(({ page }) => page),
      make: (page) => KERNELS[kernel]!.page!(params, form, page),
    },
    tableBytes: residentBytes(placed, pages !== null),
    lookups: { perItem, itemBytes: output.itemBytes * output.planes },
  };
}

function programOf(plan: ImagePlan): Program {
  return {
    plan,
    // Sessions start without pages and rows on chip. A reload clears those of the previous session.
    restarts: plan.body.pages !== null || sendsRows(plan),
    model: (profile) => createImageModel(plan, profile),
    image: () => imageKernelImage(plan),
  };
}

function finishOf({ body: { output: { dtype, shape, layout } } }: ImagePlan) {
  return ({ buffer }: Uint8Array<ArrayBuffer>): Tensor =>
    tensor(viewElements(dtype, buffer, 0, countElements(shape)), { dtype, shape, layout });
}

function connect(plan: ImagePlan): Connection<Tensor, Tensor> {
  const { requests, answers, writer } = reservePackets(plan);
  const sender = createSender(plan, requests.slots);
  const placement = planPlacement(plan);
  const finish = finishOf(plan);
  return {
    requests,
    answers,
    // The device holds the rows and pages of one flow at a time.
    maxFlows: 1,
    begin: (input): Work<Tensor> => {
      checkPlanInput(plan, input);
      const samples = planSamples(plan, input);
      const flow = new PlacedFlow<Tensor>({
        requests: plan.body.layout.cut.packets,
        send: (number) => new ImageOutgoing(plan, writer, sender, number, samples),
        receive: (number) => new PlacedIncoming(number, placement, finish),
      });
      return { flows: [flow], result: () => flow.result() };
    },
    reset: sender.reset,
  };
}

function direct(plan: ImagePlan): Direct<Tensor, Tensor> | undefined {
  const executor = executorOf(plan);
  if (executor === undefined) return undefined;
  return {
    check: (input) => checkPlanInput(plan, input),
    run: (input) => executor.run(input),
    threadPlan: plan,
  };
}

function executorOf(plan: ImagePlan): ImageExecutor | undefined {
  try {
    return createImageExecutor(plan);
  } catch (error) {
    // Packets need no memory for the whole image.
    if (error instanceof OnpathError && error.code === "size") return undefined;
    throw error;
  }
}

/** Workload `image`, for the registry. */
export const imageWorkload: Workload<ImagePlan, Tensor, Tensor, void> = {
  name: "image",
  summary: "u8 image tensors to resized and normalised tensors",
  steps: Object.keys(STEP_SPECS),
  data: ["image", "tensor"],
  compile: (pipeline, options) => compile(parsePipeline(pipeline), options as CompileOptions),
  check: (plan: Plan) => {
    const { pipeline, input, layout, options } = parseWith(imageBodySpec, plan.body, "plan", "plan.body");
    return compile(pipeline, {
      input,
      device: plan.target,
      checksum: layout.checksum,
      tolerance: options.tolerance,
      form: options.form ?? undefined,
      layout: options.layout ?? undefined,
    });
  },
  open: (plan) => ({
    program: programOf(plan),
    connect: () => connect(plan),
    direct: () => direct(plan),
    halves: () => imageHalves(plan, finishOf(plan)),
  }),
};
