/**
 * Limits of a flow on a device, and what happens at them.
 *
 * @module
 */

/** Bytes of one flow that a device holds; a flow that needs this number or more escapes. */
export const WINDOW = 512;
/** Reasons of an escape, by their number in packets; 0 is no escape. */
export const ESCAPES = ["", "pending", "lookahead"] as const;
/** Index of the reason that tokens are unknown. */
export const PENDING = 1;
/** Index of the reason that the end of a piece is unknown. */
export const LOOKAHEAD = 2;
