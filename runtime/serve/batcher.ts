/**
 * Bounded queue of one model, whose items run in batches. A batch starts when it is full, or when its oldest item has
 * been in the queue for the stated delay.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { busy, isInputError } from "./failures.ts";

/** Maximum items, delay and batches of one model. */
export interface QueueLimits {
  /** Maximum items of a batch. */
  readonly maxBatch: number;
  /** Maximum milliseconds that an item stays in the queue for others, if no batch runs. */
  readonly maxDelayMs: number;
  /** Maximum items in the queue. */
  readonly maxQueue: number;
  /** Maximum batches that run at once. */
  readonly maxRunning: number;
}

/** Limits that are left out have their defaults. */
export type OptionalLimits<Limits> = { readonly [Name in keyof Limits]?: Limits[Name] | undefined };

/** Options of {@linkcode createBatcher}. */
export interface BatcherOptions<Item, Result> extends QueueLimits {
  /** Name of the model, for messages. */
  readonly name: string;
  /** Runs a batch. An item that fails alone has its error in place of a result. */
  readonly run: (items: readonly Item[], signal: AbortSignal) => Promise<readonly (Result | OnpathError)[]>;
  /** Called when a batch has ended. */
  readonly onBatch?: ((items: number, ms: number) => void) | undefined;
  /** Clock of the delay. */
  readonly clock?: Clock | undefined;
}

/** Options of one submission. */
export interface SubmitOptions extends WaitOptions {
  /** Called when the first item leaves the queue. */
  readonly onStart?: (() => void) | undefined;
}

/** Queue of a model. */
export interface Batcher<Item, Result> {
  /**
   * Queues items, which may run in different batches.
   *
   * @returns Results in the order of the items.
   * @throws {OnpathError} `busy` if the queue has no room, `size` if it never has; `timeout`; the error of the first
   * item that fails; the signal's reason.
   */
  readonly submit: (items: readonly Item[], options: SubmitOptions) => Promise<Result[]>;
  /** Returns the items in the queue, and the batches that run. */
  readonly counts: () => { readonly waiting: number; readonly running: number };
  /** Runs what is queued without delay, from now on. */
  readonly hurry: () => void;
}

/** Submission whose results are pending. */
interface Ticket<Result> {
  readonly results: Result[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly onStart: (() => void) | undefined;
  left: number;
  hasStarted: boolean;
  hasLeft: boolean;
}

/** Item of a submission. */
interface Entry<Item, Result> {
  readonly ticket: Ticket<Result>;
  readonly index: number;
  readonly item: Item;
  readonly since: number;
}

/** Batch that runs. */
interface Batch<Item, Result> {
  readonly entries: readonly Entry<Item, Result>[];
  readonly controller: AbortController;
}

/**
 * Creates a queue.
 *
 * @param options Limits, and the function that runs a batch.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { name, maxBatch, maxDelayMs, maxQueue, maxRunning, clock = SYSTEM_CLOCK } = options;
  const batches = new Set<Batch<Item, Result>>();
  let waiting: Entry<Item, Result>[] = [];
  let isHurried = false;
  let cancelTimer: (() => void) | undefined;

  /** Starts all batches that are due, and sets the timer of the next one. */
  const startDue = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    while (batches.size < maxRunning && waiting.length > 0) {
      const restMs = isHurried || waiting.length >= maxBatch
        ? 0
        : waiting[0]!.since + maxDelayMs - clock.now();
      if (restMs > 0) {
        cancelTimer = clock.after(restMs, startDue);
        return;
      }
      void runBatch(waiting.splice(0, maxBatch));
    }
  };

  const runBatch = async (entries: readonly Entry<Item, Result>[]): Promise<void> => {
    const batch = { entries, controller: new AbortController() };
    batches.add(batch);
    for (const { ticket } of entries) {
      if (!ticket.hasStarted) ticket.onStart?.();
      ticket.hasStarted = true;
    }
    const start = clock.now();
    try {
      await runEntries(entries, batch.controller.signal);
    } finally {
      batches.delete(batch);
      options.onBatch?.(entries.length, clock.now() - start);
      startDue();
    }
  };

  const runEntries = async (entries: readonly Entry<Item, Result>[], signal: AbortSignal): Promise<void> => {
    try {
      const results = await options.run(entries.map(({ item }) => item), signal);
      if (results.length !== entries.length) {
        throw new OnpathError(
          "device",
          `Cannot run a batch of ${entries.length} on model ${name}: it returned ${results.length} results`,
          { expected: entries.length, found: results.length },
        );
      }
      for (const [at, entry] of entries.entries()) settle(entry, results[at]!);
    } catch (error) {
      // One item may have failed the batch: each runs alone, and has its own error.
      if (isInputError(error) && entries.length > 1) {
        for (const entry of entries) if (!entry.ticket.hasLeft) await runEntries([entry], signal);
      } else for (const { ticket } of entries) ticket.reject(error);
    }
  };

  const settle = ({ ticket, index }: Entry<Item, Result>, result: Result | OnpathError): void => {
    if (result instanceof OnpathError) return ticket.reject(result);
    ticket.results[index] = result;
    if (--ticket.left === 0) ticket.resolve();
  };

  /** Removes a submission that has ended early. A batch without others is aborted. */
  const leave = (ticket: Ticket<Result>): void => {
    ticket.hasLeft = true;
    waiting = waiting.filter((entry) => entry.ticket !== ticket);
    for (const { entries, controller } of batches) {
      // Not with the reason: a timeout of a request would count as a loss of the device.
      if (entries.every((entry) => entry.ticket.hasLeft)) controller.abort();
    }
    startDue();
  };

  return {
    submit: async (items, { onStart, signal, timeoutMs }) => {
      signal?.throwIfAborted();
      if (items.length > maxQueue) {
        throw new OnpathError(
          "size",
          `Cannot infer a batch of ${items.length} with model ${name}: expected at most ${maxQueue}`,
          { items: items.length, most: maxQueue },
        );
      }
      if (waiting.length + items.length > maxQueue) {
        throw busy(`${waiting.length} of at most ${maxQueue} items are queued for model ${name}`, 429);
      }
      if (items.length === 0) return [];
      const { promise, resolve, reject } = newPromise();
      const ticket: Ticket<Result> = {
        results: new Array<Result>(items.length),
        resolve,
        reject,
        onStart,
        left: items.length,
        hasStarted: false,
        hasLeft: false,
      };
      const since = clock.now();
      for (const [index, item] of items.entries()) waiting.push({ ticket, index, item, since });
      const done = bounded(`model ${name}`, promise, { signal, timeoutMs });
      startDue();
      try {
        await done;
      } catch (error) {
        leave(ticket);
        throw error;
      }
      return ticket.results;
    },
    counts: () => ({ waiting: waiting.length, running: batches.size }),
    hurry: () => {
      isHurried = true;
      startDue();
    },
  };
}

/** Creates a promise with its functions. */
function newPromise(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((...functions) => [resolve, reject] = functions);
  return { promise, resolve, reject };
}
