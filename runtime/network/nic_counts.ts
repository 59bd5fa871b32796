/**
 * Counts of a soft NIC.
 *
 * @module
 */

import type { ControlCounts } from "./connect.ts";
import type { PeerCounts } from "./security/peers.ts";

/**
 * Reason why a NIC dropped a datagram. `program`: it does not hold the plan. `flow`: the flow was not registered.
 * `peer`: it came from another host than its flow. `full`: the queue was full. `late`, `window`: outside the bounded
 * order of a sequential flow. `destination`: its receiver is not connected. `mac`: it is not authenticated. `replay`: it
 * is a copy of an earlier datagram. `limit`: its host is over its limits. Others are header checks.
 */
export type NicDrop = string;

/**
 * Counts since a NIC was opened. Every datagram is counted once: `received` is the sum of `foreign`, of `requests` less
 * `released`, of `held`, `repeated`, and of what was dropped before a device.
 */
export interface NicCounts {
  /** Datagrams received. */
  readonly received: number;
  /** Datagrams that were no packets, by whether they were passed on. */
  readonly foreign: number;
  /** Foreign datagrams that were passed on untouched. */
  readonly passed: number;
  /** Requests given to devices. */
  readonly requests: number;
  /** Answers sent. */
  readonly answers: number;
  /** Answers sent again from the kept ones. */
  readonly repeats: number;
  /** Requests whose kept answers were sent again. */
  readonly repeated: number;
  /** Reports sent to senders of sequential flows. */
  readonly reports: number;
  /** Requests held until preceding ones arrived. */
  readonly held: number;
  /** Held requests given to devices. */
  readonly released: number;
  /** Datagrams dropped, by reason. */
  readonly dropped: Readonly<Record<NicDrop, number>>;
  /** Programs that are loaded. */
  readonly programs: number;
  /** Flows that are registered. */
  readonly flows: number;
  /** Control connections. */
  readonly connections: number;
  /** Connections that were refused, and messages by what became of them. */
  readonly control: Readonly<ControlCounts>;
  /** Counts of each host that has or had a control connection, by IP address. */
  readonly peers: Readonly<Record<string, PeerCounts>>;
  /** Processor time of the NIC's process in milliseconds, user and system. */
  readonly cpuMs: number;
}
