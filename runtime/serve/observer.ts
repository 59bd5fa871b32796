/**
 * Observation of a server: callbacks for metrics, and spans. Both are plain interfaces, so that the library needs no
 * package for them; those of `@opentelemetry/api` fit.
 *
 * @module
 */

/** A request that has ended. */
export interface RequestEvent {
  /** Name of the model. */
  readonly model: string;
  /** `ok`, the code of an error, `aborted` if the client has left, or `unexpected`. */
  readonly outcome: string;
  /** Items of the request; 0 if it was refused before they were counted. */
  readonly items: number;
  /** Milliseconds in the queue. */
  readonly queueMs: number;
  /** Milliseconds from its start to its end. */
  readonly totalMs: number;
}

/** A batch that has ended. */
export interface BatchEvent {
  /** Name of the model. */
  readonly model: string;
  /** Items of the batch. */
  readonly items: number;
  /** Milliseconds from its start to its end. */
  readonly ms: number;
}

/** Callbacks for metrics. They must not throw. */
export interface ServeObserver {
  /** Called at the end of every request for a known model. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  /** Called at the end of every batch. */
  readonly onBatch?: ((event: BatchEvent) => void) | undefined;
  /** Called for every HTTP response, with its status and the length of the body received and sent. */
  readonly onResponse?: ((status: number, bytesIn: number, bytesOut: number) => void) | undefined;
  /** Called at the end of every gRPC call that reached a method, with the name of its status and its bytes. */
  readonly onCall?:
    | ((method: string, status: string, bytesIn: number, bytesOut: number) => void)
    | undefined;
}

/** Span of a trace, as in OpenTelemetry. */
export interface ServeSpan {
  /** Adds an attribute. */
  setAttribute(name: string, value: string | number): unknown;
  /** Adds an error. */
  recordException(error: Error): void;
  /** Sets the status: 1 for success, 2 for an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends the span. */
  end(): void;
}

/** Source of spans, as in OpenTelemetry. */
export interface ServeTracer {
  /** Starts a span; `kind` 1 is a server's. The context is that of the caller's span. */
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: Record<string, string | number> },
    // deno-lint-ignore no-explicit-any -- a context of the tracer's own package, passed on unread
    context?: any,
  ): ServeSpan;
}

/** `SpanKind.SERVER` of OpenTelemetry. */
export const SPAN_SERVER = 1;

/** `SpanStatusCode.OK` and `ERROR` of OpenTelemetry. */
export const SPAN_STATUS = { ok: 1, error: 2 } as const;
