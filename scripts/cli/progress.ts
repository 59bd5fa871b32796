/**
 * Progress bar for work of more than half a second, if stderr is a terminal.
 *
 * @module
 */

import process from "node:process";
import type { Progress } from "../../runtime/run_options.ts";

/** Time before the bar appears, in milliseconds. */
const BAR_DELAY_MS = 500;

/** The part of cli-progress's bar in use; the package has no types. */
export interface Bar {
  start(total: number, value: number, payload: { readonly stage: string }): void;
  update(value: number): void;
  stop(): void;
}
interface CliProgress {
  readonly SingleBar: new (options: Readonly<Record<string, unknown>>) => Bar;
}

/** Progress of a run, or of a stage of it. */
export interface StageProgress extends Progress {
  /** Name of the stage, for work in several. */
  readonly stage?: string | undefined;
}

/** Progress bar of a run. */
export interface Follower {
  /** Updates the bar. */
  readonly onProgress: (progress: StageProgress) => void;
  /** Removes the bar. */
  readonly stop: () => void;
}

/**
 * Creates a progress bar; without effect if stderr is not a terminal.
 *
 * @param unit Plural noun of the counted units.
 * @returns Follower, which the caller must stop.
 */
export async function followProgress(unit: string = "packets"): Promise<Follower> {
  if (!process.stderr.isTTY) return { onProgress: () => {}, stop: () => {} };
  const { SingleBar } = (await import("cli-progress")).default as CliProgress;
  const options = {
    format: `{stage}{bar} {percentage}% | {value} of {total} ${unit} | {eta_formatted}`,
    // Before the first step the remaining time is unknown, which cli-progress calls INF.
    formatTime: (seconds: unknown) => Number.isFinite(seconds) ? `${seconds} s left` : "",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: "#",
    barIncompleteChar: ".",
  };
  return followBars(() => new SingleBar(options), () => performance.now());
}

/**
 * Shows progress on bars: each stage has one with its name, so no bar goes back or changes its total.
 *
 * @param makeBar Makes a bar.
 * @param now Time in milliseconds.
 */
export function followBars(makeBar: () => Bar, now: () => number): Follower {
  const begun = now();
  let bar: Bar | undefined;
  let last: StageProgress = { done: 0, total: 0 };
  return {
    onProgress: (progress) => {
      const { done, total, stage } = progress;
      if (bar !== undefined && (stage !== last.stage || total !== last.total || done < last.done)) {
        bar.stop();
        bar = undefined;
      }
      last = progress;
      if (bar !== undefined) bar.update(done);
      else if (done < total && now() - begun > BAR_DELAY_MS) {
        bar = makeBar();
        bar.start(total, done, { stage: stage === undefined ? "" : `${stage}: ` });
      }
    },
    stop: () => {
      bar?.stop();
      bar = undefined;
    },
  };
}
