/**
 * Flows whose state a device holds, if it evicts the least recently used.
 *
 * @module
 */

import type { PagedFlow } from "../kernels/workload.ts";

/** Flows of one session on a device. */
export interface HeldStates {
  /** Notes that packets of a flow were written. */
  readonly write: (flow: PagedFlow) => void;
  /** Notes that a flow has nothing to send; its state is gone if it is done. */
  readonly finish: (flow: PagedFlow) => void;
  /**
   * Prepares a flow that was idle. One whose state was evicted goes on in a new flow. One among many does so too,
   * because its packet is then brief: it costs the bytes that the device held, and no exchange of its own.
   */
  readonly resume: (flow: PagedFlow, isCrowded: boolean) => void;
}

/**
 * Creates the record of a session.
 *
 * @param capacity Flows that the device holds.
 * @param canGrow Whether inputs grow. Only their flows go on after they were idle.
 */
export function createHeldStates(capacity: number, canGrow: boolean): HeldStates {
  // The flow written last is the last one.
  const held = new Set<PagedFlow>();
  const begun = new WeakSet<PagedFlow>();
  return {
    write: (flow) => {
      if (!canGrow) return;
      begun.add(flow);
      held.delete(flow);
      held.add(flow);
      if (held.size > capacity) held.delete(held.values().next().value!);
    },
    finish: (flow) => {
      if (flow.done) held.delete(flow);
    },
    resume: (flow, isCrowded) => {
      if (!begun.has(flow) || flow.isBrief === true) return;
      if (!held.has(flow) || (isCrowded && flow.isBrief !== undefined)) flow.restart();
    },
  };
}
