/**
 * The two halves of a flow. On a network they are two hosts; in one process a loop joins them.
 *
 * Placed flows: every packet stands alone, and what is missing is named by sequence numbers. Sequential flows: the
 * device keeps state between packets, so after a loss a new flow begins at the resume offset.
 *
 * @module
 */

import type { PacketSlots } from "./packets.ts";

/** First and last number of a range, both included. */
export type Range = readonly [first: number, last: number];

/** Request of the receiving half. Plain data, so it can travel back in a packet. */
export interface Missing {
  /** Flow that the packets sent next must carry. A number other than before begins a new flow. */
  readonly flow: number;
  /** Placed: sequence numbers of missing answers. Sequential: one range of input offsets, from the resume offset. */
  readonly ranges: readonly Range[];
}

/** The sending half: has the input. */
export interface Outgoing {
  /**
   * Writes the packets that are due next.
   *
   * @param slots Slots for requests.
   * @param slot First free slot.
   * @param capacity Number of free slots.
   * @returns Number of packets written; 0 if none is due now.
   */
  write(slots: PacketSlots, slot: number, capacity: number): number;
  /** Makes missing packets due again. */
  resend(missing: Missing): void;
}

/** The receiving half: has no input. */
export interface Incoming<Out> {
  /** Whether the result is complete. */
  readonly done: boolean;
  /**
   * Takes the answer in a slot.
   *
   * @returns Outcome by name, such as `accepted`, `duplicate` or the check that failed.
   */
  accept(slots: PacketSlots, slot: number): string;
  /**
   * Lists what is missing, once every request has been answered or lost.
   *
   * @param sent Requests of the current flow that were sent.
   * @returns The missing packets, or null if nothing is missing.
   */
  missing(sent: number): Missing | null;
  /** Gives the result. Valid once `done` is true. */
  result(): Out;
}

// A late answer to an earlier run must meet no open flow, so numbers start at random and never repeat in a process.
let nextFlow = crypto.getRandomValues(new Uint32Array(1))[0]!;

/** Returns an unused flow number, 32 bits. */
export function newFlow(): number {
  const flow = nextFlow;
  nextFlow = (flow + 1) % 2 ** 32;
  return flow;
}

/** Packets that a flow sent. */
export interface FlowCounts {
  /** Requests sent, repeated ones included. */
  sent: number;
  /** Requests sent again, or sent in vain. */
  resent: number;
}

/** Progress of a run, in units of `total`. */
export interface Progress {
  /** Packets or texts that are complete. */
  readonly done: number;
  /** Packets or texts in all. */
  readonly total: number;
}

/**
 * Both halves of a flow, joined in one process: what a packet loop sees. After each exchange the loop calls
 * `settle()`, because every request has then been answered or lost.
 */
export interface PacketFlow extends Pick<Outgoing, "write"> {
  /** Whether the result is complete. */
  readonly done: boolean;
  /** Tries in a row that brought no progress; the loop compares it with `retries`. */
  readonly idle: number;
  /** Packets that were sent. */
  readonly counts: Readonly<FlowCounts>;
  /** Progress in packets, where the flow knows its length. */
  readonly progress?: Progress | undefined;
  /** Whether a flow number belongs to it. */
  owns(flow: number): boolean;
  /** Takes the answer in a slot and names the outcome. */
  accept(slots: PacketSlots, slot: number): string;
  /** Makes what was lost due again. */
  settle(): void;
  /** The device lost its state: makes everything unanswered due again, without counting a try. */
  restart(): void;
  /** Describes what is missing after so many tries. */
  gap(tries: number, outcomes: Readonly<Record<string, number>>): Error;
}
