/**
 * The order in which merges happen, where it is not that of their ranks.
 *
 * A vocabulary can rank a merge below one of its parts (81 tokens of Llama 3). Such a merge happens as soon as the
 * part is there. Let the *phase* W(t) be the greatest rank among the merges that t is made of, and m the token
 * that the merge of that rank makes: t is made in the phase, either as m itself or in the *cascade* of lower ranks
 * that m sets off before the next merge of that rank, further right, has its turn. Within a cascade every merge
 * holds m and follows from the one before it, so its place is the row of their ranks. Tokens in the order of
 * (W, row of cascade ranks), their places taken as ranks, then decide as the ranks themselves do:
 *
 * A pair (u, v) at the seam of two tokens merges if its rank z is below the greatest rank of the merges that
 * happen between the moment when both are there and the moment when p uses one of them up. Phases of u and v below
 * p's: that greatest rank is W(p), and z < W(p) just if the phase of their merge is. Phase of the one used up
 * equal to p's: p is the next step of its cascade, and ranks decide, as in the rows. What is left are two tokens
 * that both have cascades of one phase side by side, where positions decide and not rows: such pairs are few and
 * are all tried against the plain rule; and a cascade that takes the left part of m from the next m, which is
 * refused.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { CanonicalMerges, Merger, UnitTokens } from "./merges.ts";

/**
 * Puts the tokens that merges make into the order in which they are made.
 *
 * @param canonical By token: the merge that makes it.
 * @param units By token: the unit tokens that its text begins as.
 * @param merger The vocabulary's merges.
 * @returns Tokens in that order.
 * @throws {OnpathError} `table` when no order decides as the ranks do.
 */
export function orderOfMaking(canonical: CanonicalMerges, units: UnitTokens, merger: Merger): Int32Array {
  const { left, right, rank } = canonical;
  const made: number[] = [];
  for (let token = 0; token < rank.length; token++) if (rank[token]! >= 0) made.push(token);
  // Parts are shorter than the whole: in this order they come first.
  const size = (token: number) => units.offsets[token + 1]! - units.offsets[token]!;
  made.sort((a, b) => size(a) - size(b));
  const phase = rank.slice();
  const rows = new Map<number, readonly number[]>();
  const cascades = new Map<number, number[]>();
  for (const token of made) {
    const [l, r] = [left[token]!, right[token]!];
    const latest = Math.max(phase[l]!, phase[r]!);
    if (latest < rank[token]!) continue;
    phase[token] = latest;
    rows.set(token, [...(rows.get(phase[r] === latest ? r : l) ?? []), rank[token]!]);
    const others = cascades.get(latest);
    if (others === undefined) cascades.set(latest, [token]);
    else others.push(token);
  }
  made.sort((a, b) => phase[a]! - phase[b]! || compareRows(rows.get(a) ?? [], rows.get(b) ?? []));
  const place = new Int32Array(rank.length).fill(-1);
  for (let i = 0; i < made.length; i++) place[made[i]!] = i;
  for (const token of rows.keys()) {
    if (place[left[token]!]! >= place[token]! || place[right[token]!]! >= place[token]!) {
      throw unordered(token, token);
    }
  }
  if (cascades.size > 0) {
    const first = new Map<number, number>();
    for (const token of made) if (!rows.has(token)) first.set(phase[token]!, token);
    const pairs = new Map(made.map((token) => [left[token]! * rank.length + right[token]!, place[token]!]));
    const seams = {
      left,
      right,
      place,
      pair: (l: number, r: number) => pairs.get(l * rank.length + r) ?? -1,
    };
    for (const [at, tokens] of cascades) checkPhase(first.get(at)!, tokens, phase, seams, units, merger);
  }
  return Int32Array.from(made);
}

function compareRows(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** What decides whether two tokens stand side by side: merges in the order of their making. */
interface Seams {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly place: Int32Array;
  /** The place of the token that a pair makes, or −1. */
  readonly pair: (left: number, right: number) => number;
}

/** Tries what positions could decide otherwise than places. */
function checkPhase(
  first: number,
  tokens: readonly number[],
  phase: Int32Array,
  seams: Seams,
  units: UnitTokens,
  merger: Merger,
): void {
  const at = phase[first]!;
  for (const token of tokens) {
    let inner = token;
    while (phase[inner] === at && inner !== first) inner = seams.right[inner]!;
    if (inner === seams.left[first]) throw unordered(token, first);
  }
  const all = [first, ...tokens];
  for (const a of all) {
    for (const b of all) {
      const parts: number[] = [];
      for (const token of [a, b]) {
        for (let i = units.offsets[token]!; i < units.offsets[token + 1]!; i++) parts.push(units.tokens[i]!);
      }
      merger.run(parts);
      const apart = parts.length === 2 && parts[0] === a && parts[1] === b;
      if (apart !== standApart(a, b, seams)) throw unordered(a, b);
    }
  }
}

/** Whether the text of two tokens is encoded as these two, by places. */
function standApart(a: number, b: number, { left, right, place, pair }: Seams): boolean {
  let [u, v, limit] = [a, b, Infinity];
  for (;;) {
    const crossing = pair(u, v);
    if (crossing >= 0 && crossing < limit) return false;
    if (place[u]! < 0 && place[v]! < 0) return true;
    if (place[u]! > place[v]!) {
      limit = place[u]!;
      u = right[u]!;
    } else {
      limit = place[v]! + 1;
      v = left[v]!;
    }
  }
}

function unordered(a: number, b: number): OnpathError {
  return new OnpathError(
    "table",
    `Cannot compile a vocabulary: tokens ${a} and ${b} are ranked below their parts, ` +
      "and no order of merges decides between them",
    { tokens: [a, b] },
  );
}
