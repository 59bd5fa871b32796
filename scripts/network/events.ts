/**
 * Events of the programs on a path: a NIC, a receiver, a sender. With `--json` each is a line on stdout.
 *
 * @module
 */

import type { RelayCounts } from "../../runtime/network/mod.ts";
import type { FallbackReason } from "../../runtime/network/send_report.ts";

/** Counts of a program since it was ready. */
export interface PartyCounts {
  /** Seconds since it was ready. */
  readonly seconds: number;
  /** Processor time in milliseconds since it was ready, user and system. */
  readonly cpuMs: number;
  /** Datagrams received: of a NIC requests, of a receiver answers, of a sender reports. */
  readonly received: number;
  /** Datagrams sent: of a NIC answers, of a receiver reports, of a sender requests. */
  readonly sent: number;
  /** Of those, the ones that were sent again. */
  readonly repeats: number;
  /** Datagrams dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Faults of the program's own paths, made on purpose. */
  readonly path: RelayCounts;
  /** Further counts by name, which differ between programs. */
  readonly more: Readonly<Record<string, number>>;
}

/** A program takes packets. */
export interface ReadyEvent {
  /** Address of the datagrams. */
  readonly data: string;
  /** Address of the control channel; absent for a sender. */
  readonly control?: string;
}

/** A receiver has a result. */
export interface OutputEvent {
  /** Name that the sender gave the input. */
  readonly label: string;
  /** Host of the sender. */
  readonly sender: string;
  /** Bytes of the result as a file. */
  readonly bytes: number;
  /** SHA-256 of those bytes. */
  readonly sha256: string;
  /** Path of the file, if one was written. */
  readonly file?: string;
}

/** A sender has sent all inputs of a plan, and the receiver has the results. */
export interface SentEvent {
  /** Name of the plan. */
  readonly name: string;
  /** Input and work, in a few words. */
  readonly text: string;
  /** Labels of the inputs. */
  readonly labels: readonly string[];
  /** SHA-256 of each local result, in the order of the labels; empty without `--compare`. */
  readonly expected: readonly string[];
  /** Requests sent, including repeated ones. */
  readonly packets: number;
  /** Bytes of those datagrams. */
  readonly bytes: number;
  /** Requests sent again. */
  readonly repeats: number;
  /** Times that flows were registered again after a restart of the NIC. */
  readonly restarts: number;
  /** Flows completed on the sender, by the reason. */
  readonly fallbacks: Readonly<Partial<Record<FallbackReason, number>>>;
  /** Milliseconds from the first request to the last result. */
  readonly ms: number;
}

/** An event: one of the fields is set. */
export interface PartyEvent {
  readonly ready?: ReadyEvent;
  readonly counts?: PartyCounts;
  readonly output?: OutputEvent;
  readonly sent?: SentEvent;
  readonly end?: PartyCounts;
}

/** Takes events. */
export type Emit = (event: PartyEvent) => void;

/** A path without faults. */
export const NO_FAULTS: RelayCounts = {
  received: 0,
  sent: 0,
  lost: 0,
  duplicated: 0,
  corrupted: 0,
  reordered: 0,
};

/** Counts of a program that is not ready yet. */
export const NO_COUNTS: PartyCounts = {
  seconds: 0,
  cpuMs: 0,
  received: 0,
  sent: 0,
  repeats: 0,
  dropped: {},
  path: NO_FAULTS,
  more: {},
};

/** Adds counts of several paths. */
export function addPaths(paths: readonly Readonly<RelayCounts>[]): RelayCounts {
  const sum = { ...NO_FAULTS };
  for (const path of paths) {
    for (const name of Object.keys(sum) as (keyof RelayCounts)[]) sum[name] += path[name];
  }
  return sum;
}

/** Sums counts by reason. */
export function total(counts: Readonly<Record<string, number | undefined>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
