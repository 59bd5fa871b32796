/**
 * One stretch of text on its way through a device.
 *
 * @module
 */

import type { PacketSlots } from "../../../serialize/packets.ts";
import type { TextWriter } from "../../../serialize/text/text_writer.ts";
import type { TokenOutcome } from "../../../serialize/text/flow_append.ts";
import type { TokenRun } from "../../../serialize/text/token_run.ts";
import type { HostTail } from "./host_tail.ts";
import type { TextPlan } from "../plan/plan.ts";

/** What all jobs of a session share. */
export interface TextContext {
  /** The plan. */
  readonly plan: TextPlan;
  /** Writes packets. */
  readonly writer: TextWriter;
  /** By id: bytes of text that it stands for; 0 where there is no such id. */
  readonly lengthOf: Int32Array;
  /** Makes the host's engine. */
  readonly makeTail: () => HostTail;
}

/** What a job did. */
export interface TextJobCounts {
  /** Packets sent. */
  sent: number;
  /** Packets sent again, or in vain. */
  resent: number;
  /** Times that the device gave a flow up. */
  escapes: number;
  /** Bytes that the host tokenized. */
  hostBytes: number;
  /** Stretches that were done again because chunks shared no boundary. */
  retries: number;
  /** Tokens that came and were not taken: twice there, or not confirmed. */
  removed: number;
}

/** Counts of nothing. */
export function newJobCounts(): TextJobCounts {
  return { sent: 0, resent: 0, escapes: 0, hostBytes: 0, retries: 0, removed: 0 };
}

/** One stretch of text on its way. Jobs of one exchange are written packet by packet in turns. */
export interface PacketJob {
  /** Whether all of it is there. */
  readonly done: boolean;
  /** Exchanges in a row that brought nothing. */
  readonly idle: number;
  /** Writes the next packet that is to be sent; false where there is none now. */
  write(slots: PacketSlots, slot: number): boolean;
  /** Whether a flow is its own. */
  owns(flow: number): boolean;
  /** Takes an answer. */
  accept(slots: PacketSlots, slot: number): TokenOutcome;
  /** All answers of an exchange are there, or never come. */
  settle(): void;
}

/** One stretch of text that becomes tokens. */
export interface TextJob extends PacketJob {
  /** Its tokens; those up to the last end of a piece are for certain. */
  readonly run: TokenRun;
  /** What it did. */
  readonly counts: TextJobCounts;
}
