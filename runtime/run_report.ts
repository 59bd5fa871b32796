/**
 * Reports of runs.
 *
 * @module
 */

import type { Work } from "../kernels/workload.ts";
import type { DeviceCounters } from "./device/device.ts";
import type { RunAccount } from "./run_watch.ts";

/** Report of a run. Times are measured in this process and do not describe a card. */
export interface RunReport {
  /** Requests sent, including repeated ones. */
  readonly sent: number;
  /** Requests sent again, and requests of abandoned flows. */
  readonly resent: number;
  /** Escapes: flows that the device gave up, for text. */
  readonly escapes: number;
  /** Bytes of input that the host processed because the device could not, for text. */
  readonly hostBytes: number;
  /** Stretches tokenized again because their chunks shared no boundary, for text in chunks. */
  readonly retries: number;
  /** Tokens received and dropped, for text in chunks. */
  readonly removed: number;
  /** Inputs computed on the host without packets, by the cpu device. Nothing is sent for them. */
  readonly direct: number;
  /** Reason why the host ran the inputs in place of the device; see `fallback` of the session's options. */
  readonly fallbackReason?: string | undefined;
  /** Answers, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds of host time spent writing packets. */
  readonly serializeMs: number;
  /** Milliseconds spent waiting for the device. */
  readonly deviceMs: number;
  /** Milliseconds of host time spent processing answers. */
  readonly reassembleMs: number;
  /** Counters of the device that ran the inputs, since it was opened. */
  readonly counters: DeviceCounters;
}

/** Result and report of a run. */
export interface RunResult<Out> {
  /** Result of the plan. The caller owns its memory. */
  readonly output: Out;
  /** Counts and times of the run. */
  readonly report: RunReport;
}

const NONE = { sent: 0, resent: 0, escapes: 0, hostBytes: 0, retries: 0, removed: 0 };

/** Report of a run by packets. */
export function packetReport(
  works: readonly Work<unknown>[],
  { times, outcomes }: RunAccount,
  counters: DeviceCounters,
): RunReport {
  const sum = { ...NONE };
  for (const { counts } of works.flatMap((work) => work.flows)) {
    const found = counts as Partial<typeof sum>;
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += found[name] ?? 0;
  }
  return { ...sum, direct: 0, outcomes, ...times, counters };
}

/** Report of inputs that the host computed without packets. */
export function directReport(inputs: number, deviceMs: number, counters: DeviceCounters): RunReport {
  return { ...NONE, direct: inputs, outcomes: {}, serializeMs: 0, deviceMs, reassembleMs: 0, counters };
}
