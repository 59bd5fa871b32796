/**
 * Reference for compiled patterns: a backtracking matcher that walks the tree in Perl's order. Simple and
 * slow, for tests and comparisons only.
 *
 * @module
 */

import type { PatternNode } from "./ast.ts";
import { END, has } from "./set.ts";

type Then = (at: number) => number;

function repeat(
  node: Extract<PatternNode, { kind: "repeat" }>,
  text: readonly number[],
  at: number,
  then: Then,
): number {
  const { item, least, most, mode } = node;
  if (mode === "possessive") {
    const end = repeat({ ...node, mode: "greedy" }, text, at, (reached) => reached);
    return end < 0 ? -1 : then(end);
  }
  const go = (count: number, from: number): number => {
    // An item that can match the empty text is repeated at most once, so the recursion ends.
    const more = () => count < most ? walk(item, text, from, (to) => go(count + 1, to)) : -1;
    if (count < least) return more();
    if (mode === "lazy") {
      const end = then(from);
      return end >= 0 ? end : more();
    }
    const end = more();
    return end >= 0 ? end : then(from);
  };
  return go(0, at);
}

function walk(node: PatternNode, text: readonly number[], at: number, then: Then): number {
  switch (node.kind) {
    case "set":
      return at < text.length && has(node.set, text[at]!) ? then(at + 1) : -1;
    case "sequence": {
      const go = (item: number, from: number): number =>
        item === node.items.length
          ? then(from)
          : walk(node.items[item]!, text, from, (to) => go(item + 1, to));
      return go(0, at);
    }
    case "choice":
      for (const item of node.items) {
        const end = walk(item, text, at, then);
        if (end >= 0) return end;
      }
      return -1;
    case "repeat":
      return repeat(node, text, at, then);
    case "atomic": {
      const end = walk(node.item, text, at, (reached) => reached);
      return end < 0 ? -1 : then(end);
    }
    case "look":
      return (walk(node.item, text, at, (reached) => reached) >= 0) !== node.negative ? then(at) : -1;
    case "assert":
      return has(node.allowed, at < text.length ? text[at]! : END) ? then(at) : -1;
  }
}

/**
 * Finds the end of the match that begins at an offset.
 *
 * @param tree Pattern to match.
 * @param text Code points.
 * @param at Index at which the match begins.
 * @returns Exclusive end of the match, or −1 without a match.
 */
export function matchAt(tree: PatternNode, text: readonly number[], at: number): number {
  return walk(tree, text, at, (reached) => reached);
}

/**
 * Splits a text into matches and the stretches between them, from left to right.
 *
 * @param tree Pattern that does not match the empty text.
 * @param text Code points.
 * @returns Stretches in order; `isMatch` marks the matches.
 */
export function splitPlain(
  tree: PatternNode,
  text: readonly number[],
): { readonly start: number; readonly end: number; readonly isMatch: boolean }[] {
  const out: { start: number; end: number; isMatch: boolean }[] = [];
  let gap = 0;
  for (let at = 0; at < text.length;) {
    const end = matchAt(tree, text, at);
    if (end <= at) {
      at++;
      continue;
    }
    if (gap < at) out.push({ start: gap, end: at, isMatch: false });
    out.push({ start: at, end, isMatch: true });
    gap = at = end;
  }
  if (gap < text.length) out.push({ start: gap, end: text.length, isMatch: false });
  return out;
}
