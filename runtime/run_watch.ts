/**
 * Runs of a packet loop, with their own timeouts and signals while they share an exchange.
 *
 * @module
 */

import type { PagedFlow } from "../kernels/workload.ts";
import type { Progress } from "../serialize/flow.ts";
import { DEFAULT_TIMEOUT_MS, timedOut } from "../serialize/wait.ts";
import type { RunOptions } from "./run_options.ts";

/** Times of a run's exchanges in milliseconds. They are measured in this process and do not describe a card. */
export interface RunTimes {
  /** Host time spent writing packets. */
  serializeMs: number;
  /** Time spent waiting for the device. */
  deviceMs: number;
  /** Host time spent processing answers. */
  reassembleMs: number;
}

/** Times and outcomes of one run. */
export interface RunAccount {
  /** Times of its exchanges. */
  readonly times: RunTimes;
  /** Answers, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Flows of one call, with their state. */
export interface Run {
  /** Flows that have sent no packet. */
  readonly waiting: PagedFlow[];
  /** Flows that have sent packets and are not finished. */
  readonly active: Set<PagedFlow>;
  /** Number of all flows. */
  readonly total: number;
  readonly options: RunOptions;
  readonly retries: number;
  readonly times: RunTimes;
  readonly outcomes: Record<string, number>;
  /** Ends the run, with success if `error` is undefined. Later calls have no effect. */
  readonly leave: (error?: unknown) => void;
  hasLeft: boolean;
}

const timeoutOf = ({ options }: Run): number => options.timeoutMs ?? DEFAULT_TIMEOUT_MS;

/** Returns the longest timeout of some runs. Their shared exchange may last that long. */
export function longestTimeout(runs: readonly Run[]): { readonly timeoutMs: number } {
  return { timeoutMs: runs.reduce((longest, run) => Math.max(longest, timeoutOf(run)), 0) };
}

/** Progress of a run: packets if it has one flow that counts them, otherwise flows. */
export function progressOf({ active, waiting, total }: Run): Progress {
  const [flow] = active;
  if (total === 1 && flow?.progress !== undefined) return flow.progress;
  let done = total - waiting.length - active.size;
  for (const each of active) if (each.done) done++;
  return { done, total };
}

/** Ends runs whose own timeout passes during an exchange. Calls `onEmpty` once all runs have left. */
export function watchRuns(device: string, runs: readonly Run[], onEmpty: () => void): { stop: () => void } {
  const start = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const removals: (() => void)[] = [];
  const check = () => {
    if (runs.every(({ hasLeft }) => hasLeft)) onEmpty();
  };
  const { timeoutMs: longest } = longestTimeout(runs);
  const arm = () => {
    const next = runs.reduce((least, run) => run.hasLeft ? least : Math.min(least, timeoutOf(run)), Infinity);
    // The exchange's own timeout ends the remaining runs.
    if (next >= longest) return;
    timer = setTimeout(() => {
      for (const run of runs) {
        const timeoutMs = timeoutOf(run);
        if (timeoutMs > next) continue;
        run.leave(timedOut(`device ${device}`, timeoutMs));
      }
      check();
      arm();
    }, Math.max(0, next - (performance.now() - start)));
  };
  arm();
  for (const { options: { signal } } of runs) {
    if (signal === undefined) continue;
    signal.addEventListener("abort", check, { once: true });
    removals.push(() => signal.removeEventListener("abort", check));
  }
  return {
    stop: () => {
      clearTimeout(timer);
      for (const remove of removals) remove();
    },
  };
}
