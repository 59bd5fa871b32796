/**
 * Programs of the hosts as child processes. Calls and answers are lines of JSON on their pipes.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bounded } from "../../../../serialize/wait.ts";

const PROGRAM = fileURLToPath(new URL("host.ts", import.meta.url));
/** Milliseconds until a program is ready, and until it answers a call that states no other time. */
const DEFAULT_MS = 60_000;

/** A running program. */
export interface Child {
  /** Process id. */
  readonly pid: number;
  /** Calls a function of the program. */
  call<T>(name: string, body?: unknown, timeoutMs?: number): Promise<T>;
  /** Ends the program at once, as a loss of power would. */
  kill(): Promise<void>;
  /** Ends the program once it has closed its sockets. */
  close(): Promise<void>;
}

/** Answer of a program. */
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };

/**
 * Starts a program.
 *
 * @param prefix Words before the command line, which select a host.
 * @param options Options of the program; see `host.ts`.
 */
export async function startHost(prefix: readonly string[], options: object): Promise<Child> {
  const [command, ...words] = [
    ...prefix,
    process.execPath,
    "run",
    "-A",
    "--no-check",
    "--v8-flags=--expose-gc",
    PROGRAM,
    JSON.stringify(options),
  ];
  const child = spawn(command!, words, { stdio: ["pipe", "pipe", "pipe"] });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let nextId = 1, errors = "";
  child.stderr!.on("data", (text) => errors = (errors + text).slice(-4000));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  void ended.then(() => {
    for (const { reject } of pending.values()) reject(new Error(`the program has ended: ${errors}`));
    pending.clear();
  });
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const { id, value, error } = JSON.parse(line) as Answer;
    const call = pending.get(id);
    pending.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(error));
  });
  const expect = (id: number, what: string, timeoutMs: number) => {
    const call = Promise.withResolvers<unknown>();
    pending.set(id, call);
    return bounded(what, call.promise, { timeoutMs });
  };
  try {
    // A program answers call 0, which nobody makes, once it is ready.
    await expect(0, "a program to be ready", DEFAULT_MS);
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    throw error;
  }
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid!,
    call: async <T>(name: string, body: unknown = null, timeoutMs = DEFAULT_MS) => {
      const id = nextId++;
      const answer = expect(id, `the answer to ${name}`, timeoutMs);
      child.stdin!.write(`${JSON.stringify({ id, name, body })}\n`);
      return await answer as T;
    },
    kill: async () => {
      if (isRunning()) child.kill("SIGKILL");
      await ended;
    },
    close: () => closeChild(child, ended, isRunning),
  };
}

async function closeChild(
  child: ChildProcess,
  ended: Promise<void>,
  isRunning: () => boolean,
): Promise<void> {
  if (isRunning()) child.stdin!.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(timer);
}
