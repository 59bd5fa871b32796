/**
 * Errors that name the pattern and the position in it.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/**
 * Creates the error for an invalid or unsupported pattern.
 *
 * @param pattern Text of the pattern.
 * @param at Position in UTF-16 units; −1 for the whole pattern.
 * @param reason Cause, as it stands in the message.
 * @returns The error, code `pipeline`; the caller throws it.
 */
export function patternError(pattern: string, at: number, reason: string): OnpathError {
  const shown = pattern.length > 60 && at >= 0
    ? `${at > 20 ? "…" : ""}${pattern.slice(Math.max(0, at - 20), at + 40)}…`
    : pattern.slice(0, 200);
  const place = at < 0 ? "" : ` at position ${at}`;
  return new OnpathError("pipeline", `Cannot compile the pattern "${shown}"${place}: ${reason}`, {
    pattern: pattern.slice(0, 200),
    position: at,
    reason,
  });
}
