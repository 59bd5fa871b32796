/**
 * Tokens that repeat one unit, such as SentencePiece's `▁▁▁`, whose merges follow each other in a cascade.
 *
 * Llama 2 ranks `▁ ▁` last of all merges, and `▁▁ ▁▁`, `▁▁▁▁ ▁` and the others before it. In a run of `▁`, the
 * first pair merges, takes the following units one by one, and then the next pair merges. So positions decide
 * where a run is cut, and no order of the tokens does.
 *
 * All tokens of such a phase are u², u³, … uⁿ of one unit u. Whether two of them stand side by side is a table
 * of n × n answers: row k of merging k units, up to 2n. Against any other token, a run is a row of single
 * units: before the phase no unit has merged with a unit, and after it none does. So each uᵏ counts as u and
 * uᵏ⁻¹ here, made in the order of lengths. With these parts, undoing merges finds no pair of the table but
 * u u. Every other pair of the table that does not stand is listed, at a rank just above that of the longest
 * run. Undoing a run looks below that rank, and undoing a later token above it.
 *
 * @module
 */

import type { RunTables } from "../vocabulary.ts";
import type { CanonicalMerges, Merger, UnitTokens } from "./merges.ts";

/** Maximum length of a run, in units. The table has the square of it. */
export const MAX_RUN = 64;

/** Tokens of one unit's runs. Plain data. */
export interface Run {
  /** By length less one: the token; the first is the unit. */
  readonly tokens: readonly number[];
  /** Pairs of them that stand side by side in a text, at `left * length + right`, by length less one. */
  readonly apart: Uint8Array;
}

/** Lists the tokens of compiled runs. */
export function runOf({ unit, first, apart }: RunTables): Run {
  const length = Math.sqrt(apart.length);
  return { tokens: [unit, ...Array.from({ length: length - 1 }, (_, n) => first + n)], apart };
}

/**
 * Finds the runs of a phase.
 *
 * @param first Token of the phase's first merge.
 * @param cascade All other tokens of the phase.
 * @param canonical By token: the merge that makes it.
 * @param units By token: the unit tokens of its text.
 * @param merger Merges of the vocabulary.
 * @returns The runs; null unless they are all lengths from 2 on of one unit, at most {@linkcode MAX_RUN}.
 */
export function findRun(
  first: number,
  cascade: readonly number[],
  canonical: CanonicalMerges,
  units: UnitTokens,
  merger: Merger,
): Run | null {
  const length = cascade.length + 2;
  if (length > MAX_RUN) return null;
  const unit = units.tokens[units.offsets[first]!]!;
  const tokens = [unit, ...new Array<number>(length - 1).fill(-1)];
  for (const token of [first, ...cascade]) {
    const from = units.offsets[token]!, to = units.offsets[token + 1]!;
    for (let at = from; at < to; at++) if (units.tokens[at] !== unit) return null;
    if (to - from < 2 || to - from > length || tokens[to - from - 1] !== -1) return null;
    tokens[to - from - 1] = token;
  }
  if (tokens[1] !== first) return null;
  return { tokens, apart: standingPairs(tokens, canonical.rank[first]!, merger) };
}

/** Merges each sum of two lengths, by the merges up to a rank, and compares. */
function standingPairs(tokens: readonly number[], rank: number, merger: Merger): Uint8Array {
  const length = tokens.length;
  const apart = new Uint8Array(length * length);
  for (let sum = 2; sum <= 2 * length; sum++) {
    const parts = new Array<number>(sum).fill(tokens[0]!);
    merger.run(parts, rank);
    if (parts.length !== 2) continue;
    const left = tokens.indexOf(parts[0]!), right = tokens.indexOf(parts[1]!);
    if (left >= 0 && right >= 0) apart[left * length + right] = 1;
  }
  return apart;
}

/**
 * Lists the pairs of runs that do not stand side by side, although no merge joins them.
 *
 * @param run Tokens, and the table of pairs.
 * @param stands Test whether merges leave two tokens side by side.
 * @returns The pairs; null if merges join a pair that stands.
 */
export function blockedPairs(
  { tokens, apart }: Run,
  stands: (left: number, right: number) => boolean,
): [left: number, right: number][] | null {
  const blocked: [number, number][] = [];
  for (const [n, isApart] of apart.entries()) {
    const left = tokens[Math.floor(n / tokens.length)]!, right = tokens[n % tokens.length]!;
    const stand = stands(left, right);
    if (isApart === 1 && !stand) return null;
    if (isApart === 0 && stand) blocked.push([left, right]);
  }
  return blocked;
}

/**
 * Tests whether each run of the unit, however long, has exactly one last token, and each token is that of its
 * own text.
 *
 * @param run Tokens, and the table of pairs.
 */
export function hasLastTokens({ tokens, apart }: Run): boolean {
  const length = tokens.length;
  // The last token of a run depends on those of the `length` runs before it, so their row comes back.
  const lasts: number[] = [];
  const seen = new Set<string>();
  for (let units = 1; units <= MAX_RUN * MAX_RUN; units++) {
    let last = 0;
    for (let token = 1; token <= Math.min(length, units); token++) {
      const before = units - token;
      if (before > 0 && apart[(lasts[before - 1]! - 1) * length + token - 1] === 0) continue;
      if (last > 0) return false;
      last = token;
    }
    if (last === 0 || (units <= length && last !== units)) return false;
    lasts.push(last);
    const row = lasts.slice(-length).join();
    if (units >= length && seen.has(row)) return true;
    seen.add(row);
  }
  return false;
}
