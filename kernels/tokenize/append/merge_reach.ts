/**
 * How far back more text can change byte pair encoding within a piece, from the merges alone.
 *
 * Let p be the last offset of a text u at which the encodings of u and of uv both have a border, and let both
 * rows of tokens be drawn below each other from p on. No border of one row is a border of the other. So tokens
 * T₀, T₁, …, Tₖ of alternating rows overlap in a chain: T₀ crosses the end of u, Tᵢ₊₁ begins before Tᵢ and ends
 * within it, and Tₖ begins at p. Let c(T, q) be the rank of the merge within T that crosses its offset q.
 *
 * 1. A row crosses q at some rank and the other does not, so the operands of that merge differ: there is an
 *    earlier difference to its left or to its right. A stretch whose two ends no merge has crossed yet is the
 *    same in both rows.
 * 2. At p nothing differs. So by induction from the left, the first of the other row's borders that Tᵢ crosses
 *    is the last of them, which is where Tᵢ₋₁ begins, and its cause is to the right.
 * 3. Hence c(Tᵢ₋₁, end of Tᵢ) < c(Tᵢ, start of Tᵢ₋₁) ≤ c(Tᵢ, end of Tᵢ₊₁): ranks fall from left to right.
 *
 * The longest chain with falling ranks and matching overlaps is an upper bound, found in one pass over all
 * crossings by ascending rank. A chain is a text, so it is also a witness to try.
 *
 * Runs of one unit (`compile/runs.ts`) are cut by positions, at one rank. At that rank a chain may pass through
 * several tokens of a run. Simulation of the run gives how far.
 *
 * @module
 */

import type { BpeTables, RunTables } from "../vocabulary.ts";

/** Text before an addition, and with it. */
export interface ReachWitness {
  /** UTF-8 of the text with the addition. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Length of the text before the addition, in bytes. */
  readonly before: number;
}

/** Reach of more text into a piece. Plain data. */
export interface MergeReach {
  /** Maximum bytes before the end of a piece that more text can change. */
  readonly bytes: number;
  /** The longest chain as a text, to try; null if it passes through a run. */
  readonly witness: ReachWitness | null;
}

/** Crossings of all tokens: one for each border of two units within a token. */
interface Crossings {
  /** By crossing: the one after it in its token is the next number, up to this exclusive end. */
  readonly end: Int32Array;
  /** By crossing: its offset in the token, in bytes. */
  readonly at: Int32Array;
  /** By crossing: rank of the merge across it. */
  readonly rank: Int32Array;
  /** By crossing: state of the trie at the token's text before it. */
  readonly head: Int32Array;
  /** By crossing: state of the trie at the text after it; −1 if no token begins with that. */
  readonly tail: Int32Array;
  /** By crossing: state of the trie at the whole token. */
  readonly whole: Int32Array;
}

/** Mark in a chain: it goes on within a run. */
const THROUGH_RUN = -2;

/**
 * Computes how far back more text can change the tokens of a piece. Time grows with the bytes of all tokens.
 *
 * @param bpe Compiled byte pair encoding.
 * @returns A bound that no text exceeds, and its chain as a text.
 */
export function mergeReach(bpe: BpeTables): MergeReach {
  const crossings = listCrossings(bpe);
  const { end, at, rank, head, tail, whole } = crossings;
  const runs = new Map((bpe.runs ?? []).map((run) => [bpe.ranks[run.first]!, run]));
  // By crossing: bytes from it to the end of the text, if the chain goes on there; and the next token's crossing.
  const beyond = new Int32Array(rank.length), next = new Int32Array(rank.length).fill(-1);
  // By state: the most bytes to the end of the text from the beginning of a token with that head.
  const best = new Int32Array(bpe.base.length), bestAt = new Int32Array(bpe.base.length).fill(-1);
  /** The crossing of a token at which the chain leaves it, after it has entered at another. */
  const leave = (entry: number): number => {
    let found = entry;
    for (let each = entry + 1; each < end[entry]!; each++) {
      if (rank[each]! <= rank[entry]! && at[each]! + beyond[each]! > at[found]! + beyond[found]!) {
        found = each;
      }
    }
    return found;
  };
  const reachOf = (entry: number): number => {
    const crossing = leave(entry);
    return at[crossing]! + beyond[crossing]!;
  };
  const order = byRank(rank, bpe.tokens);
  let longest = -1;
  for (let from = 0, to = 0; from < order.length; from = to) {
    const now = rank[order[from]!]!;
    for (; to < order.length && rank[order[to]!] === now; to++) {
      const crossing = order[to]!, state = tail[crossing]!;
      if (state < 0 || bestAt[state]! < 0) continue;
      beyond[crossing] = best[state]!;
      next[crossing] = bestAt[state]!;
    }
    const run = runs.get(now);
    if (run !== undefined) {
      let most = 0;
      for (let n = from; n < to; n++) most = Math.max(most, reachOf(order[n]!));
      const within = most + runReach(run) * bpe.lengths[run.unit]!;
      for (let n = from; n < to; n++) {
        beyond[order[n]!] = within;
        next[order[n]!] = THROUGH_RUN;
      }
    }
    for (let n = from; n < to; n++) {
      const crossing = order[n]!, state = head[crossing]!, reach = reachOf(crossing);
      if (bestAt[state]! < 0 || reach > best[state]!) {
        best[state] = reach;
        bestAt[state] = crossing;
      }
      const bytes = at[crossing]! + beyond[crossing]!;
      if (longest < 0 || bytes > at[longest]! + beyond[longest]!) longest = crossing;
    }
  }
  if (longest < 0) return { bytes: 0, witness: null };
  const chain: number[] = [];
  let crossing = longest;
  for (; next[crossing]! >= 0; crossing = leave(next[crossing]!)) chain.push(crossing);
  const bytes = at[longest]! + beyond[longest]!;
  if (next[crossing] === THROUGH_RUN) return { bytes, witness: null };
  const parts = [
    ...chain.map((each) => pathOf(bpe, whole[each]!).subarray(0, at[each]!)),
    pathOf(bpe, whole[crossing]!),
  ];
  return { bytes, witness: { bytes: concat(parts), before: bytes } };
}

/** Lists the crossings of all tokens that merges make. */
function listCrossings(bpe: BpeTables): Crossings {
  const { ranks, left, right, lengths } = bpe;
  const phase = ranks.slice();
  for (const { first, apart } of bpe.runs ?? []) {
    const count = Math.sqrt(apart.length) - 1;
    phase.fill(ranks[first]!, first, first + count);
  }
  const room = lengths.reduce((sum, length) => sum + length, 0);
  const [end, at, rank, head, tail, whole] = Array.from({ length: 6 }, () => new Int32Array(room));
  let count = 0;
  const rankAt = new Int32Array(bpe.longestToken + 1).fill(-1);
  const undo = (token: number): void => {
    const open: (readonly [token: number, from: number])[] = [[token, 0]];
    for (let part = open.pop(); part !== undefined; part = open.pop()) {
      const [each, from] = part;
      if (ranks[each]! < 0) continue;
      const middle = from + lengths[left[each]!]!;
      rankAt[middle] = phase[each]!;
      open.push([left[each]!, from], [right[each]!, middle]);
    }
  };
  for (let state = 1; state < bpe.whole.length; state++) {
    const token = bpe.whole[state]!;
    if (token < 0 || ranks[token]! < 0) continue;
    const text = pathOf(bpe, state);
    undo(token);
    const first = count;
    for (let offset = 1, before = walk(bpe, text, 0, 1); offset < text.length; offset++) {
      if (rankAt[offset]! >= 0) {
        at![count] = offset;
        rank![count] = rankAt[offset]!;
        head![count] = before;
        tail![count] = walk(bpe, text, offset, text.length);
        whole![count++] = state;
        rankAt[offset] = -1;
      }
      before = bpe.base[before]! + text[offset]!;
    }
    end!.fill(count, first, count);
  }
  return {
    end: end!.subarray(0, count),
    at: at!.subarray(0, count),
    rank: rank!.subarray(0, count),
    head: head!.subarray(0, count),
    tail: tail!.subarray(0, count),
    whole: whole!.subarray(0, count),
  };
}

/** Numbers of the crossings by ascending rank. */
function byRank(rank: Int32Array, ranks: number): Int32Array {
  const starts = new Int32Array(ranks + 1);
  for (const each of rank) starts[each + 1]!++;
  for (let n = 0; n < ranks; n++) starts[n + 1]! += starts[n]!;
  const order = new Int32Array(rank.length);
  for (let crossing = 0; crossing < rank.length; crossing++) order[starts[rank[crossing]!]!++] = crossing;
  return order;
}

/** State of the trie after a stretch of text, or −1. */
function walk({ base, check }: BpeTables, text: Uint8Array, from: number, to: number): number {
  let state = 0;
  for (let at = from; at < to; at++) {
    const child = base[state]! + text[at]!;
    if (check[child] !== state) return -1;
    state = child;
  }
  return state;
}

/** Returns the text that leads to a state of the trie. */
export function pathOf({ base, check, depth }: BpeTables, state: number): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(depth[state]!);
  for (let at = text.length, here = state; at > 0; here = check[here]!) {
    text[--at] = here - base[check[here]!]!;
  }
  return text;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Maximum units before the end of a run that a longer run cuts differently. */
function runReach({ apart }: RunTables): number {
  const length = Math.sqrt(apart.length);
  // The last token of a run depends on those of the `length` runs before it, so rows of them come back.
  const lasts = [0];
  const seen = new Set<string>();
  let reach = 0;
  for (let units = 1;; units++) {
    let last = 1;
    for (let token = Math.min(length, units); token > 1; token--) {
      const before = units - token;
      if (before === 0 || apart[(lasts[before]! - 1) * length + token - 1] === 1) {
        last = token;
        break;
      }
    }
    lasts.push(last);
    for (let other = Math.max(0, units - length + 1); other < units; other++) {
      let a = units, b = other;
      while (a !== b) a > b ? a -= lasts[a]! : b -= lasts[b]!;
      reach = Math.max(reach, units - a);
    }
    const row = lasts.slice(-length).join();
    // A second time around, chains of the same rows have met.
    if (units > 2 * length && seen.has(row)) return reach;
    if (units > length) seen.add(row);
  }
}
