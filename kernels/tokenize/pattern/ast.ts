/**
 * Syntax tree of a pattern.
 *
 * @module
 */

import type { CodeSet } from "./set.ts";

/**
 * Preference of a repeat: `greedy` for more, `lazy` for fewer, `possessive` for the maximum without
 * backtracking.
 */
export type RepeatMode = "greedy" | "lazy" | "possessive";

/** Node of a pattern. `at` is the offset in the pattern's text, for messages. */
export type PatternNode =
  /** One code point of the set. */
  | { readonly kind: "set"; readonly set: CodeSet }
  /** Items in order; none is the empty pattern. */
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  /** Alternatives: the first that leads to a match. */
  | { readonly kind: "choice"; readonly items: readonly PatternNode[] }
  /** Repetition from `least` to `most` times; `most` may be Infinity. */
  | {
    readonly kind: "repeat";
    readonly item: PatternNode;
    readonly least: number;
    readonly most: number;
    readonly mode: RepeatMode;
    readonly at: number;
  }
  /** First match of the item only, without backtracking into it. */
  | { readonly kind: "atomic"; readonly item: PatternNode; readonly at: number }
  /** Look-ahead: the item follows, or with `negative` does not; consumes nothing. */
  | { readonly kind: "look"; readonly item: PatternNode; readonly negative: boolean; readonly at: number }
  /** Test of the next code point, or of the end of the text; consumes nothing. */
  | { readonly kind: "assert"; readonly allowed: CodeSet };

/** Tests whether a pattern can match without taking a code point. */
export function nullable(node: PatternNode): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "sequence":
      return node.items.every(nullable);
    case "choice":
      return node.items.some(nullable);
    case "repeat":
      return node.least === 0 || nullable(node.item);
    case "atomic":
      return nullable(node.item);
    case "look":
    case "assert":
      return true;
  }
}
