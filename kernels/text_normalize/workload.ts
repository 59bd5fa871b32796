/**
 * Workload `text_normalize`: texts in, normalised texts out.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../serialize/errors.ts";
import { createTextWriter } from "../../serialize/text/text_writer.ts";
import type { Plan } from "../plan/plan.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import type { Program } from "../program.ts";
import { parseWith, type Schema } from "../schema.ts";
import { TEXT_FLOWS } from "../tokenize/held_flows.ts";
import { textBytes } from "../tokenize/text_parts.ts";
import { textModel } from "../tokenize/workload.ts";
import type { Connection, FlowStream, RunFlow, Work, Workload } from "../workload.ts";
import { normalizeHalves } from "./halves.ts";
import { NormalizeFlow } from "./normalize_flow.ts";
import { NormalizeModel } from "./packets.ts";
import {
  compileNormalize,
  type NormalizeBody,
  type NormalizeCompileOptions,
  type NormalizePlan,
} from "./plan.ts";
import { checkTextSteps } from "./spec.ts";

type Bytes = Uint8Array<ArrayBuffer>;

function programOf(plan: NormalizePlan): Program {
  const { id, packets: { answer: longest }, body: { steps } } = plan;
  return {
    plan,
    restarts: false,
    model: () => textModel(new NormalizeModel({ plan: id, longest, steps }), 0, () => 0),
    image: () => {
      throw new OnpathError("device", `Cannot run plan ${id}: the RTL has no kernel for text normalisation`, {
        plan: id,
      });
    },
  };
}

function connect(plan: NormalizePlan): Connection<string | Uint8Array, Bytes, object, Bytes> {
  const writer = createTextWriter({ plan: plan.id, checksum: plan.body.checksum });
  const stream = (run: RunFlow): FlowStream<string | Uint8Array, Bytes> => {
    let flow: NormalizeFlow | null = null;
    const send = async () => {
      await run(flow!);
      return flow!.take().slice() as Bytes;
    };
    return {
      push: async (chunk) => {
        const bytes = textBytes(chunk);
        if (flow === null && bytes.length === 0) return new Uint8Array(0);
        flow ??= new NormalizeFlow(plan, writer);
        flow.push(bytes);
        return await send();
      },
      end: async () => {
        if (flow === null) return new Uint8Array(0);
        flow.end();
        const rest = await send();
        flow = null;
        return rest;
      },
    };
  };
  return {
    ...reservePlanSlots(plan.packets),
    maxFlows: TEXT_FLOWS,
    begin: (input): Work<Bytes> => {
      const bytes = textBytes(input);
      if (bytes.length === 0) return { flows: [], result: () => new Uint8Array(0) };
      const flow = new NormalizeFlow(plan, writer, bytes);
      return { flows: [flow], result: () => flow.take().slice() as Bytes };
    },
    stream,
  };
}

const bodySpec: Schema<NormalizeBody> = z.strictObject({
  steps: z.custom<NormalizeBody["steps"]>(Array.isArray),
  checksum: z.enum(["crc32c", "link"]),
});

/** Workload `text_normalize`. */
export const normalizeWorkload: Workload<NormalizePlan, string | Uint8Array, Bytes, void, object, Bytes> = {
  name: "text_normalize",
  summary: "texts to normalised texts, as a vocabulary needs them before it cuts tokens",
  steps: ["normalize_text"],
  data: ["text", "text"],
  compile: (pipeline, options) =>
    compileNormalize(pipeline as Parameters<typeof compileNormalize>[0], options as NormalizeCompileOptions),
  check: (plan: Plan) => {
    const { steps, checksum } = parseWith(bodySpec, plan.body, "plan", "plan.body");
    const { target, packets: { request: payload, inFlight: packets } } = plan;
    const pipeline = { steps: [{ op: "normalize_text", steps: checkTextSteps(steps) }] };
    return compileNormalize(pipeline, { device: target, payload, packets, checksum });
  },
  open: (plan) => ({
    program: programOf(plan),
    connect: () => connect(plan),
    halves: () => normalizeHalves(plan),
  }),
};
