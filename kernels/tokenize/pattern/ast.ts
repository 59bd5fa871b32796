/**
 * A pattern as a tree.
 *
 * @module
 */

import type { CodeSet } from "./set.ts";

/** How a repeat chooses: as many as it can, as few as it can, or as many as it can and never fewer. */
export type RepeatMode = "greedy" | "lazy" | "possessive";

/** A part of a pattern. `at` is the place in the pattern's text that messages name. */
export type PatternNode =
  /** One code point of the set. */
  | { readonly kind: "set"; readonly set: CodeSet }
  /** One after another; none of them is the empty pattern. */
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  /** The first that leads to a match. */
  | { readonly kind: "choice"; readonly items: readonly PatternNode[] }
  /** Again and again; `most` may be Infinity. */
  | {
    readonly kind: "repeat";
    readonly item: PatternNode;
    readonly least: number;
    readonly most: number;
    readonly mode: RepeatMode;
    readonly at: number;
  }
  /** The item's first match only: no way back into it. */
  | { readonly kind: "atomic"; readonly item: PatternNode; readonly at: number }
  /** The item follows, or does not; nothing is taken. */
  | { readonly kind: "look"; readonly item: PatternNode; readonly negative: boolean; readonly at: number }
  /** What follows is in the set, which may hold the end of the text; nothing is taken. */
  | { readonly kind: "assert"; readonly allowed: CodeSet };

/** Whether the pattern can match without taking a code point. */
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
