/**
 * Converts a network of ordered choices to a deterministic automaton. A state is the list of all open
 * threads, in order of preference; those after the first match are dropped.
 *
 * @module
 */

import { type Nfa, type NfaNode, spend } from "./nfa.ts";
import { patternError } from "./refuse.ts";
import { ANY_OR_END, type CodeSet, END } from "./set.ts";

/** Maximum number of classes: a class is one byte in the class ROM. */
export const MAX_CLASSES = 256;

/** Maximum number of states before minimisation. */
export const MAX_STATES = 1024;

/** Maximum depth of consecutive choices before a code point is taken; each level uses stack. */
export const MAX_CHOICES = 1024;

/** Maximum length of a look-ahead, in code points. */
export const MAX_LOOK = 16;

/** Automaton over classes, not yet minimal. Class `classes - 1` is the end of the text. */
export interface Dfa {
  /** Next state by state and class; −1 without a transition. Pieces begin in state 0. */
  transitions: number[][];
  /** By state: number of code points to give back, or −1. */
  accept: number[];
  /** By state: true if the piece is dropped. */
  drop: boolean[];
  /** Code points by class; the last class is the end of the text. */
  members: CodeSet[];
}

/**
 * Partitions all code points by the sets that contain them.
 *
 * @param sets Sets, which may contain the end.
 * @param refuse Creates the error for more than {@linkcode MAX_CLASSES} classes.
 * @returns The classes, with the end alone in the last one; and for every set a bit mask of its classes.
 */
export function partition(
  sets: readonly CodeSet[],
  refuse: (classes: number) => Error,
): { readonly members: CodeSet[]; readonly masks: readonly bigint[] } {
  const events = new Map<number, number[]>([[0, []], [0xd800, []], [0xe000, []], [END, []]]);
  sets.forEach((set, index) => {
    for (let i = 0; i < set.length; i += 2) {
      for (const at of [set[i]!, set[i + 1]! + 1]) {
        const list = events.get(at) ?? [];
        list.push(index);
        events.set(at, list);
      }
    }
  });
  const members: number[][] = [];
  const byKey = new Map<string, number>();
  const masks = sets.map(() => 0n);
  const inside = new Uint8Array(sets.length);
  const places = [...events.keys()].sort((a, b) => a - b);
  let end: number[] = [];
  places.forEach((from, i) => {
    for (const set of events.get(from)!) inside[set]! ^= 1;
    if (from > END || from === 0xd800) return; // surrogates come in no text
    const to = (places[i + 1] ?? END + 1) - 1;
    const key = `${from === END}${inside.join("")}`;
    let number = byKey.get(key);
    if (number === undefined) {
      number = members.length;
      if (number >= MAX_CLASSES) throw refuse(number + 1);
      byKey.set(key, number);
      members.push([]);
      inside.forEach((is, set) => {
        if (is) masks[set]! |= 1n << BigInt(number!);
      });
    }
    members[number]!.push(from, to);
    if (from === END) end = members[number]!;
  });
  if (members.at(-1) !== end) throw new Error("the end of the text is not the last class");
  return { members, masks };
}

interface Thread {
  /**
   * Next event of the thread: a symbol of a set, a symbol that confirms its match, none, or the failure of a
   * look-ahead.
   */
  readonly kind: "set" | "confirm" | "match" | "unless";
  readonly place: number;
  readonly mask: bigint;
  /** Code points taken since a look-ahead began; −1 outside a look-ahead. */
  readonly back: number;
  /** In a look-ahead and at its match: true if the piece is dropped. */
  readonly drop: boolean;
  readonly rest: readonly Thread[];
}

class Closures {
  readonly #nfa: Nfa;
  readonly #masks: ReadonlyMap<NfaNode, bigint>;
  readonly all: bigint;

  constructor(nfa: Nfa, masks: ReadonlyMap<NfaNode, bigint>, classes: number) {
    this.#nfa = nfa;
    this.#masks = masks;
    this.all = (1n << BigInt(classes)) - 1n;
  }

  /**
   * Adds the threads open from node `place`; returns true once one has matched, so that later ones are
   * dropped.
   */
  add(
    place: number,
    mask: bigint,
    back: number,
    drop: boolean,
    out: Thread[],
    seen: Set<string>,
    depth = 0,
  ): boolean {
    spend(this.#nfa, 1);
    const key = `${place},${mask},${back},${drop}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (back > MAX_LOOK) {
      throw patternError(this.#nfa.pattern, -1, `a look-ahead needs more than ${MAX_LOOK} code points`);
    }
    const node = this.#nfa.nodes[place]!;
    switch (node.kind) {
      case "split":
        if (depth >= MAX_CHOICES) {
          throw patternError(this.#nfa.pattern, -1, `more than ${MAX_CHOICES} choices before one code point`);
        }
        for (const next of node.next) if (this.add(next, mask, back, drop, out, seen, depth + 1)) return true;
        return false;
      case "assert": {
        const both = mask & this.#masks.get(node)!;
        return both !== 0n && this.add(node.next, both, back, drop, out, seen, depth + 1);
      }
      case "follow":
        return back < 0
          ? this.add(node.start, mask, 0, node.drop, out, seen, depth + 1)
          : this.add(node.start, mask, back, drop, out, seen, depth + 1);
      case "set": {
        const both = mask & this.#masks.get(node)!;
        if (both !== 0n) out.push({ kind: "set", place, mask: both, back, drop, rest: [] });
        return false;
      }
      case "match":
        out.push({
          kind: mask === this.all ? "match" : "confirm",
          place,
          mask,
          back,
          drop: node.drop,
          rest: [],
        });
        return mask === this.all;
      case "unless": {
        const rest: Thread[] = [];
        if (!this.add(node.start, this.all, -1, false, rest, new Set())) {
          out.push({
            kind: "unless",
            place: node.next,
            mask,
            back: Math.max(back, 0),
            drop: back < 0 ? node.drop : drop,
            rest,
          });
        }
        return false;
      }
    }
  }

  /** Returns all threads after a symbol. */
  step(threads: readonly Thread[], symbol: bigint): Thread[] {
    const out: Thread[] = [], seen = new Set<string>();
    for (const thread of threads) {
      spend(this.#nfa, 1);
      if ((thread.mask & symbol) === 0n) continue;
      const back = thread.back < 0 ? -1 : thread.back + 1;
      if (thread.kind === "set") {
        const node = this.#nfa.nodes[thread.place] as { next: number };
        if (this.add(node.next, this.all, back, thread.drop, out, seen)) break;
      } else if (thread.kind === "confirm") {
        out.push({ ...thread, kind: "match", mask: this.all, back: Math.max(back, 1) });
        break;
      } else if (thread.kind === "unless") {
        const rest = this.step(thread.rest, symbol);
        if (rest.some((inner) => inner.kind === "match")) continue;
        if (back > MAX_LOOK) {
          throw patternError(this.#nfa.pattern, -1, `a look-ahead needs more than ${MAX_LOOK} code points`);
        }
        out.push({ ...thread, kind: rest.length === 0 ? "match" : "unless", mask: this.all, back, rest });
        if (rest.length === 0) break;
      }
    }
    return settle(out);
  }
}

// Look-aheads from one position all end the piece there, so those directly before a match are redundant.
function settle(threads: Thread[]): Thread[] {
  const last = threads.at(-1);
  if (last?.kind !== "match" || last.back < 1) return threads;
  let keep = threads.length - 1;
  while (keep > 0 && threads[keep - 1]!.back === last.back && threads[keep - 1]!.drop === last.drop) keep--;
  return [...threads.slice(0, keep), last];
}

function keyOf(threads: readonly Thread[]): string {
  return threads.map((t) => `${t.kind}${t.place},${t.mask},${t.back},${t.drop}(${keyOf(t.rest)})`).join(";");
}

/**
 * Determinises a network.
 *
 * @param nfa Network of choices.
 * @param start Node at which a piece begins.
 * @returns The automaton.
 * @throws {OnpathError} `pipeline` if it needs more than {@linkcode MAX_STATES} states, or a look-ahead of
 * more than {@linkcode MAX_LOOK} code points.
 */
export function determinise(nfa: Nfa, start: number): Dfa {
  const asking = nfa.nodes.filter((node): node is Extract<NfaNode, { set: CodeSet }> =>
    node.kind === "set" || node.kind === "assert"
  );
  const distinct = new Map<string, CodeSet>(asking.map((node) => [node.set.join(), node.set]));
  const keys = [...distinct.keys()];
  const { members, masks } = partition(
    [...distinct.values(), ANY_OR_END],
    () => patternError(nfa.pattern, -1, `it distinguishes more than ${MAX_CLASSES} classes of code points`),
  );
  const maskOfKey = new Map(keys.map((key, i) => [key, masks[i]!]));
  const maskOf = new Map<NfaNode, bigint>(asking.map((node) => [node, maskOfKey.get(node.set.join())!]));
  const closures = new Closures(nfa, maskOf, members.length);

  const states: Thread[][] = [];
  const numbers = new Map<string, number>();
  const numberOf = (threads: Thread[]): number => {
    if (threads.length === 0) return -1;
    const key = keyOf(threads);
    let number = numbers.get(key);
    if (number === undefined) {
      if (states.length >= MAX_STATES) {
        throw patternError(nfa.pattern, -1, `it needs more than ${MAX_STATES} states`);
      }
      number = states.length;
      numbers.set(key, number);
      states.push(threads);
    }
    return number;
  };
  const first: Thread[] = [];
  closures.add(start, closures.all, -1, false, first, new Set());
  numberOf(first);
  const dfa: Dfa = { transitions: [], accept: [], drop: [], members };
  for (let state = 0; state < states.length; state++) {
    const threads = states[state]!;
    nfa.signal?.throwIfAborted();
    dfa.transitions.push(members.map((_, symbol) => numberOf(closures.step(threads, 1n << BigInt(symbol)))));
    const last = threads.at(-1);
    const isMatch = last?.kind === "match";
    dfa.accept.push(isMatch ? Math.max(last.back, 0) : -1);
    dfa.drop.push(isMatch && last.drop);
  }
  return dfa;
}
