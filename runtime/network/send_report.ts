/**
 * Options and report of sending one input.
 *
 * @module
 */

import type { WaitOptions } from "../../serialize/wait.ts";

/** Options of one input. */
export interface SendOptions extends WaitOptions {
  /** Name of the input for the receiver's program, at most 200 characters. Default empty. */
  readonly label?: string | undefined;
}

/** What sending an input took. */
export interface SendReport {
  /** Requests sent, including repeated ones. */
  readonly sent: number;
  /** Requests sent again. */
  readonly resent: number;
  /** Flows and stretches computed on this host, by the reason. */
  readonly fallbacks: Readonly<Partial<Record<FallbackReason, number>>>;
  /** Times that the input's flows were registered again after the NIC was restarted. */
  readonly restarts: number;
}

/**
 * Reason why the sender computed a part itself. `escape`: the device gave the flow up. `restart`: the NIC lost its
 * state. `stall`: the NIC could not keep its order. `seam`: overlapping chunks of a text share no boundary.
 */
export type FallbackReason = "escape" | "restart" | "stall" | "seam";
