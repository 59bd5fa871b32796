/**
 * Order in which merges happen, if it differs from the order of their ranks.
 *
 * A vocabulary can rank a merge below one of its parts (81 tokens of Llama 3). Such a merge happens as soon
 * as the part exists. Let the *phase* W(t) be the greatest rank among the merges inside t, and m the token
 * made by the merge of that rank. Then t is made in that phase: either t is m itself, or t belongs to the
 * *cascade* of lower ranks after m. The cascade ends before the next merge of rank W(t), further right. Every
 * merge of a cascade contains m and follows from the one before it, so the row of its ranks fixes its place.
 * Tokens are sorted by (W, row of cascade ranks), and their places are used as ranks. These decide as the
 * ranks themselves do:
 *
 * Take a pair (u, v) at the seam of two tokens, with rank z, and the merge p that uses up u or v. The pair
 * merges if z is below the greatest rank of the merges between the moment when both exist and the merge p.
 *
 * - If the phases of u and v are below p's, that greatest rank is W(p). Then z < W(p) exactly if the phase of
 * their merge is below W(p).
 * - If the phase of the token that is used up equals p's, p is the next step of its cascade. Then ranks
 * decide, as in the rows.
 * - Two neighbouring tokens with cascades of one phase remain: there positions decide, not rows. These pairs
 * are few, and each is compared with the plain rule.
 * - A cascade that takes the left part of m from the next m is rejected.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { CanonicalMerges, Merger, UnitTokens } from "./merges.ts";

/**
 * Sorts the tokens that merges make into the order in which they are made.
 *
 * @param canonical By token: the merge that makes it.
 * @param units By token: the unit tokens of its text.
 * @param merger Merges of the vocabulary.
 * @returns Tokens in the order of making.
 * @throws {OnpathError} `table` if no order decides as the ranks do.
 */
export function orderOfMaking(canonical: CanonicalMerges, units: UnitTokens, merger: Merger): Int32Array {
  const { left, right, rank } = canonical;
  const made: number[] = [];
  for (let token = 0; token < rank.length; token++) if (rank[token]! >= 0) made.push(token);
  // Parts are shorter than the whole, so they come first in this order.
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

/** Tables that decide whether two tokens stand side by side: merges in the order of making. */
interface Seams {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly place: Int32Array;
  /** Place of the token that a pair makes; −1 if the pair makes none. */
  readonly pair: (left: number, right: number) => number;
}

/** Compares the pairs that positions could decide differently with the plain rule. */
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

/** Tests whether the joined text of two tokens is encoded as these two, by places. */
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
