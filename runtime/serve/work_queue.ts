/**
 * Bounded queue of synchronous work. A call that finds the queue idle runs at once, without a timer or a promise of its
 * own; calls that arrive meanwhile run in order, a few between two looks at the network.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { checkInteger } from "../../serialize/errors.ts";
import {
  bounded,
  type Deferred,
  deferred,
  MAX_TIMEOUT_MS,
  timedOut,
  type WaitOptions,
} from "../../serialize/wait.ts";
import type { Clock } from "./clock.ts";
import { busy } from "./failures.ts";

/** Options of {@linkcode createWorkQueue}. */
export interface WorkQueueOptions {
  /** Name of the model, for messages. */
  readonly name: string;
  /** Maximum calls in the queue. */
  readonly maxQueue: number;
  /** Maximum and default timeout of a call in the queue, in milliseconds. */
  readonly longestMs: number;
  /** Called when calls have run one after the other. */
  readonly onBatch: (items: number, ms: number) => void;
  /** Clock of the times. */
  readonly clock: Clock;
}

/** Timeout and signal of the time in the queue. */
export interface QueueWait extends WaitOptions {
  /** Whether the signal is aborted, if `signal` is made at its first use: a call that runs at once does without it. */
  readonly hasLeft?: boolean | undefined;
}

/** Queue of synchronous work. */
export interface WorkQueue {
  /**
   * Runs a call in its turn.
   *
   * @param call Work. An error that is the project's becomes the rejection.
   * @param wait Timeout and signal of the time in the queue.
   * @param onStart Called when the call leaves the queue; not if it never was in it.
   * @throws {OnpathError} `busy` if the queue is full; `timeout`; the signal's reason; the error of the call.
   */
  readonly run: <Result>(
    call: () => Result,
    wait: QueueWait,
    onStart: () => void,
  ) => Result | Promise<Result>;
  /** Returns the calls in the queue, and 1 while others run. */
  readonly counts: () => { readonly waiting: number; readonly running: number };
}

/** A call in the queue. */
interface Entry {
  readonly call: () => unknown;
  readonly result: Deferred<unknown>;
  readonly onStart: () => void;
  readonly signal: AbortSignal | undefined;
}

/** Calls that run between two looks at the network. */
const MAX_BATCH = 32;

/**
 * Creates a queue.
 *
 * @param options Name, limit and callbacks.
 */
export function createWorkQueue({ name, maxQueue, longestMs, onBatch, clock }: WorkQueueOptions): WorkQueue {
  let waiting: Entry[] = [];
  let isBusy = false;

  /** Runs the next calls; without any, the next one to arrive runs at once. */
  const drain = (): void => {
    if (waiting.length === 0) {
      isBusy = false;
      return;
    }
    const entries = waiting.splice(0, MAX_BATCH);
    const start = clock.now();
    for (const { call, result, onStart, signal } of entries) {
      if (signal?.aborted) continue;
      onStart();
      try {
        result.resolve(call());
      } catch (error) {
        result.reject(error);
      }
    }
    onBatch(entries.length, clock.now() - start);
    setImmediate(drain);
  };

  const enqueue = async <Result>(
    call: () => Result,
    { signal, timeoutMs = longestMs }: WaitOptions,
    onStart: () => void,
  ): Promise<Result> => {
    if (waiting.length >= maxQueue) {
      throw busy(`${waiting.length} of at most ${maxQueue} items are queued for model ${name}`, 429);
    }
    const entry: Entry = { call, result: deferred(), onStart, signal };
    waiting.push(entry);
    try {
      const wait = { signal, timeoutMs: Math.min(timeoutMs, longestMs) };
      return await bounded(`model ${name}`, entry.result.promise, wait) as Result;
    } catch (error) {
      waiting = waiting.filter((each) => each !== entry);
      throw error;
    }
  };

  return {
    run: (call, wait, onStart) => {
      if (wait.hasLeft !== false) wait.signal?.throwIfAborted();
      if (wait.timeoutMs !== undefined && !(wait.timeoutMs > 0)) {
        // A deadline that has passed is 0 or less. NaN is none: it would never end a wait.
        if (!(wait.timeoutMs <= 0)) {
          checkInteger("timeout in milliseconds", wait.timeoutMs, 0, MAX_TIMEOUT_MS);
        }
        throw timedOut(`model ${name}`, wait.timeoutMs);
      }
      if (isBusy) return enqueue(call, wait, onStart);
      isBusy = true;
      queueMicrotask(drain);
      const start = clock.now();
      try {
        return call();
      } finally {
        onBatch(1, clock.now() - start);
      }
    },
    counts: () => ({ waiting: waiting.length, running: isBusy ? 1 : 0 }),
  };
}
