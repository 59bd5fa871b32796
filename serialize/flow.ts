/**
 * Two halves of a flow: the sender and the receiver. On a network they are two hosts; in one process a loop
 * joins them.
 *
 * Placed flows: packets are independent, and missing ones are named by sequence number.
 * Sequential flows: the device keeps state between packets, so a new flow starts at the resume offset after a
 * loss.
 *
 * @module
 */

import type { PacketSlots } from "./packets.ts";

/** First and last number of a range, both inclusive. */
export type Range = readonly [first: number, last: number];

/** Request of the receiving half. Plain data, so it can travel back in a packet. */
export interface Missing {
  /** Flow number for the packets sent next. A changed number starts a new flow. */
  readonly flow: number;
  /**
   * Placed flow: sequence numbers of missing answers. Sequential flow: one range of input offsets from the
   * resume offset.
   */
  readonly ranges: readonly Range[];
}

/** Sending half: owns the input. */
export interface Outgoing {
  /**
   * Writes the packets that are due next.
   *
   * @param slots Slots for requests.
   * @param slot First free slot.
   * @param capacity Number of free slots.
   * @returns Number of packets written; 0 if no packet is due.
   */
  write(slots: PacketSlots, slot: number, capacity: number): number;
  /** Makes missing packets due again. */
  resend(missing: Missing): void;
}

/** Receiving half: builds the result without access to the input. */
export interface Incoming<Out> {
  /** Whether the result is complete. */
  readonly done: boolean;
  /**
   * Processes the answer in a slot.
   *
   * @returns Outcome by name, such as `accepted`, `duplicate` or the check that failed.
   */
  accept(slots: PacketSlots, slot: number): string;
  /**
   * Lists missing packets. Call it once every request was answered or lost.
   *
   * @param sent Number of requests sent in the current flow.
   * @returns Missing packets, or null if the flow is complete.
   */
  missing(sent: number): Missing | null;
  /** Returns the result. Valid once `done` is true. */
  result(): Out;
}

// Flow numbers start at random and do not repeat in a process. Late answers of an earlier run then match no
// open flow.
let nextFlow = crypto.getRandomValues(new Uint32Array(1))[0]!;

/**
 * Returns an unused flow number, 32 bits.
 *
 * @example
 * ```ts
 * import { newFlow } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.notEqual(newFlow(), newFlow());
 * ```
 */
export function newFlow(): number {
  const flow = nextFlow;
  nextFlow = (flow + 1) % 2 ** 32;
  return flow;
}

/** Packet counts of a flow. */
export interface FlowCounts {
  /** Requests sent, including repeated ones. */
  sent: number;
  /** Requests sent again, and requests of a flow that was abandoned. */
  resent: number;
}

/** Progress of a run, in units of `total`. */
export interface Progress {
  /** Packets or texts completed. */
  readonly done: number;
  /** Total packets or texts. */
  readonly total: number;
}

/**
 * Both halves of a flow in one process, as a packet loop uses them.
 * The loop calls `settle()` after each exchange, when every request was answered or lost.
 */
export interface PacketFlow extends Pick<Outgoing, "write"> {
  /** Whether the result is complete. */
  readonly done: boolean;
  /** Consecutive tries without progress. The loop compares it with `retries`. */
  readonly idle: number;
  /** Packets sent and resent so far. */
  readonly counts: Readonly<FlowCounts>;
  /** Progress in packets, if the flow knows its length. */
  readonly progress?: Progress | undefined;
  /** Returns whether a flow number belongs to this flow. */
  owns(flow: number): boolean;
  /** Processes the answer in a slot and returns the outcome by name. */
  accept(slots: PacketSlots, slot: number): string;
  /** Marks lost packets as due again. */
  settle(): void;
  /** Marks all unanswered packets as due again after the device lost its state. It counts no try. */
  restart(): void;
  /** Returns the error that describes what is missing after `tries` tries. */
  gap(tries: number, outcomes: Readonly<Record<string, number>>): Error;
}
