/**
 * Sender of the lab: sends inputs of a workload until a number of requests is reached.
 *
 * @module
 */

import { openSender, type SentPlan } from "../../../../runtime/network/sender.ts";
import type { Plan } from "../../../../kernels/plan/plan.ts";
import type { HostOptions, Program } from "./program.ts";
import { labelOf } from "./receiving.ts";
import { openWorkloads } from "./workloads.ts";

/** Milliseconds that one input may take. */
const INPUT_MS = 180_000;

/** What the sender is to send. */
export interface SendTask {
  readonly workload: string;
  readonly run: number;
  /** Inputs to send. Default as many as `requests` needs. */
  readonly inputs?: number | undefined;
  /** Requests to send, without repeats; the last inputs are sent whole. Default as many as `inputs` have. */
  readonly requests?: number | undefined;
  /** Inputs at once. */
  readonly concurrency: number;
}

/** What was sent. */
export interface Sent {
  readonly inputs: number;
  readonly requests: number;
  readonly resent: number;
  readonly fallbacks: number;
  readonly restarts: number;
  readonly milliseconds: number;
}

/** Opens the sender. */
export async function openSending(options: HostOptions): Promise<Program> {
  const workloads = await openWorkloads(options.workloads, options.isJumbo);
  const sender = await openSender({
    nic: options.nic,
    receiver: options.receiver!,
    listen: { host: options.host, port: 0 },
    data: options.toNic,
    announcedPort: options.toSenderPort,
    jumbo: options.isJumbo,
  });
  const opened = new Map<string, Promise<SentPlan<Plan>>>();
  const planOf = (name: string) => {
    let plan = opened.get(name);
    if (plan === undefined) {
      const found = workloads.find((each) => each.name === name)!;
      opened.set(name, plan = sender.open(found.plan as Plan, found.resources as never));
    }
    return plan;
  };
  const send = async (
    { workload, run, inputs: most = Infinity, requests = Infinity, concurrency }: SendTask,
  ): Promise<Sent> => {
    const { inputs } = workloads.find(({ name }) => name === workload)!;
    const plan = await planOf(workload);
    const total = { inputs: 0, requests: 0, resent: 0, fallbacks: 0, restarts: 0 };
    const start = performance.now();
    const worker = async () => {
      while (total.requests < requests && total.inputs < most) {
        const n = total.inputs++;
        const report = await plan.send(inputs[n % inputs.length] as never, {
          label: labelOf(workload, run, n),
          timeoutMs: INPUT_MS,
        });
        total.requests += report.sent - report.resent;
        total.resent += report.resent;
        total.restarts += report.restarts;
        total.fallbacks += Object.values(report.fallbacks).reduce((sum, count) => sum + count, 0);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return { ...total, milliseconds: performance.now() - start };
  };
  return {
    calls: { addresses: () => ({ data: sender.data }), send, counts: () => sender.counts() },
    close: () => sender.close(),
  };
}
