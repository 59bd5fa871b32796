/**
 * Parts of a sequential flow that the sender's host computes, because the device gave them up or lost them.
 *
 * @module
 */

import type { SentFlow } from "../../kernels/halves.ts";
import { parseWith } from "../../kernels/schema.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Channel } from "./channel.ts";
import { resumedSpec } from "./messages.ts";

/**
 * Computes what a receiver lacks of a flow, or a stretch of it, and sends it over the control channel.
 *
 * @param receiver Channel to the receiver.
 * @param flow Numbers of the input and the flow.
 * @param compute Computes the parts from an offset on.
 * @param wait Timeout of each call, and abort signal.
 * @throws {OnpathError} The receiver's refusal; `device`; `timeout`.
 */
export async function sendHostParts(
  receiver: Channel,
  flow: { readonly input: number; readonly flow: number },
  compute: NonNullable<SentFlow["complete"]>,
  wait: WaitOptions,
): Promise<void> {
  const { from } = parseWith(resumedSpec, await receiver.call("resume", flow, wait), "packet", "resume");
  if (from === null) return;
  const parts = compute(from)[Symbol.iterator]();
  // The receiver is told of the last part, so the next one is computed before one is sent.
  for (let part = parts.next(); part.done !== true;) {
    const next = parts.next();
    await receiver.call("part", { ...flow, part: part.value, isLast: next.done === true }, wait);
    part = next;
  }
}
