/**
 * Reports of a NIC to the senders of sequential flows: the requests that it lacks, takes and holds.
 *
 * The NIC is the one that holds requests, so it knows first which one is missing. A report follows each batch of
 * datagrams in which a request had to be held, 8 requests that were taken, or 1 ms. It goes to the host of the control
 * connection that registered the flow, and is shorter than a request.
 *
 * @module
 */

import type { NicFlow } from "./nic_tables.ts";
import { encodeReport } from "./report_packet.ts";

/** Requests after which a report is sent with the batch. */
const REPORT_EVERY = 8;
/** Milliseconds after which a report is sent at the latest. */
const REPORT_MS = 1;

interface Noted {
  readonly flow: NicFlow;
  count: number;
  hasGap: boolean;
}

/** Reports that are due. */
export class NicReports {
  /** Reports sent. */
  sent = 0;
  readonly #send: (report: Uint8Array, number: number, flow: NicFlow) => void;
  readonly #noted = new Map<number, Noted>();
  #isDue = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes an empty list.
   *
   * @param send Sends a report to the owner of a flow.
   */
  constructor(send: (report: Uint8Array, number: number, flow: NicFlow) => void) {
    this.#send = send;
  }

  /**
   * Notes a request that was taken or held.
   *
   * @param number Flow number.
   * @param flow Sequential flow.
   * @param hasGap Whether a request before it is missing.
   */
  note(number: number, flow: NicFlow, hasGap: boolean): void {
    if (flow.reports === undefined) return;
    let noted = this.#noted.get(number);
    if (noted === undefined) this.#noted.set(number, noted = { flow, count: 0, hasGap: false });
    noted.count++;
    noted.hasGap ||= hasGap;
    this.#isDue ||= hasGap || noted.count >= REPORT_EVERY;
    this.#timer ??= setTimeout(() => this.#sendDue(() => true), REPORT_MS);
  }

  /** Sends the reports that no longer wait, after a batch of datagrams. */
  flush(): void {
    if (!this.#isDue) return;
    this.#sendDue(({ count, hasGap }) => hasGap || count >= REPORT_EVERY);
  }

  #sendDue(isDue: (noted: Noted) => boolean): void {
    this.#isDue = false;
    for (const [number, noted] of this.#noted) {
      if (!isDue(noted)) continue;
      this.#noted.delete(number);
      this.sent++;
      const report = encodeReport({ kind: "held", flow: number, ...noted.flow.order!.report() });
      this.#send(report, number, noted.flow);
    }
    if (this.#noted.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Forgets all reports. */
  close(): void {
    this.#noted.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
