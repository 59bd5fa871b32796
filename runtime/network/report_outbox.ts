/**
 * Reports that a receiver owes its senders: of flows that have new answers, and again of flows that are complete.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Channel } from "./channel.ts";
import type { DatagramSocket } from "./datagram.ts";
import { encodeReport } from "./report_packet.ts";
import { batchOf } from "./socket/batch.ts";

/** Answers of a flow after which a report is sent at the end of a batch: half of a sender's first window. */
const REPORT_EVERY = 32;
/** Milliseconds after which a report is sent at the latest. */
const REPORT_MS = 1;
/** Complete flows whose last reports are kept. */
const MAX_COMPLETE = 512;

/** Where reports of an input go. */
export interface ReportTarget {
  readonly channel: Channel;
  readonly reports: Address;
}

/** A flow of which reports are sent. */
export interface ReportedFlow {
  /** Target of its reports. */
  readonly entry: ReportTarget;
  /** Requests of which all answers have arrived. */
  readonly arrivals: Arrivals;
  /** Answers since the last report. */
  unreported: number;
}

/** Reports to send. */
export class ReportOutbox {
  /** Sends the reports. Must be set before a batch ends with any. */
  socket: DatagramSocket | undefined;
  readonly #dirty = new Set<ReportedFlow>();
  // Whether reports are sent at the end of the batch.
  #isDue = false;
  // Last reports of complete flows. A sender that has lost one repeats a request and gets it again.
  readonly #complete = new Map<number, { readonly report: Uint8Array; readonly to: ReportTarget }>();
  readonly #onForget: (flow: number, to: ReportTarget) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes an empty outbox.
   *
   * @param onForget Called when the last report of a complete flow is dropped for a newer one.
   */
  constructor(onForget: (flow: number, to: ReportTarget) => void) {
    this.#onForget = onForget;
  }

  /** Takes note of an answer. With `isLast` its report leaves at the end of the batch. */
  note(flow: ReportedFlow, isLast: boolean): void {
    if (flow.unreported === 0) this.#dirty.add(flow);
    if (++flow.unreported >= REPORT_EVERY || isLast) this.#isDue = true;
  }

  /** Sends what is due at the end of a batch, or starts the time after which the rest is. */
  endBatch(): void {
    // A sender repeats what is missing before an answer, so that report does not wait.
    for (const { arrivals } of this.#dirty) this.#isDue ||= arrivals.hasNewGap;
    // Reports of all flows leave together: a call of the socket costs more than what it carries.
    if (this.#isDue) this.#sendAll();
    else if (this.#dirty.size > 0) this.#timer ??= setTimeout(() => this.#sendLate(), REPORT_MS);
  }

  /** Keeps the last report of a complete flow. */
  keep(flow: number, { arrivals, entry: { channel, reports } }: ReportedFlow): void {
    this.#complete.set(flow, { report: encodeReport(arrivals.report()), to: { channel, reports } });
    const [oldest] = this.#complete.keys();
    if (this.#complete.size <= MAX_COMPLETE) return;
    this.#onForget(oldest!, this.#complete.get(oldest!)!.to);
    this.#complete.delete(oldest!);
  }

  /** Whether the last report of a flow is kept. */
  keeps(flow: number): boolean {
    return this.#complete.has(flow);
  }

  /** Sends the last report of a complete flow again. Returns whether there is one. */
  repeat(flow: number): boolean {
    const last = this.#complete.get(flow);
    if (last !== undefined) this.#send([last.report], last.to);
    return last !== undefined;
  }

  /** Drops the last report of a complete flow, because its number is used anew. */
  reuse(flow: number): void {
    this.#complete.delete(flow);
  }

  /** Drops what a flow that has ended still owes. */
  drop(flow: ReportedFlow): void {
    flow.unreported = 0;
    this.#dirty.delete(flow);
  }

  /** Drops all reports. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dirty.clear();
    this.#complete.clear();
  }

  #sendLate(): void {
    this.#timer = undefined;
    this.#sendAll();
  }

  /** Sends a report of each flow that has answers since its last one, those to one address in one call. */
  #sendAll(): void {
    this.#isDue = false;
    while (this.#dirty.size > 0) {
      const reports: Uint8Array[] = [];
      let to: ReportTarget | undefined;
      for (const flow of this.#dirty) {
        to ??= flow.entry;
        if (flow.entry.channel !== to.channel || flow.entry.reports.port !== to.reports.port) continue;
        flow.unreported = 0;
        this.#dirty.delete(flow);
        reports.push(encodeReport(flow.arrivals.report()));
      }
      this.#send(reports, to!);
    }
  }

  #send(reports: readonly Uint8Array[], { channel: { keys }, reports: to }: ReportTarget): void {
    const batch = batchOf(reports);
    void this.socket!.send(keys?.mac("report").seal(batch) ?? batch, to);
  }
}
