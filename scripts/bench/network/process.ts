/**
 * Starts processes of the benchmark of networks, and reads what they print.
 *
 * @module
 */

import { execFile, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bounded } from "../../../serialize/wait.ts";
import type { ChildAddresses, ChildJob, ChildStatus } from "./child.ts";
import type { SenderTimes } from "./senders.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));

const wordsOf = (job: ChildJob) => ["run", "-A", "--no-check", "--quiet", CHILD, JSON.stringify(job)];

/** A NIC in a process of its own. */
export interface NicProcess extends AsyncDisposable {
  /** Its addresses. */
  readonly addresses: ChildAddresses;
  /** Reads CPU time and counts. */
  readonly status: () => Promise<ChildStatus>;
}

/** Starts a NIC. */
export async function startNic(job: ChildJob): Promise<NicProcess> {
  const child = spawn(process.execPath, wordsOf(job), { stdio: ["pipe", "pipe", "inherit"] });
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

/** Measures senders in a process with a network namespace of its own, which wants root rights. */
export async function senderTimes(): Promise<SenderTimes[]> {
  const words = ["--net", process.execPath, ...wordsOf({ role: "sender", kind: "linux" })];
  const { stdout } = await promisify(execFile)("unshare", words, { timeout: 120_000 });
  return JSON.parse(stdout);
}
