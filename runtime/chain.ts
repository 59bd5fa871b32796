/**
 * Several plans one after another on one device: the result of one is the input of the next.
 *
 * @module
 */

import { findWorkload } from "../kernels/registry.ts";
import type { Plan } from "../kernels/plan/plan.ts";
import { OnpathError } from "../serialize/errors.ts";
import type { Device } from "./device/device.ts";
import type { InputOf, OutputOf, ResourcesOf } from "./plan_types.ts";
import type { RunOptions } from "./run_options.ts";
import { type RunReport, Session } from "./session.ts";

/** Plans that follow one another on a device. */
export interface Chain<In, Out> {
  /**
   * Runs inputs: all of them through the first plan, then through the next. The device loads each program once.
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
 * Offsets of tokens count bytes of the text that reaches the second plan. A single `tokenize` plan with
 * `normalize_text` steps gives the same ids with offsets of the original text, because its host normalises.
 *
 * @param first Plan that takes the inputs.
 * @param second Plan that takes the results of the first.
 * @param device An open device that has the kernels of both; it stays the caller's to close.
 * @param resources Data that the plans name but do not hold, in their order.
 * @returns The chain.
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
  const [, given] = findWorkload(first.workload).data;
  const [taken] = findWorkload(second.workload).data;
  if (given !== taken) {
    throw new OnpathError(
      "pipeline",
      `Cannot chain plan ${first.id} (${first.workload}) with plan ${second.id} (${second.workload}): ` +
        `the first gives ${given}, the second takes ${taken}`,
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
