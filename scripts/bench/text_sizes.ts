/**
 * Tokenizing of texts of several sizes by CPU time. Every round has texts that no round had before, because caches
 * of words flatter repeated ones.
 *
 * @module
 */

import process from "node:process";
import type { NamedText } from "../text/corpus.ts";
import { median } from "./measure.ts";
import type { Candidate } from "./measure.ts";

/** A way of tokenizing texts. */
export interface TextCandidate extends Omit<Candidate, "run"> {
  /** Tokenizes the texts. */
  readonly run: (texts: readonly string[]) => unknown;
}

/** Times of all candidates at one size. */
export interface SizeRow {
  /** Size of the texts, in UTF-16 units. */
  readonly size: number;
  /** By candidate: median nanoseconds of CPU a byte of UTF-8. */
  readonly nanoseconds: readonly number[];
  /** By candidate: median of the rounds' ratios, time of the first one to its own. */
  readonly ratios: readonly number[];
}

/** Sizes of texts, in UTF-16 units. */
export const TEXT_SIZES = [100, 1000, 10_000, 1_000_000] as const;
/** Least units of all texts of a round. */
const UNITS = 250_000;
const ROUNDS = 15;

/** Cuts texts of one size out of the corpus, each beginning behind white space. */
function freshTexts(all: string, size: number, next: () => number): string[] {
  return Array.from({ length: Math.ceil(UNITS / size) }, () => {
    const at = next() % (all.length - 2 * size);
    const from = at + Math.max(0, all.slice(at, at + size).search(/\s/u));
    // A copy, which does not refer to the whole corpus.
    return structuredClone(all.slice(from, from + size).toWellFormed());
  });
}

/**
 * Times candidates on fresh texts.
 *
 * @param candidates Ways of tokenizing; ratios are to the first.
 * @param documents Corpus of the texts.
 * @returns A row for each of {@linkcode TEXT_SIZES}.
 */
export async function measureSizes(
  candidates: readonly TextCandidate[],
  documents: readonly NamedText[],
): Promise<SizeRow[]> {
  const all = documents.map(({ text }) => text).join("\n");
  const utf8 = new TextEncoder();
  let state = 12345;
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    return state;
  };
  const rows: SizeRow[] = [];
  for (const size of TEXT_SIZES) {
    const times = candidates.map((): number[] => []);
    // The first rounds warm up.
    for (let round = -3; round < ROUNDS; round++) {
      const texts = freshTexts(all, size, next);
      const bytes = texts.reduce((sum, text) => sum + utf8.encode(text).length, 0);
      for (const [at, { run }] of candidates.entries()) {
        const before = process.cpuUsage();
        await run(texts);
        const { user, system } = process.cpuUsage(before);
        if (round >= 0) times[at]!.push(1000 * (user + system) / bytes);
      }
    }
    rows.push({
      size,
      nanoseconds: times.map(median),
      ratios: times.map((own) => median(own.map((time, round) => times[0]![round]! / time))),
    });
  }
  return rows;
}
