/**
 * Result of an input, as a receiver's program takes it.
 *
 * @module
 */

import type { Plan } from "../../kernels/plan/plan.ts";

/** A result that has arrived. */
export interface ReceivedOutput {
  /** Plan of the result. */
  readonly plan: Plan;
  /** Name that the sender gave the input. */
  readonly label: string;
  /** Result, of the type that a session of the plan returns. */
  // deno-lint-ignore no-explicit-any -- the plan's name selects the type
  readonly output: any;
  /** IP address of the sender. */
  readonly sender: string;
}
