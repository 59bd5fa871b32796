/**
 * Runs of a packet loop, and the watch over their own timeouts and signals while they share an exchange.
 *
 * @module
 */

import type { PagedFlow } from "../kernels/workload.ts";
import { OnpathError } from "../serialize/errors.ts";
import type { Progress } from "../serialize/flow.ts";
import { DEFAULT_TIMEOUT_MS } from "../serialize/wait.ts";
import type { RunOptions } from "./run_options.ts";

/** Time that a run's exchanges took, in milliseconds. They are of this process, and no property of a card. */
export interface RunTimes {
  /** Host time spent writing packets. */
  serializeMs: number;
  /** Time spent waiting for the device. */
  deviceMs: number;
  /** Host time spent taking answers. */
  reassembleMs: number;
}

/** Account of one run. */
export interface RunAccount {
  /** Times of its exchanges. */
  readonly times: RunTimes;
  /** Answers, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Flows of one call, and where they stand. */
export interface Run {
  readonly waiting: PagedFlow[];
  readonly active: Set<PagedFlow>;
  readonly total: number;
  readonly options: RunOptions;
  readonly retries: number;
  readonly times: RunTimes;
  readonly outcomes: Record<string, number>;
  /** Ends the run once. */
  readonly leave: (error?: unknown) => void;
  hasLeft: boolean;
}

const timeoutOf = ({ options }: Run): number => options.timeoutMs ?? DEFAULT_TIMEOUT_MS;

/** Longest timeout of some runs: the exchange lasts as long as one of them waits. */
export function loosest(runs: readonly Run[]): { readonly timeoutMs: number } {
  return { timeoutMs: Math.max(...runs.map(timeoutOf)) };
}

/** Progress of a run: that of its only flow, or flows that are done. */
export function progressOf({ active, waiting, total }: Run): Progress {
  const [flow] = active;
  if (total === 1 && flow?.progress !== undefined) return flow.progress;
  let done = total - waiting.length - active.size;
  for (const each of active) if (each.done) done++;
  return { done, total };
}

/** Ends runs whose own timeout passes during an exchange. Calls `onEmpty` once none of them waits any more. */
export function watchRuns(device: string, runs: readonly Run[], onEmpty: () => void): { stop: () => void } {
  const start = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const removals: (() => void)[] = [];
  const check = () => {
    if (runs.every(({ hasLeft }) => hasLeft)) onEmpty();
  };
  const { timeoutMs: longest } = loosest(runs);
  const arm = () => {
    const waits = runs.filter(({ hasLeft }) => !hasLeft).map(timeoutOf);
    const next = Math.min(...waits);
    // The last one to wait is ended by the exchange's own timeout.
    if (next >= longest) return;
    timer = setTimeout(() => {
      for (const run of runs) {
        const timeoutMs = timeoutOf(run);
        if (timeoutMs > next) continue;
        run.leave(
          new OnpathError("timeout", `Cannot wait longer for device ${device}: ${timeoutMs} ms have passed`, {
            timeoutMs,
          }),
        );
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
