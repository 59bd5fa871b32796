/**
 * A plan's timeline as a trace for Chrome's tracing page and Perfetto.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { type Lane, planTimeline, type Span } from "./timeline.ts";

/** Event of a trace: `X` is a stretch of time, `M` names a process or a thread. */
export interface TraceEvent {
  /** Kind of event. */
  readonly ph: "X" | "M";
  /** Label of the event, or type of the name. */
  readonly name: string;
  /** Process id; always 1, the device. */
  readonly pid: number;
  /** Thread id: the lane. */
  readonly tid: number;
  /** Category: the kind of span. */
  readonly cat?: string;
  /** Start time, in microseconds. */
  readonly ts?: number;
  /** Duration, in microseconds. */
  readonly dur?: number;
  /** Colour, by Chrome's names. */
  readonly cname?: string;
  /** Exact cycles, and further details. */
  readonly args: Readonly<Record<string, string | number>>;
}

/** Contents of a trace file. Plain data. */
export interface Trace {
  /** Events of all lanes. */
  readonly traceEvents: readonly TraceEvent[];
  /** Time unit of viewers. */
  readonly displayTimeUnit: "ns";
  /** Origin of the times, and clock of the device. */
  readonly otherData: Readonly<Record<string, string | number>>;
}

const COLOURS: Partial<Record<Span["kind"], string>> = { stall: "terrible", wait: "grey" };

/**
 * Creates the trace of a plan's first flow.
 *
 * @param plan Plan to simulate.
 * @returns The trace; `JSON.stringify` yields the file.
 *
 * @example
 * ```ts
 * import { compile, MODEL_PROFILE } from "onpath";
 * import { planTrace } from "./trace.ts";
 * import assert from "node:assert/strict";
 *
 * const input = { dtype: "u8", shape: [48, 64, 3], layout: "HWC" } as const;
 * const plan = compile({ steps: [{ op: "resize", size: [24, 32] }] }, { input, device: MODEL_PROFILE });
 * assert.equal(planTrace(plan).traceEvents[0]!.name, "process_name");
 * ```
 */
export function planTrace(plan: ImagePlan): Trace {
  const { lanes, cycles } = planTimeline(plan);
  const { clockMHz, name } = plan.target;
  return {
    traceEvents: [
      named("process_name", 0, `${name} (simulated)`),
      ...lanes.flatMap((lane, at) => laneEvents(lane, at + 1, clockMHz)),
    ],
    displayTimeUnit: "ns",
    otherData: {
      note: "cycles are simulated from the plan; times follow from the profile's clock; no card was used",
      clockMHz,
      cycles,
      device: name,
      plan: plan.id,
    },
  };
}

function laneEvents({ name, spans }: Lane, tid: number, clockMHz: number): TraceEvent[] {
  return [
    named("thread_name", tid, name),
    { ...named("thread_sort_index", tid, ""), args: { sort_index: tid } },
    ...spans.map((span): TraceEvent => {
      const { kind, name, start, end, page, victim, request } = span;
      return {
        ph: "X",
        name,
        cat: kind,
        pid: 1,
        tid,
        ts: start / clockMHz,
        dur: (end - start) / clockMHz,
        ...(COLOURS[kind] === undefined ? {} : { cname: COLOURS[kind] }),
        args: {
          cycle: start,
          cycles: end - start,
          ...(page === undefined ? {} : { page }),
          ...(victim === undefined ? {} : { overwrites: victim }),
          ...(request === undefined ? {} : { requested: request }),
        },
      };
    }),
  ];
}

function named(what: string, tid: number, name: string): TraceEvent {
  return { ph: "M", name: what, pid: 1, tid, args: { name } };
}
