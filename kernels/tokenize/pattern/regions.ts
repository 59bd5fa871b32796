/**
 * Several Splits of a pre-tokenizer, one after another, as one automaton.
 *
 * Each Split cuts every piece of the Splits before it, and sees nothing around the piece. Let all but the last
 * be repeats of one class, such as `\p{N}{1,3}` or `[一-龥]+`, with classes that have no code point in common.
 * Then the class of its first code point decides how a piece is cut. In a run of an unbounded repeat, the last
 * pattern cuts, and every other code point is the end of its text. A bounded repeat is a piece as it stands;
 * the last pattern must not match in it. The last pattern cuts the remaining text, which ends at every class.
 *
 * @module
 */

import type { PatternNode } from "./ast.ts";
import { determinise } from "./dfa.ts";
import { addNode, buildGap, buildNode, newNfa, type Nfa, spend } from "./nfa.ts";
import { parsePattern } from "./parse.ts";
import type { PatternSyntax } from "./parse_class.ts";
import { patternError } from "./refuse.ts";
import { ANY, type CodeSet, difference, intersection } from "./set.ts";

/** Text that one Split cuts off. */
export interface Region {
  /** Code points of the region. */
  readonly alphabet: CodeSet;
  /** Pattern of a piece that no later Split cuts; null if the last pattern cuts the region. */
  readonly piece: PatternNode | null;
}

/**
 * Computes the regions of the Splits before the last.
 *
 * @param patterns Regular expressions of these Splits, each with the behavior Isolated.
 * @param syntax Dialect of the patterns.
 * @returns The regions in order, and the rest of the text as the last.
 * @throws {OnpathError} `pipeline` if a pattern is malformed, no repeat of a class, or shares a code point with
 * another.
 */
export function readRegions(patterns: readonly string[], syntax: PatternSyntax): Region[] {
  let rest: CodeSet = ANY;
  const regions: Region[] = [];
  for (const pattern of patterns) {
    const node = onlyItem(parsePattern(pattern, syntax));
    const isOne = node.kind === "set";
    const item = node.kind === "repeat" && node.least === 1 && node.mode === "greedy" ? node.item : node;
    if (item.kind !== "set") {
      throw patternError(
        pattern,
        -1,
        "a Split before another must be a greedy repeat of one class, from 1 on",
      );
    }
    if (difference(item.set, rest).length > 0) {
      throw patternError(pattern, -1, "its class shares code points with that of a Split before it");
    }
    rest = difference(rest, item.set);
    const isBounded = isOne || node.kind === "repeat" && node.most < Infinity;
    regions.push({ alphabet: item.set, piece: isBounded ? node : null });
  }
  return [...regions, { alphabet: intersection(rest, ANY), piece: null }];
}

/** Unwraps sequences and choices of one item, and items of a repeat. */
function onlyItem(node: PatternNode): PatternNode {
  if ((node.kind === "sequence" || node.kind === "choice") && node.items.length === 1) {
    return onlyItem(node.items[0]!);
  }
  return node.kind === "repeat" ? { ...node, item: onlyItem(node.item) } : node;
}

/**
 * Adds the nodes of all regions to a network.
 *
 * @param nfa Network to extend.
 * @param regions Regions of the text.
 * @param last Pattern that cuts the regions; text that it does not match is a piece.
 * @returns First node of a piece.
 * @throws {OnpathError} `pipeline` if the pattern matches in a piece of a bounded repeat.
 */
export function buildRegions(nfa: Nfa, regions: readonly Region[], last: PatternNode): number {
  const next: number[] = [];
  for (const { alphabet, piece } of regions) {
    nfa.alphabet = alphabet;
    const match = addNode(nfa, { kind: "match", drop: false });
    if (piece === null) next.push(buildNode(nfa, last, match), buildGap(nfa, last, false));
    else {
      refuseMatches(nfa, alphabet, last);
      next.push(buildNode(nfa, piece, match));
    }
  }
  nfa.alphabet = ANY;
  return addNode(nfa, { kind: "split", next });
}

/** Rejects a pattern that matches a text of the alphabet. */
function refuseMatches(nfa: Nfa, alphabet: CodeSet, last: PatternNode): void {
  const inner = newNfa(nfa.pattern, nfa.signal);
  inner.alphabet = alphabet;
  const dfa = determinise(inner, buildNode(inner, last, addNode(inner, { kind: "match", drop: false })));
  spend(nfa, inner.nodes.length);
  if (dfa.accept.some((back) => back >= 0)) {
    throw patternError(nfa.pattern, -1, "it matches in what a bounded repeat before it has cut off");
  }
}
