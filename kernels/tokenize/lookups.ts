/**
 * Counts of table lookups.
 *
 * @module
 */

/** Lookups of all flows of a device, without those of memoised pieces. Plain counts. */
export interface TextLookups {
  /** Steps of the automaton over bytes, including failures. */
  automaton: number;
  /** Tokens that were tried as the last one of a prefix. */
  candidates: number;
  /** Merges looked up. */
  pairs: number;
  /** Code points given a class and a transition. */
  points: number;
}
