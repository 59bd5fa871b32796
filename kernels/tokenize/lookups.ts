/**
 * Counts of table lookups.
 *
 * @module
 */

/** Lookups of flows, shared by all flows of a device; of pieces that came lately none. Plain counts. */
export interface TextLookups {
  /** Steps of the automaton over bytes, the failures among them. */
  automaton: number;
  /** Tokens that were tried as the last one of a prefix. */
  candidates: number;
  /** Merges looked up. */
  pairs: number;
  /** Code points given a class and a transition. */
  points: number;
}
