/**
 * Converts a pattern's tree to a network of ordered choices, built from its end to its beginning.
 *
 * @module
 */

import type { PatternNode } from "./ast.ts";
import { patternError } from "./refuse.ts";
import { ANY, ANY_OR_END, type CodeSet, complement, END, intersection, union } from "./set.ts";

/** Node of a network; `next` and `start` are indexes into `nodes` of {@linkcode Nfa}. */
export type NfaNode =
  /** Takes one code point. */
  | { readonly kind: "set"; readonly set: CodeSet; readonly next: number }
  /** Continues at each node; the first is preferred. */
  | { readonly kind: "split"; readonly next: number[] }
  /** Continues if the next symbol is in the set. */
  | { readonly kind: "assert"; readonly set: CodeSet; readonly next: number }
  /** Continues at `start`; code points from here on are counted as given back. */
  | { readonly kind: "follow"; readonly start: number; readonly drop: boolean }
  /** Matches at `next` once no path from `start` can match. */
  | { readonly kind: "unless"; readonly start: number; readonly next: number; readonly drop: boolean }
  /** End of the piece. */
  | { readonly kind: "match"; readonly drop: boolean };

/** Network of choices; a compiler may hold several patterns in one. */
export interface Nfa {
  /** Text of the pattern, for messages. */
  readonly pattern: string;
  /** All nodes, by index. */
  readonly nodes: NfaNode[];
  /** Code points that the pattern sees; any other one counts as the end of the text. */
  alphabet: CodeSet;
  /** Remaining work, in steps of about a microsecond. */
  budget: number;
  /** Aborts the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Maximum steps of a pattern's compilation; patterns of vocabularies take less than a hundredth. */
export const MAX_WORK = 1_000_000;

/** Takes steps from a pattern's budget; throws `pipeline` once it is exhausted. */
export function spend(nfa: Nfa, steps: number): void {
  nfa.budget -= steps;
  if (nfa.budget < 0) throw patternError(nfa.pattern, -1, `it takes more than ${MAX_WORK} steps to compile`);
}

/** Maximum number of nodes in one network. */
export const MAX_NODES = 50_000;

/** Adds a node and returns its index; throws `pipeline` beyond {@linkcode MAX_NODES}. */
export function addNode(nfa: Nfa, node: NfaNode): number {
  if (nfa.nodes.length >= MAX_NODES) {
    throw patternError(
      nfa.pattern,
      -1,
      `it needs more than ${MAX_NODES} nodes; its bounded repeats are too great`,
    );
  }
  return nfa.nodes.push(node) - 1;
}

/** Restricts an assertion's set to the pattern's alphabet; code points outside it count as the end. */
export function seen(nfa: Nfa, allowed: CodeSet): CodeSet {
  const inside = intersection(allowed, union(nfa.alphabet, [END, END]));
  return allowed.at(-1) === END ? union(inside, complement(nfa.alphabet, ANY_OR_END)) : inside;
}

/** Tests whether a match is reachable from `from` without taking or testing a symbol. */
export function alwaysMatches(nfa: Nfa, from: number): boolean {
  const todo = [from], visited = new Set<number>(todo);
  for (const place of todo) {
    spend(nfa, 1);
    const node = nfa.nodes[place]!;
    if (node.kind === "match") return true;
    if (node.kind === "split") {
      for (const next of node.next) {
        if (!visited.has(next)) {
          visited.add(next);
          todo.push(next);
        }
      }
    }
  }
  return false;
}

/**
 * Computes the symbols with which a match can begin, if one symbol decides it.
 *
 * @param nfa Network of choices.
 * @param from Node at which the match would begin.
 * @returns The symbols, or null if a second symbol must be seen.
 */
export function decidedByOne(nfa: Nfa, from: number): CodeSet | null {
  let allowed: CodeSet = [];
  let isDecided = true;
  const visited = new Set<string>();
  const open: [number, CodeSet][] = [[from, ANY_OR_END]];
  const go = (place: number, condition: CodeSet): void => {
    spend(nfa, 1 + condition.length / 16);
    const key = `${place}:${condition.join()}`;
    if (visited.has(key) || condition.length === 0) return;
    visited.add(key);
    const node = nfa.nodes[place]!;
    switch (node.kind) {
      case "set":
        if (intersection(node.set, condition).length === 0) return;
        if (alwaysMatches(nfa, node.next)) allowed = union(allowed, intersection(node.set, condition));
        else isDecided = false;
        return;
      case "split":
        for (const next of node.next) open.push([next, condition]);
        return;
      case "assert":
        open.push([node.next, intersection(condition, node.set)]);
        return;
      case "match":
        allowed = union(allowed, condition);
        return;
      default:
        isDecided = false;
    }
  };
  for (let way = open.pop(); way !== undefined; way = open.pop()) go(...way);
  return isDecided ? allowed : null;
}

function buildRepeat(nfa: Nfa, node: Extract<PatternNode, { kind: "repeat" }>, next: number): number {
  const { item, least, most } = node;
  let leave = next;
  if (node.mode === "possessive" && !alwaysMatches(nfa, next)) {
    // A run of one class is taken completely: it ends only before a symbol outside the class.
    if (item.kind !== "set") {
      throw patternError(
        nfa.pattern,
        node.at,
        "a possessive repeat of more than one code point before the end",
      );
    }
    const set = intersection(item.set, nfa.alphabet);
    leave = addNode(nfa, { kind: "assert", set: complement(set, ANY_OR_END), next });
  }
  const order = (into: number, out: number) => node.mode === "lazy" ? [out, into] : [into, out];
  let start: number;
  if (most === Infinity) {
    const loop: NfaNode = { kind: "split", next: [] };
    start = addNode(nfa, loop);
    loop.next.push(...order(buildNode(nfa, item, start), leave));
  } else {
    start = next;
    for (let i = least; i < most; i++) {
      start = addNode(nfa, { kind: "split", next: order(buildNode(nfa, item, start), leave) });
    }
  }
  for (let i = 0; i < least; i++) start = buildNode(nfa, item, start);
  return start;
}

function buildLook(nfa: Nfa, node: Extract<PatternNode, { kind: "look" }>, next: number): number {
  const start = buildNode(nfa, node.item, addNode(nfa, { kind: "match", drop: false }));
  const allowed = decidedByOne(nfa, start);
  if (allowed !== null) {
    const set = node.negative ? complement(allowed, ANY_OR_END) : allowed;
    return addNode(nfa, { kind: "assert", set, next });
  }
  const match = nfa.nodes[next]!;
  if (match.kind !== "match") {
    throw patternError(
      nfa.pattern,
      node.at,
      "a look-ahead of more than one code point must be at the end",
    );
  }
  if (node.negative) return addNode(nfa, { kind: "unless", start, next, drop: match.drop });
  return addNode(nfa, { kind: "follow", start: buildNode(nfa, node.item, next), drop: match.drop });
}

/**
 * Adds nodes that match a tree and continue at `next`.
 *
 * @param nfa Network to extend.
 * @param node Tree to match.
 * @param next Node at which a match continues.
 * @returns First node of the match.
 * @throws {OnpathError} `pipeline` if an automaton of this kind cannot match the tree.
 */
export function buildNode(nfa: Nfa, node: PatternNode, next: number): number {
  switch (node.kind) {
    case "set":
      spend(nfa, 1 + node.set.length / 16);
      return addNode(nfa, { kind: "set", set: intersection(node.set, nfa.alphabet), next });
    case "sequence":
      return node.items.reduceRight((after, item) => buildNode(nfa, item, after), next);
    case "choice":
      return addNode(nfa, { kind: "split", next: node.items.map((item) => buildNode(nfa, item, next)) });
    case "repeat":
      return buildRepeat(nfa, node, next);
    case "atomic":
      if (!alwaysMatches(nfa, next) && node.item.kind !== "set") {
        throw patternError(nfa.pattern, node.at, "an atomic group must be at the end");
      }
      return buildNode(nfa, node.item, next);
    case "look":
      return buildLook(nfa, node, next);
    case "assert":
      return addNode(nfa, { kind: "assert", set: seen(nfa, node.allowed), next });
  }
}

/**
 * Adds nodes for a piece of unmatched text: one or more code points, up to the next match or the end of the
 * text.
 *
 * @param nfa Network to extend.
 * @param pattern Pattern that does not match the piece.
 * @param drop True if such pieces are dropped.
 * @returns First node of the piece.
 */
export function buildGap(nfa: Nfa, pattern: PatternNode, drop: boolean): number {
  const match = addNode(nfa, { kind: "match", drop });
  const choices: NfaNode = { kind: "split", next: [] };
  const after = addNode(nfa, choices);
  const loop = addNode(nfa, { kind: "set", set: nfa.alphabet, next: after });
  const start = buildNode(nfa, pattern, match);
  const begins = decidedByOne(nfa, start);
  choices.next.push(
    begins === null
      ? addNode(nfa, { kind: "follow", start, drop })
      : addNode(nfa, { kind: "assert", set: begins, next: match }),
    addNode(nfa, { kind: "assert", set: complement(nfa.alphabet, ANY_OR_END), next: match }),
    loop,
  );
  return loop;
}

/** Creates an empty network whose alphabet is every code point. */
export function newNfa(pattern: string, signal?: AbortSignal): Nfa {
  return { pattern, nodes: [], alphabet: ANY, budget: MAX_WORK, signal };
}
