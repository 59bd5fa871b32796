/**
 * Progress bar for work of more than half a second, if stderr is a terminal.
 *
 * @module
 */

import process from "node:process";
import type { Progress } from "../../runtime/run_options.ts";

/** Time before the bar appears, in milliseconds. */
const BAR_DELAY_MS = 500;

/** The part of cli-progress in use; the package has no types. */
interface Bar {
  start(total: number, value: number): void;
  update(value: number): void;
  stop(): void;
}
interface CliProgress {
  readonly SingleBar: new (options: Readonly<Record<string, unknown>>) => Bar;
}

/** Progress bar of a run. */
export interface Follower {
  /** Updates the bar. */
  readonly onProgress: (progress: Progress) => void;
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
  const bar = new SingleBar({
    format: `{bar} {percentage}% | {value} of {total} ${unit} | {eta_formatted}`,
    // Before the first step the remaining time is unknown, which cli-progress calls INF.
    formatTime: (seconds: unknown) => Number.isFinite(seconds) ? `${seconds} s left` : "",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: "#",
    barIncompleteChar: ".",
  });
  const begun = performance.now();
  let shown = false;
  return {
    onProgress: ({ done, total }) => {
      if (shown) bar.update(done);
      else if (done < total && performance.now() - begun > BAR_DELAY_MS) {
        shown = true;
        bar.start(total, done);
      }
    },
    stop: () => {
      if (shown) bar.stop();
    },
  };
}
