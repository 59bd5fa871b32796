/**
 * Refusals that name the pattern and the place.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/**
 * A refusal of a pattern.
 *
 * @param pattern The pattern's text.
 * @param at Where in it, in UTF-16 units; −1 where it is the pattern as a whole.
 * @param reason What is wrong or not supported.
 * @returns The error, to be thrown; code `pipeline`.
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
