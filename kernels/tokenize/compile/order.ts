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
 * - If all tokens of a phase repeat one unit, they have a rule of their own, in `runs.ts`.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { CanonicalMerges, Merger, UnitTokens } from "./merges.ts";
import { blockedPairs, findRun, type Run } from "./runs.ts";

/** Order in which merges make tokens, and the merges by which it decides. Plain data. */
export interface OrderOfMaking {
  /** Tokens that merges make, in order. */
  readonly made: Int32Array;
  /** By token: its left part, or −1. A run's parts are those of `runs.ts`. */
  readonly left: Int32Array;
  /** By token: its right part, or −1. */
  readonly right: Int32Array;
  /** Tokens that repeat one unit, with a rule of their own. */
  readonly runs: readonly Run[];
}

/** Phases of a vocabulary. */
interface Phases {
  /** By token: its phase, the greatest rank of its merges; −1 for a unit. */
  readonly phase: Int32Array;
  /** By token of a cascade: the ranks of the cascade up to it. */
  readonly rows: Map<number, readonly number[]>;
  /** By phase: the tokens of its cascade. */
  readonly cascades: ReadonlyMap<number, readonly number[]>;
  /** Tokens that merges make, the shortest first. */
  readonly made: number[];
}

/**
 * Sorts the tokens that merges make into the order in which they are made.
 *
 * @param canonical By token: the merge that makes it.
 * @param units By token: the unit tokens of its text.
 * @param merger Merges of the vocabulary.
 * @returns The order.
 * @throws {OnpathError} `table` if no order decides as the ranks do.
 */
export function orderOfMaking(canonical: CanonicalMerges, units: UnitTokens, merger: Merger): OrderOfMaking {
  const phases = findPhases(canonical, units);
  const first = new Map<number, number>();
  for (const token of phases.made) if (!phases.rows.has(token)) first.set(phases.phase[token]!, token);
  const runs = new Map<number, Run>();
  for (;;) {
    const order = arrange(phases, canonical, runs);
    const failed: [phase: number, a: number, b: number][] = [];
    for (const [at, tokens] of phases.cascades) {
      if (runs.has(at)) continue;
      const pair = checkPhase(first.get(at)!, tokens, phases.phase, order, units, merger);
      if (pair !== null) failed.push([at, ...pair]);
    }
    if (failed.length === 0) return order;
    for (const [at, a, b] of failed) {
      const run = findRun(first.get(at)!, phases.cascades.get(at)!, canonical, units, merger);
      if (run === null) throw unordered(a, b);
      runs.set(at, run);
    }
  }
}

function findPhases({ left, right, rank }: CanonicalMerges, units: UnitTokens): Phases {
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
  return { phase, rows, cascades, made };
}

/** Sorts tokens by phase and row; the runs among them by length. */
function arrange(
  { phase, rows, made: found }: Phases,
  canonical: CanonicalMerges,
  runs: ReadonlyMap<number, Run>,
): Seams & OrderOfMaking {
  const left = canonical.left.slice(), right = canonical.right.slice();
  for (const { tokens } of runs.values()) {
    for (let length = 2; length < tokens.length; length++) {
      const token = tokens[length]!;
      left[token] = tokens[0]!;
      right[token] = tokens[length - 1]!;
      rows.set(token, [length]);
    }
  }
  const made = found.toSorted((a, b) =>
    phase[a]! - phase[b]! || compareRows(rows.get(a) ?? [], rows.get(b) ?? [])
  );
  const place = new Int32Array(phase.length).fill(-1);
  for (let i = 0; i < made.length; i++) place[made[i]!] = i;
  const pairs = new Map<number, number>();
  const key = (l: number, r: number) => l * phase.length + r;
  for (const token of made) pairs.set(key(left[token]!, right[token]!), place[token]!);
  const seams = { left, right, place, pair: (l: number, r: number) => pairs.get(key(l, r)) ?? -1 };
  for (const run of runs.values()) {
    const blocked = blockedPairs(run, (a, b) => standApart(a, b, seams));
    if (blocked === null) throw unordered(run.tokens[1]!, run.tokens.at(-1)!);
    for (const [a, b] of blocked) pairs.set(key(a, b), place[run.tokens.at(-1)!]! + 1);
  }
  return { ...seams, made: Int32Array.from(made), runs: [...runs.values()] };
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

/**
 * Compares the pairs that positions could decide differently with the plain rule, and finds one that they do;
 * null if the order is right.
 */
function checkPhase(
  first: number,
  tokens: readonly number[],
  phase: Int32Array,
  seams: Seams,
  units: UnitTokens,
  merger: Merger,
): [number, number] | null {
  const { left, right, place } = seams;
  const at = phase[first]!;
  for (const token of tokens) {
    if (place[left[token]!]! >= place[token]! || place[right[token]!]! >= place[token]!) {
      return [token, token];
    }
    let inner = token;
    while (phase[inner] === at && inner !== first) inner = right[inner]!;
    if (inner === left[first]) return [token, first];
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
      if (apart !== standApart(a, b, seams)) return [a, b];
    }
  }
  return null;
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
