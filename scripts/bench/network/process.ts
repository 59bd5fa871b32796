/**
 * Starts processes of the benchmark of networks, and reads their CPU time.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bounded } from "../../../serialize/wait.ts";
import type { ChildAddresses, ChildJob, ChildStatus } from "./child.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));

/** A running process. */
export interface Child extends AsyncDisposable {
  readonly addresses: ChildAddresses;
  /** Reads CPU time and counts. */
  readonly status: () => Promise<ChildStatus>;
}

/** Starts a process. */
export async function startChild(job: ChildJob): Promise<Child> {
  const words = ["run", "-A", "--no-check", "--quiet", CHILD, JSON.stringify(job)];
  const child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const next = async () => {
    const line = await bounded("a process of the benchmark", lines.next(), {});
    if (line.done === true) throw new Error("Cannot measure: a process has ended");
    return JSON.parse(line.value);
  };
  return {
    addresses: await next(),
    status: () => {
      child.stdin.write("\n");
      return next();
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
