/**
 * Spans of a server through OpenTelemetry's interface. An SDK that the process has registered exports them; without one
 * they have no effect.
 *
 * @module
 */

import { context, propagation, trace } from "@opentelemetry/api";
import metadata from "../../deno.json" with { type: "json" };
import type { ServeTracer } from "../../runtime/serve/observer.ts";
import type { ServeOptions } from "../../runtime/serve/server.ts";

/** Options of a handler and a server with spans. */
export interface Telemetry extends Required<Pick<ServeOptions, "contextOf">> {
  /** Source of spans. */
  readonly tracer: ServeTracer;
}

/** Returns the tracer of the process, and the function that reads `traceparent` from headers. */
export function openTelemetry(): Telemetry {
  return {
    tracer: trace.getTracer("onpath", metadata.version),
    contextOf: (headers) => propagation.extract(context.active(), headers),
  };
}
