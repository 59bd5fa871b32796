/**
 * Minimises an automaton without changing a piece.
 *
 * @module
 */

import type { Dfa } from "./dfa.ts";
import { union } from "./set.ts";

// A dead end is a state from which no accept is reachable; transitions into dead ends are removed.
function dropDeadEnds(dfa: Dfa): void {
  const alive = dfa.accept.map((accept) => accept >= 0);
  for (let changed = true; changed;) {
    changed = false;
    dfa.transitions.forEach((row, state) => {
      if (!alive[state] && row.some((next) => next >= 0 && alive[next])) alive[state] = changed = true;
    });
  }
  dfa.transitions = dfa.transitions.map((row) => row.map((next) => next >= 0 && alive[next] ? next : -1));
}

/**
 * Moves accepts that needlessly need one more symbol to the end of the match, so that the piece is final
 * earlier. A state may accept if every following symbol, including the end, leads to a state that accepts or
 * may accept. Then its own accept has no effect, except on the symbols at which the piece ended here anyway;
 * those transitions are removed.
 *
 * The same holds for an accept that gives `back` code points back, in place of one that needs one more symbol
 * and gives one more back.
 */
function acceptEarly(dfa: Dfa, back: number): void {
  const { transitions, accept, drop } = dfa;
  const isEnding = (state: number) =>
    accept[state] === back + 1 && transitions[state]!.every((next) => next < 0);
  const may = accept.map((value, state) => value < 0 && state !== 0);
  for (let changed = true; changed;) {
    changed = false;
    may.forEach((is, state) => {
      if (is && !transitions[state]!.every((next) => next >= 0 && (accept[next]! >= 0 || may[next]))) {
        may[state] = false;
        changed = true;
      }
    });
  }
  may.forEach((is, state) => {
    if (!is) return;
    const drops = new Set(transitions[state]!.filter(isEnding).map((next) => drop[next]!));
    if (drops.size !== 1) may[state] = false;
    else drop[state] = [...drops][0]!;
  });
  // A state whose transitions all lead to accepting states requires that all of them stay accepting.
  for (let changed = true; changed;) {
    changed = false;
    may.forEach((is, state) => {
      if (is && !transitions[state]!.every((next) => accept[next]! >= 0 || may[next])) {
        may[state] = false;
        changed = true;
      }
    });
  }
  const ending = transitions.map((_, state) => isEnding(state));
  may.forEach((is, state) => {
    if (!is) return;
    accept[state] = back;
    transitions[state] = transitions[state]!.map((next) => next >= 0 && ending[next] ? -1 : next);
  });
}

function mergeStates(dfa: Dfa, work: (steps: number) => void): void {
  let group: number[] = [];
  const numberBy = (keyOf: (state: number) => string) => {
    const numbers = new Map<string, number>();
    return dfa.accept.map((_, state) => {
      const key = keyOf(state);
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
  };
  group = numberBy((state) => `${dfa.accept[state]},${dfa.accept[state]! >= 0 && dfa.drop[state]}`);
  for (let before = 0, now = new Set(group).size; before !== now;) {
    before = now;
    work(dfa.transitions.length * dfa.members.length / 16);
    const last = group;
    group = numberBy((state) =>
      `${last[state]}:${dfa.transitions[state]!.map((next) => next < 0 ? -1 : last[next]).join()}`
    );
    now = new Set(group).size;
  }
  // States are numbered from the start, in the order in which they are reached.
  const order: number[] = [0];
  const place = new Map<number, number>([[group[0]!, 0]]);
  for (const state of order) {
    for (const next of dfa.transitions[state]!) {
      if (next >= 0 && !place.has(group[next]!)) {
        place.set(group[next]!, order.length);
        order.push(next);
      }
    }
  }
  const rows = order.map((state) =>
    dfa.transitions[state]!.map((next) => next < 0 ? -1 : place.get(group[next]!)!)
  );
  dfa.accept = order.map((state) => dfa.accept[state]!);
  dfa.drop = order.map((state) => dfa.drop[state]!);
  dfa.transitions = rows;
}

function mergeClasses(dfa: Dfa): void {
  const end = dfa.members.length - 1;
  const columns = new Map<string, number>();
  const kept: number[] = [];
  const members: number[][] = [];
  dfa.members.forEach((set, symbol) => {
    const key = symbol === end ? "end" : dfa.transitions.map((row) => row[symbol]).join();
    const found = columns.get(key);
    if (found === undefined) {
      columns.set(key, kept.length);
      kept.push(symbol);
      members.push([...set]);
    } else members[found] = [...union(members[found]!, set)];
  });
  dfa.members = members;
  dfa.transitions = dfa.transitions.map((row) => kept.map((symbol) => row[symbol]!));
}

/**
 * Minimises an automaton in place: early accepts, fewest states, fewest classes.
 *
 * @param dfa Automaton; state 0 stays the start.
 * @param work Counts steps; throws if there are too many.
 */
export function minimise(dfa: Dfa, work: (steps: number) => void): void {
  dropDeadEnds(dfa);
  for (let back = Math.max(...dfa.accept, 1) - 1; back >= 0; back--) acceptEarly(dfa, back);
  dropDeadEnds(dfa);
  mergeStates(dfa, work);
  mergeClasses(dfa);
}
