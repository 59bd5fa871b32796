/**
 * One worker thread: `node:worker_threads` in Node, Deno and Bun, and a Web Worker in browsers.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { bounded } from "../../../serialize/wait.ts";
import type { ThreadAnswer, ThreadJob } from "./messages.ts";
import { WORKER_CODE, type WorkerCode } from "./worker_code.ts";

/** A running thread. */
export interface Thread {
  /** Sends a job. */
  readonly post: (job: ThreadJob, transfer: ArrayBuffer[]) => void;
  /** Sets whether the thread keeps the process alive. Browsers ignore it. */
  readonly hold: (isHeld: boolean) => void;
  /** Ends the thread, in the middle of a computation too. */
  readonly terminate: () => Promise<void>;
}

/** Callbacks of a thread. */
export interface ThreadEvents {
  /** Called with every message. */
  readonly onAnswer: (answer: ThreadAnswer) => void;
  /** Called if the thread ends by itself. */
  readonly onEnd: (reason: Error) => void;
}

/** Starts a thread. Injected by tests. */
export type StartThread = (events: ThreadEvents) => Promise<Thread>;

/** Module name, in a variable so that bundlers for browsers do not require it. */
const THREADS: string = "node:worker_threads";

/**
 * Returns a function that starts threads.
 *
 * @param code Code of the threads. Default that of the cpu device.
 */
export function threadStarter(code: WorkerCode = WORKER_CODE): StartThread {
  const { process } = globalThis as { readonly process?: unknown };
  return process === undefined
    ? (events) => Promise.resolve(startWeb(code, events))
    : (events) => startNode(code, events);
}

/**
 * Starts a thread and waits until it is ready.
 *
 * @param start Function that starts it.
 * @param events Callbacks from then on.
 * @throws {OnpathError} `device` if it ends before it is ready, `timeout` if it is not ready after 30 s.
 */
export async function openThread(start: StartThread, events: ThreadEvents): Promise<Thread> {
  let isReady = false;
  let thread: Thread | undefined;
  let resolve!: () => void;
  let reject!: (reason: Error) => void;
  const ready = new Promise<void>((...settle) => [resolve, reject] = settle);
  // The thread may end while `start` is pending, before the wait below.
  ready.catch(() => {});
  try {
    const starting = start({
      onAnswer: (answer) => {
        if (answer === null) resolve();
        else events.onAnswer(answer);
      },
      onEnd: (reason) => {
        if (isReady) events.onEnd(reason);
        else reject(reason);
      },
    });
    thread = await starting;
    await bounded("a worker thread to start", ready, {});
  } catch (cause) {
    await thread?.terminate();
    if (cause instanceof OnpathError) throw cause;
    const { message } = cause as Error;
    throw new OnpathError("device", `Cannot start a worker thread: ${message}`, {}, { cause });
  }
  isReady = true;
  thread.hold(false);
  return thread;
}

/** Part of `node:worker_threads` in use. */
interface NodeWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  on(event: string, listener: (value: never) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

async function startNode(code: WorkerCode, { onAnswer, onEnd }: ThreadEvents): Promise<Thread> {
  const { Worker } = await import(THREADS) as {
    Worker: new (code: string | URL, options: { eval?: boolean; execArgv: string[] }) => NodeWorker;
  };
  const worker = "url" in code
    ? new Worker(new URL(code.url), { execArgv: [] })
    : new Worker(code.script, { eval: true, execArgv: [] });
  let isEnded = false;
  const end = (reason: Error) => {
    if (isEnded) return;
    isEnded = true;
    onEnd(reason);
  };
  worker.on("message", (message: ThreadAnswer) => onAnswer(message));
  worker.on("error", end);
  worker.on("exit", (exitCode: number) => end(new Error(`the thread ended with code ${exitCode}`)));
  return {
    post: (job, transfer) => worker.postMessage(job, transfer),
    hold: (isHeld) => isHeld ? worker.ref() : worker.unref(),
    terminate: async () => {
      isEnded = true;
      await worker.terminate();
    },
  };
}

function startWeb(code: WorkerCode, { onAnswer, onEnd }: ThreadEvents): Thread {
  const url = "url" in code
    ? code.url
    : URL.createObjectURL(new Blob([code.script], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const release = () => {
    if (!("url" in code)) URL.revokeObjectURL(url);
  };
  worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => {
    if (data === null) release();
    onAnswer(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    onEnd(new Error(event.message || "its code could not be loaded"));
  };
  return {
    post: (job, transfer) => worker.postMessage(job, transfer),
    hold: () => {},
    terminate: () => {
      release();
      worker.terminate();
      return Promise.resolve();
    },
  };
}
