/**
 * A progress bar on stderr for work that takes longer than half a second, where somebody looks.
 *
 * @module
 */

import process from "node:process";
import type { Progress } from "../../runtime/run_options.ts";

/** Work that is shorter shows no bar, in milliseconds. */
const PATIENCE_MS = 500;

/** What is used of cli-progress, which brings no types. */
interface Bar {
  start(total: number, value: number): void;
  update(value: number): void;
  stop(): void;
}
interface CliProgress {
  readonly SingleBar: new (options: Readonly<Record<string, unknown>>) => Bar;
}

/** Follows the work of a run. */
export interface Follower {
  /** Takes how far it is. */
  readonly onProgress: (progress: Progress) => void;
  /** Removes the bar. */
  readonly stop: () => void;
}

/**
 * Follows work with a bar; does nothing where stderr is no terminal.
 *
 * @param unit What is counted.
 * @returns The follower; it must be stopped.
 */
export async function followProgress(unit: string = "packets"): Promise<Follower> {
  if (!process.stderr.isTTY) return { onProgress: () => {}, stop: () => {} };
  const { SingleBar } = (await import("cli-progress")).default as CliProgress;
  const bar = new SingleBar({
    format: `{bar} {percentage}% | {value} of {total} ${unit} | {eta} s left`,
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
      else if (done < total && performance.now() - begun > PATIENCE_MS) {
        shown = true;
        bar.start(total, done);
      }
    },
    stop: () => {
      if (shown) bar.stop();
    },
  };
}
