/**
 * Handler of inference requests: its interface, options and limits.
 *
 * @module
 */

import { checkInteger } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { OptionalLimits, QueueLimits } from "./batcher.ts";
import type { Clock } from "./clock.ts";
import type { AnyInferenceModel } from "./model.ts";
import type { ServeObserver, ServeTracer } from "./observer.ts";
import type { InferenceResponse } from "./response.ts";
import type { InferenceTensor } from "./tensors.ts";

/** Request for one model. */
export interface InferenceRequest {
  /** Name of the model. */
  readonly model: string;
  /** Version of the model; any if absent. */
  readonly version?: string | undefined;
  /** Identifier that the response repeats. */
  readonly id?: string | undefined;
  /** Input tensors. */
  readonly inputs: readonly InferenceTensor[];
  /** Names of the outputs; all if absent. */
  readonly outputs?: readonly string[] | undefined;
}

/** Options of one request. */
export interface InferOptions extends WaitOptions {
  /** Context of the caller's span, in the tracer's own form. */
  readonly context?: unknown;
}

/** Options of `createHandler()`. */
export interface HandlerOptions extends OptionalLimits<QueueLimits> {
  /** Models by their names. The handler starts and closes them. */
  readonly models: readonly AnyInferenceModel[];
  /** Maximum milliseconds of a request, 1 to 3,600,000. Default 30,000. A request may ask for less. */
  readonly timeoutMs?: number | undefined;
  /** Callbacks for metrics. */
  readonly observer?: ServeObserver | undefined;
  /** Source of spans; one for each request. */
  readonly tracer?: ServeTracer | undefined;
  /** Clock of delays and times. */
  readonly clock?: Clock | undefined;
}

/** State of a model. */
export interface ModelCounts {
  /** Name of the model. */
  readonly model: string;
  /** Items in its queue. */
  readonly waiting: number;
  /** Batches that run. */
  readonly running: number;
}

/** Handler of inference requests. */
export interface InferenceHandler extends AsyncDisposable {
  /** Models, in the order of the options. */
  readonly models: readonly AnyInferenceModel[];
  /** Callbacks for metrics, which the HTTP server calls too. */
  readonly observer: ServeObserver;
  /** Whether all models have started, and requests are accepted. */
  readonly isReady: () => boolean;
  /** Starts all models. */
  readonly start: (options?: WaitOptions) => Promise<void>;
  /**
   * Finds a model.
   *
   * @throws {OnpathError} `plan` with status 404 if its name or version is unknown.
   */
  readonly find: (name: string, version?: string) => AnyInferenceModel;
  /**
   * Runs a request.
   *
   * @throws {OnpathError} `pipeline`, `dtype`, `shape` or `size` if it does not match the model; `busy` if the queue is
   * full or the handler closes; `timeout`; the errors of the model; the signal's reason.
   */
  readonly infer: (request: InferenceRequest, options?: InferOptions) => Promise<InferenceResponse>;
  /** Returns the state of every model's queue. */
  readonly counts: () => ModelCounts[];
  /**
   * Refuses new requests, finishes those that run, and closes the models. Requests that exceed the timeout are aborted.
   *
   * @param options Timeout of the requests. Default 30,000 ms.
   */
  readonly close: (options?: WaitOptions) => Promise<void>;
}

/** Default limits of a model's queue. */
const LIMITS: QueueLimits = { maxBatch: 16, maxDelayMs: 2, maxQueue: 256, maxRunning: 1 };

/** Maximum of the queue's limits, so that memory stays bounded. */
const MOST: QueueLimits = { maxBatch: 4096, maxDelayMs: 60_000, maxQueue: 65_536, maxRunning: 64 };

/** Maximum of a request's timeout: an hour. */
export const MAX_REQUEST_MS = 3_600_000;

/**
 * Checks the limits of queues and fills in defaults.
 *
 * @throws {OnpathError} `size` if a limit is outside its own.
 */
export function readLimits(options: OptionalLimits<QueueLimits>): QueueLimits {
  const limits: { -readonly [name in keyof QueueLimits]: number } = { ...LIMITS };
  for (const name of Object.keys(LIMITS) as (keyof QueueLimits)[]) {
    const value = options[name] ?? LIMITS[name];
    limits[name] = checkInteger(name, value, name === "maxDelayMs" ? 0 : 1, MOST[name]);
  }
  return limits;
}
