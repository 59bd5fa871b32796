/**
 * Programs of a path as child processes, which print their events as lines of JSON.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, deferred, type WaitOptions } from "../../serialize/wait.ts";
import type { Emit, PartyEvent, ReadyEvent } from "./events.ts";

/** Milliseconds in which a program ends after SIGTERM, before SIGKILL. */
const STOP_MS = 5000;
/** Characters kept of a program's standard error. */
const ERROR_CHARACTERS = 4000;

/** A running program. */
export interface Child {
  /** Name in messages. */
  readonly name: string;
  /** Process id. */
  readonly pid: number | undefined;
  /** Resolves when the program has ended. Null: after `stop`, or with exit code 0; else the reason. */
  readonly ended: Promise<string | null>;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  /**
   * Waits until it takes packets.
   *
   * @throws {OnpathError} `device` if it ends first; `timeout`; the signal's reason.
   */
  ready(wait: WaitOptions): Promise<ReadyEvent>;
  /** Ends it, at first by SIGTERM unless another signal is named; resolves when it has ended. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/**
 * Starts a program.
 *
 * @param name Name in messages.
 * @param words Command line.
 * @param onEvent Takes its events.
 */
export function startChild(name: string, words: readonly string[], onEvent: Emit): Child {
  const [program, ...rest] = words;
  const child = spawn(program!, rest, { stdio: ["pipe", "pipe", "pipe"] });
  const ready = deferred<ReadyEvent>();
  ready.promise.catch(() => {});
  let isStopped = false, stderr = "";
  onLines(child, (event) => {
    if (event.ready !== undefined) ready.resolve(event.ready);
    onEvent(event);
  });
  child.stderr!.setEncoding("utf8").on(
    "data",
    (text: string) => stderr = (stderr + text).slice(-ERROR_CHARACTERS),
  );
  // A program that has ended takes no line; its end is reported by `ended`.
  child.stdin!.on("error", () => {});
  const ended = new Promise<string | null>((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (code, signal) => {
      if (isStopped || code === 0) return resolve(null);
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      resolve([how, messageOf(stderr)].filter((text) => text !== "").join(": "));
    });
  });
  const gone = (why: string | null) =>
    new OnpathError("device", `Cannot use the ${name}: its process has ended, ${why ?? "exit code 0"}`, {
      name,
    });
  void ended.then((why) => ready.reject(gone(why)));
  return {
    name,
    pid: child.pid,
    ended,
    tell: (line) => void child.stdin!.write(`${line}\n`),
    ready: (wait) => bounded(`the ${name} to be ready`, ready.promise, wait),
    stop: async (signal = "SIGTERM") => {
      isStopped = true;
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function onLines(child: ChildProcess, onEvent: (event: PartyEvent) => void): void {
  let rest = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onEvent(JSON.parse(line));
  });
}

/** The message of a failure that was printed as JSON, or the last line. */
function messageOf(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1)!;
  try {
    return (JSON.parse(line) as { error: { message: string } }).error.message;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return line;
    throw error;
  }
}
