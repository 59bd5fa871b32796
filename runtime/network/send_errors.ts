/**
 * Errors of a sender whose input does not arrive.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { SendingFlow } from "./send_loop.ts";

/** Error of an input that timed out while the NIC was absent. */
export function absentNic(cause: OnpathError): OnpathError {
  return new OnpathError(
    "device",
    "Cannot send: the connection to the NIC has ended, and it did not come back before the timeout",
    {},
    { cause },
  );
}

/** Error of a flow that made no progress. */
export function stallError({ sent, repeat }: SendingFlow): OnpathError {
  const left = sent.requests - repeat.first;
  return new OnpathError(
    "gap",
    `Cannot send flow ${sent.flow}: ${left} of ${sent.requests} requests stay unacknowledged`,
    { flow: sent.flow, left, requests: sent.requests },
  );
}
