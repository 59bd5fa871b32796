/**
 * How far before the end of a text the pieces there can change, from the automaton of the pattern.
 *
 * A piece that is open at the end of a text ends at its last accept or later, so the bytes after that accept may
 * change pieces. The automaton has the longest way without an accept, in bytes.
 *
 * A cycle without an accept makes this way endless: after `\n`, `\s*[\r\n]+` reads any spaces, for a line break
 * may follow. Let X be the classes before such a way, and Y those on it. Tokens still change no further back than
 * the longest of them if
 *
 * 1. text of Y alone is one piece at the end of a text,
 * 2. no token ends in text of Y behind a code point of X, and
 * 3. no token that only the rule of whole pieces makes is text before such a way.
 *
 * Proof: let the last accept be at a, and the text after it be of Y. By 2, a token that crosses a ends after the
 * text, which is then shorter than that token. Otherwise a is a border whether the piece goes on or not, the
 * tokens before it are the same by 3, and by 1 the text after it is one piece whose tokens grow as any do.
 *
 * @module
 */

import { classOf, utf8Length } from "../pattern/pieces.ts";
import type { BpeTables, PieceTables } from "../vocabulary.ts";
import { pathOf } from "./merge_reach.ts";

/**
 * Computes how far before the end of a text pieces change, beyond what merges within a piece change.
 *
 * @param pieces Automaton that cuts text into pieces.
 * @param bpe Compiled byte pair encoding; null with another algorithm.
 * @returns Bytes; null without a bound.
 */
export function pieceReach(pieces: PieceTables, bpe: BpeTables | null): number | null {
  const endless = endlessStates(pieces);
  const bytes = longestLag(pieces, new Set(endless.flatMap((each) => [...each])));
  if (endless.length === 0) return bytes;
  if (bpe === null || !endless.every((each) => isHarmless(pieces, each, bpe))) return null;
  return Math.max(bytes, bpe.longestToken);
}

/** Calls a function with the transitions by a code point out of all states that a text reaches. */
function eachTransition(
  { states, classes, transitions, start }: PieceTables,
  call: (from: number, by: number, to: number) => void,
): void {
  const seen = new Uint8Array(states);
  seen[start] = 1;
  for (const open = [start]; open.length > 0;) {
    const from = open.pop()!;
    for (let by = 0; by < classes - 1; by++) {
      const to = transitions[from * classes + by]!;
      if (to < 0) continue;
      call(from, by, to);
      if (seen[to] === 0) open.push(to);
      seen[to] = 1;
    }
  }
}

/** States without an accept on endless ways through such states; a set for each of the ways that do not meet. */
function endlessStates(pieces: PieceTables): ReadonlySet<number>[] {
  const { accept } = pieces;
  const edges: [from: number, to: number][] = [];
  eachTransition(pieces, (from, _, to) => {
    if (accept[from]! < 0 && accept[to]! < 0 && from !== pieces.start) edges.push([from, to]);
  });
  const reachable = (begin: Iterable<number>, isBack: boolean): Set<number> => {
    const found = new Set(begin);
    for (let size = -1; size !== found.size;) {
      size = found.size;
      for (const [from, to] of edges) {
        if (isBack ? found.has(to) : found.has(from)) found.add(isBack ? from : to);
      }
    }
    return found;
  };
  const cyclic = edges.map(([from]) => from).filter((state) =>
    reachable(edges.filter(([from]) => from === state).map(([, to]) => to), false).has(state)
  );
  const sets: Set<number>[] = [];
  for (const state of cyclic) {
    const found = new Set([...reachable([state], false), ...reachable([state], true)]);
    // Ways that meet are one.
    const met = sets.filter((each) => [...each].some((one) => found.has(one)));
    for (const each of met) {
      sets.splice(sets.indexOf(each), 1);
      for (const one of each) found.add(one);
    }
    sets.push(found);
  }
  return sets;
}

/** The most bytes read after the last accept, without ways through some states. */
function longestLag(pieces: PieceTables, without: ReadonlySet<number>): number {
  const { states, accept, final } = pieces;
  const widths = classWidths(pieces);
  const lag = new Int32Array(states).fill(-1);
  lag[pieces.start] = 0;
  let most = 0;
  // Ways without a cycle are shorter than the number of states.
  for (let round = 0; round < states; round++) {
    eachTransition(pieces, (from, by, to) => {
      if (lag[from]! < 0 || without.has(to)) return;
      const back = accept[to]!;
      if (back === 0) return void (lag[to] = Math.max(lag[to]!, 0));
      const bytes = back > 0 ? back * widths[by]! : lag[from]! + widths[by]!;
      most = Math.max(most, bytes);
      if (final[to] === 0) lag[to] = Math.max(lag[to]!, bytes);
    });
  }
  return most;
}

/** Tests the three conditions above. */
function isHarmless(pieces: PieceTables, endless: ReadonlySet<number>, bpe: BpeTables): boolean {
  const { accept, final, classes, transitions, start } = pieces;
  const before = new Set<number>(), within = new Set<number>();
  const entries = new Set<number>();
  let isKnown = true;
  eachTransition(pieces, (from, by, to) => {
    if (!endless.has(to)) return;
    within.add(by);
    if (endless.has(from)) return;
    // A way that begins in a state which gives a code point back, or at the start, has that in Y too.
    if (accept[from] !== 0) isKnown = false;
    entries.add(from);
  });
  eachTransition(pieces, (_, by, to) => {
    if (entries.has(to)) before.add(by);
  });
  if (!isKnown || [...before].some((each) => within.has(each))) return false;
  const open = [start], seen = new Set(open);
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const by of within) {
      const to = transitions[state * classes + by]!;
      if (to < 0 || final[to] === 1) return false;
      const end = transitions[to * classes + classes - 1]!;
      if (end < 0 ? accept[to] !== 0 : accept[end]! < 0) return false;
      if (!seen.has(to)) open.push(to);
      seen.add(to);
    }
  }
  return !anyTokenEnds(pieces, bpe, before, within) &&
    !(bpe.wholeFirst && anyWholeEnds(pieces, bpe, entries));
}

/** Tests whether a token that only the rule of whole pieces makes leads to some states. */
function anyWholeEnds(pieces: PieceTables, bpe: BpeTables, states: ReadonlySet<number>): boolean {
  const { classes, transitions, start } = pieces;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let state = 1; state < bpe.whole.length; state++) {
    const token = bpe.whole[state]!;
    if (token < 0 || bpe.ranks[token]! >= 0) continue;
    const points = [...decoder.decode(pathOf(bpe, state))];
    // Units are made by no merge and are right in every piece.
    if (points.length === 1) continue;
    let at = start;
    for (const point of points) {
      at = at < 0 ? at : transitions[at * classes + classOf(pieces, point.codePointAt(0)!)]!;
    }
    if (states.has(at)) return true;
  }
  return false;
}

/** Tests whether a token ends in text of `within` behind `before`. */
function anyTokenEnds(
  pieces: PieceTables,
  bpe: BpeTables,
  before: ReadonlySet<number>,
  within: ReadonlySet<number>,
): boolean {
  const isWideBefore = isAnyIn(pieces, 0x80, 0x10ffff, before);
  for (let state = 1; state < bpe.whole.length; state++) {
    const token = bpe.whole[state]!;
    if (token < 0 || bpe.ranks[token]! < 0) continue;
    const text = pathOf(bpe, state);
    let isWithin = false;
    for (let end = text.length; end > 0;) {
      let from = end - 1;
      while (from > 0 && (text[from]! & 0xc0) === 0x80) from--;
      const isBefore = (text[from]! & 0xc0) === 0x80
        ? isWideBefore
        : isPartIn(pieces, text, from, end, before);
      if (isBefore && isWithin) return true;
      if ((text[from]! & 0xc0) === 0x80 || !isPartIn(pieces, text, from, end, within)) break;
      isWithin = true;
      end = from;
    }
  }
  return false;
}

/** Tests whether a code point, of which the first bytes are known, may be in some classes. */
function isPartIn(
  pieces: PieceTables,
  text: Uint8Array,
  from: number,
  to: number,
  sets: ReadonlySet<number>,
): boolean {
  const first = text[from]!;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const point = pointOf(text, from, to);
  const open = 6 * Math.max(0, length - (to - from));
  return isAnyIn(pieces, point << open, Math.min(0x10ffff, ((point + 1) << open) - 1), sets);
}

/** Reads the bits of a code point that are there. */
function pointOf(text: Uint8Array, from: number, to: number): number {
  const first = text[from]!;
  if (first < 0x80) return first;
  let point = first & (first < 0xe0 ? 0x1f : first < 0xf0 ? 0x0f : 0x07);
  for (let at = from + 1; at < to && (text[at]! & 0xc0) === 0x80; at++) point = point << 6 | text[at]! & 0x3f;
  return point;
}

function isAnyIn(
  { blockOf, classOf }: PieceTables,
  from: number,
  to: number,
  sets: ReadonlySet<number>,
): boolean {
  const seen = new Set<number>();
  for (let point = from; point <= to; point++) {
    const block = blockOf[point >> 8]!;
    // A block that repeats is read once, if it is read as a whole.
    if ((point & 255) === 0 && to - point >= 255) {
      if (seen.has(block)) {
        point += 255;
        continue;
      }
      seen.add(block);
    }
    if (sets.has(classOf[block * 256 + (point & 255)]!)) return true;
  }
  return false;
}

/** By class: bytes of its longest code point. */
function classWidths(pieces: PieceTables): Int32Array {
  const widths = new Int32Array(pieces.classes);
  for (let kind = 0; kind < widths.length; kind++) {
    const set = new Set([kind]);
    const first = [0x10000, 0x800, 0x80, 0].find((from) => isAnyIn(pieces, from, 0x10ffff, set));
    widths[kind] = first === undefined ? 0 : utf8Length(first);
  }
  return widths;
}
