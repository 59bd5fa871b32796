/**
 * A network of ordered choices as a deterministic automaton: a state is the list of all ways that are open, the
 * preferred one first, cut behind the first that has matched.
 *
 * @module
 */

import type { Nfa, NfaNode } from "./nfa.ts";
import { patternError } from "./refuse.ts";
import { ANY_OR_END, type CodeSet, END } from "./set.ts";

/** Most states before they are merged. */
export const MAX_STATES = 8192;

/** Most code points that a look-ahead may need to see. */
export const MAX_LOOK = 16;

/** An automaton over classes, not yet minimal. Class `classes - 1` is the end of the text. */
export interface Dfa {
  /** Next states by state and class, −1 for none. State 0 is where a piece begins. */
  transitions: number[][];
  /** By state: code points to give back, or −1. */
  accept: number[];
  /** By state: whether the piece is left out. */
  drop: boolean[];
  /** Code points by class; the last class is the end. */
  members: CodeSet[];
}

/**
 * Parts all code points by the sets that hold them.
 *
 * @param sets Sets, which may hold the end.
 * @returns The classes, the end's last and alone; and for every set a bit mask of the classes in it.
 */
export function partition(
  sets: readonly CodeSet[],
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
  /** What it waits for: a symbol, the symbol that confirms its match, nothing, or that a look-ahead fails. */
  readonly kind: "set" | "confirm" | "match" | "unless";
  readonly place: number;
  readonly mask: bigint;
  /** Code points taken since a look-ahead began; −1 outside one. */
  readonly back: number;
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

  /** Adds the ways that are open from a place; true when one has matched, so that none behind it counts. */
  add(place: number, mask: bigint, back: number, out: Thread[], seen: Set<string>): boolean {
    const key = `${place},${mask},${back}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (back > MAX_LOOK) {
      throw patternError(this.#nfa.pattern, -1, `a look-ahead needs more than ${MAX_LOOK} code points`);
    }
    const node = this.#nfa.nodes[place]!;
    switch (node.kind) {
      case "split":
        return node.next.some((next) => this.add(next, mask, back, out, seen));
      case "assert": {
        const both = mask & this.#masks.get(node)!;
        return both !== 0n && this.add(node.next, both, back, out, seen);
      }
      case "follow":
        return this.add(node.start, mask, 0, out, seen);
      case "set": {
        const both = mask & this.#masks.get(node)!;
        if (both !== 0n) out.push({ kind: "set", place, mask: both, back, drop: false, rest: [] });
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
        if (!this.add(node.start, this.all, -1, rest, new Set())) {
          const drop = (this.#nfa.nodes[node.next] as { drop: boolean }).drop;
          out.push({ kind: "unless", place: node.next, mask, back: 0, drop, rest });
        }
        return false;
      }
    }
  }

  /** All threads after a symbol. */
  step(threads: readonly Thread[], symbol: bigint): Thread[] {
    const out: Thread[] = [], seen = new Set<string>();
    for (const thread of threads) {
      if ((thread.mask & symbol) === 0n) continue;
      const back = thread.back < 0 ? -1 : thread.back + 1;
      if (thread.kind === "set") {
        const node = this.#nfa.nodes[thread.place] as { next: number };
        if (this.add(node.next, this.all, back, out, seen)) break;
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

// Ways that look ahead from one place all end the piece there: once one has matched, the others need not.
function settle(threads: Thread[]): Thread[] {
  const last = threads.at(-1);
  if (last?.kind !== "match" || last.back < 1) return threads;
  return threads.filter((thread) =>
    thread === last || thread.back !== last.back || thread.drop !== last.drop
  );
}

function keyOf(threads: readonly Thread[]): string {
  return threads.map((t) => `${t.kind}${t.place},${t.mask},${t.back},${t.drop}(${keyOf(t.rest)})`).join(";");
}

/**
 * Determinises a network.
 *
 * @param nfa The network.
 * @param start Where a piece begins.
 * @returns The automaton.
 * @throws {OnpathError} `pipeline` when it needs more than {@linkcode MAX_STATES} states, or a look-ahead more
 * than {@linkcode MAX_LOOK} code points.
 */
export function determinise(nfa: Nfa, start: number): Dfa {
  const asking = nfa.nodes.filter((node): node is Extract<NfaNode, { set: CodeSet }> =>
    node.kind === "set" || node.kind === "assert"
  );
  const distinct = new Map<string, CodeSet>(asking.map((node) => [node.set.join(), node.set]));
  const keys = [...distinct.keys()];
  const { members, masks } = partition([...distinct.values(), ANY_OR_END]);
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
  closures.add(start, closures.all, -1, first, new Set());
  numberOf(first);
  const dfa: Dfa = { transitions: [], accept: [], drop: [], members };
  for (let state = 0; state < states.length; state++) {
    const threads = states[state]!;
    dfa.transitions.push(members.map((_, symbol) => numberOf(closures.step(threads, 1n << BigInt(symbol)))));
    const last = threads.at(-1);
    const isMatch = last?.kind === "match";
    dfa.accept.push(isMatch ? Math.max(last.back, 0) : -1);
    dfa.drop.push(isMatch && last.drop);
  }
  return dfa;
}
