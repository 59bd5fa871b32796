/**
 * Other rules by which chunks that overlap could be put together, for comparison. None of them is exact, and nothing
 * but the comparison uses them: {@linkcode ChunkMerge} is what a session uses.
 *
 * @module
 */

/** Ways of putting chunks together that have been proposed, by name. */
export const MERGE_RULES = ["paper", "longest run", "position"] as const;

/**
 * One of {@linkcode MERGE_RULES}.
 *
 * - `paper`: the last token so far that the new chunk's overlap has too marks the seam.
 * - `longest run`: the longest run of ids that both have in the overlap; the seam is behind it.
 * - `position`: the first byte in the overlap where a token of both ends.
 */
export type MergeRule = (typeof MERGE_RULES)[number];

/** A chunk that was tokenized as if it were a text of its own. Plain data. */
export interface RuleChunk {
  /** Where it begins in the text. */
  readonly from: number;
  /** Ids of its tokens. */
  readonly ids: readonly number[];
  /** Where each ends in the text. */
  readonly ends: readonly number[];
}

/**
 * Puts chunks together by a rule. Where the rule finds no seam, a chunk's tokens behind those so far follow.
 *
 * @param rule The rule.
 * @param chunks Chunks in their order, each overlapping the one before.
 * @returns The ids, which may be wrong.
 *
 * @example
 * ```ts
 * import { mergeByRule } from "./rules.ts";
 * import assert from "node:assert/strict";
 *
 * const chunks = [
 *   { from: 0, ids: [10, 11, 12], ends: [3, 5, 8] },
 *   { from: 3, ids: [11, 12, 13], ends: [5, 8, 9] },
 * ];
 * assert.deepEqual(mergeByRule("paper", chunks), [10, 11, 12, 13]);
 * ```
 */
export function mergeByRule(rule: MergeRule, chunks: readonly RuleChunk[]): number[] {
  const ids: number[] = [], ends: number[] = [];
  for (const chunk of chunks) {
    const { kept, next } = SEAMS[rule](ids, ends, chunk);
    ids.length = ends.length = kept;
    ids.push(...chunk.ids.slice(next));
    ends.push(...chunk.ends.slice(next));
  }
  return ids;
}

/** How many tokens so far stay, and the first of the chunk's that follows. */
interface Seam {
  readonly kept: number;
  readonly next: number;
}

type FindSeam = (ids: readonly number[], ends: readonly number[], chunk: RuleChunk) => Seam;

const SEAMS: Readonly<Record<MergeRule, FindSeam>> = {
  paper: (ids, ends, chunk) => {
    const first = firstInside(ends, chunk.from);
    for (let at = ids.length - 1; at >= first; at--) {
      const place = chunk.ids.indexOf(ids[at]!);
      if (place >= 0 && chunk.ends[place]! <= ends.at(-1)!) return { kept: at + 1, next: place + 1 };
    }
    return noSeam(ids, ends, chunk);
  },
  "longest run": (ids, ends, chunk) => {
    const first = firstInside(ends, chunk.from);
    const inside = chunk.ends.filter((end) => end <= (ends.at(-1) ?? 0)).length;
    let best = 0, seam = noSeam(ids, ends, chunk);
    for (let at = first; at < ids.length; at++) {
      for (let place = 0; place < inside; place++) {
        let length = 0;
        while (
          at + length < ids.length && place + length < inside &&
          ids[at + length] === chunk.ids[place + length]
        ) length++;
        if (length <= best) continue;
        best = length;
        seam = { kept: at + length, next: place + length };
      }
    }
    return seam;
  },
  position: (ids, ends, chunk) => {
    for (let at = firstInside(ends, chunk.from); at < ids.length; at++) {
      const place = chunk.ends.indexOf(ends[at]!);
      if (place >= 0) return { kept: at + 1, next: place + 1 };
    }
    return noSeam(ids, ends, chunk);
  },
};

/** The first token so far that ends inside a chunk. */
function firstInside(ends: readonly number[], from: number): number {
  let first = ends.length;
  while (first > 0 && ends[first - 1]! > from) first--;
  return first;
}

function noSeam(ids: readonly number[], ends: readonly number[], chunk: RuleChunk): Seam {
  const last = ends.at(-1) ?? 0;
  const next = chunk.ends.findIndex((end) => end > last);
  return { kept: ids.length, next: next < 0 ? chunk.ids.length : next };
}
