/**
 * Calls of a child process: the parent's end. Every call has a timeout, and an ended child fails its calls.
 *
 * @module
 */

import { deferred } from "../../serialize/wait.ts";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { HostAnswer } from "./calls.ts";

/** Milliseconds that a call may take. */
const CALL_MS = 300_000;
/** Milliseconds in which a child must end after it was disconnected. */
const END_MS = 5000;

/** A child process. */
export interface Host extends AsyncDisposable {
  /** Process number. */
  readonly pid: number;
  /** Calls a function of the child. */
  call<T>(name: string, argument?: unknown): Promise<T>;
  /** Ends the child. */
  close(): Promise<void>;
}

/** Programs of child processes. */
export type HostProgram = "sender" | "nic" | "receiver" | "busy";

/**
 * Starts a child process.
 *
 * @param program Program in `hosts/`.
 * @param signal Ends the child and its calls.
 */
export function startHost(program: HostProgram, signal?: AbortSignal): Host {
  signal?.throwIfAborted();
  const path = fileURLToPath(new URL(`hosts/${program}.ts`, import.meta.url));
  const child = fork(path, [], { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let nextId = 0, failure: Error | undefined;
  const fail = (reason: string) => {
    failure ??= new Error(`Cannot use the ${program}: ${reason}`);
    for (const { reject } of pending.values()) reject(failure);
    pending.clear();
  };
  const exited = once(child, "exit").then(([code, by]) => fail(`it has ended with ${by ?? `code ${code}`}`));
  child.on("error", ({ message }) => fail(message));
  child.on("message", ({ id, value, error }: HostAnswer) => {
    const call = pending.get(id);
    pending.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(`${program}: ${error}`));
  });
  const stop = () => void child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  const host: Host = {
    pid: child.pid ?? 0,
    call: async <T>(name: string, argument: unknown = null) => {
      if (failure !== undefined) throw failure;
      const id = nextId++, call = deferred<unknown>();
      pending.set(id, call);
      const timer = setTimeout(
        () => call.reject(new Error(`Cannot call ${name} of the ${program}: no answer in ${CALL_MS} ms`)),
        CALL_MS,
      );
      child.send({ id, name, argument });
      try {
        return await call.promise as T;
      } finally {
        clearTimeout(timer);
        pending.delete(id);
      }
    },
    close: async () => {
      signal?.removeEventListener("abort", stop);
      const timer = setTimeout(stop, END_MS);
      if (child.connected) child.disconnect();
      await exited;
      clearTimeout(timer);
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
  return host;
}
