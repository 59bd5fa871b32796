/**
 * Two plans in sequence on one device: the results of the first are the inputs of the second.
 *
 * @module
 */

import { findWorkload } from "../kernels/registry.ts";
import type { Plan } from "../kernels/plan/plan.ts";
import { OnpathError } from "../serialize/errors.ts";
import { requireObject } from "../serialize/require.ts";
import type { Device } from "./device/device.ts";
import type { InputOf, OutputOf, ResourcesOf } from "./plan_types.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunReport } from "./run_report.ts";
import { Session } from "./session.ts";

/** Two plans in sequence on a device. */
export interface Chain<In, Out> {
  /**
   * Runs all inputs through the first plan, then all results through the second. Each program is loaded once.
   *
   * @throws {OnpathError} As {@linkcode Session.run}.
   */
  readonly runMany: (
    inputs: readonly In[],
    options?: RunOptions,
  ) => Promise<{ readonly outputs: Out[]; readonly reports: readonly RunReport[] }>;
}

/**
 * Opens a session for each of two plans.
 *
 * Token offsets count bytes of the second plan's input. A single `tokenize` plan with `normalize_text` steps gives the
 * same ids with offsets in the original text, because the host then normalises.
 *
 * @param first Plan for the inputs.
 * @param second Plan for the results of the first.
 * @param device An open device with the kernels of both plans. The caller closes it.
 * @param resources Data that the plans name but do not hold, in plan order.
 * @returns The chain with both sessions open.
 * @throws {OnpathError} As {@linkcode Session.open}; `pipeline` if the second plan cannot take the first one's results.
 *
 * @example
 * ```ts
 * import { chain, compile, createModelDevice } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const lower = compile({ steps: [{ op: "normalize_text", steps: [{ op: "lower_case" }] }] }, { device });
 * const compose = compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }, { device });
 * const both = await chain(lower, compose, device);
 * const { outputs } = await both.runMany(["E\u0301"]);
 * assert.equal(new TextDecoder().decode(outputs[0]), "é");
 * ```
 */
export async function chain<A extends Plan, B extends Plan>(
  first: A,
  second: B,
  device: Device,
  resources: readonly [ResourcesOf<A>?, ResourcesOf<B>?] = [],
): Promise<Chain<InputOf<A>, OutputOf<B>>> {
  requireObject("chain plans", "the first plan is", first, "plan");
  requireObject("chain plans", "the second plan is", second, "plan");
  const [, given] = findWorkload(first.workload).data;
  const [taken] = findWorkload(second.workload).data;
  if (given !== taken) {
    throw new OnpathError(
      "pipeline",
      `Cannot chain plan ${first.id} (${first.workload}) with plan ${second.id} (${second.workload}): ` +
        `the first returns ${given}, the second expects ${taken}`,
      { given, taken },
    );
  }
  const open = Session.open as unknown as <P extends Plan>(...args: unknown[]) => Promise<Session<P>>;
  const sessions = [
    await open<A>(first, device, resources[0]),
    await open<B>(second, device, resources[1]),
  ] as const;
  return {
    runMany: async (inputs, options = {}) => {
      const between = await sessions[0].runMany(inputs, options as never);
      const last = await sessions[1].runMany(between.outputs as unknown as InputOf<B>[], options as never);
      return { outputs: last.outputs, reports: [between.report, last.report] };
    },
  };
}
