/**
 * Alternative rules for merging overlapping chunks, for comparison only. All of them are inexact. Sessions
 * use {@linkcode ChunkMerge}.
 *
 * @module
 */

/** Merge rules that have been proposed, by name. */
export const MERGE_RULES = ["paper", "longest run", "position"] as const;

/**
 * One of {@linkcode MERGE_RULES}.
 *
 * - `paper`: the seam is the run's last token that also occurs in the new chunk's overlap.
 * - `longest run`: the seam is behind the longest sequence of ids common to both in the overlap.
 * - `position`: the seam is the first byte in the overlap where a token of both ends.
 */
export type MergeRule = (typeof MERGE_RULES)[number];

/** Chunk that was tokenized as a separate text. Plain data. */
export interface RuleChunk {
  /** Offset of its first byte in the text. */
  readonly from: number;
  /** Token ids of the chunk. */
  readonly ids: readonly number[];
  /** Offset behind each token in the text, in bytes. */
  readonly ends: readonly number[];
}

/**
 * Merges chunks by a rule. If the rule finds no seam, the chunk's tokens behind the run are appended.
 *
 * @param rule Merge rule.
 * @param chunks Chunks in text order; each overlaps the previous one.
 * @returns Token ids, possibly wrong.
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

/** Number of run tokens to keep, and index of the chunk's first token to append. */
interface Seam {
  readonly kept: number;
  readonly next: number;
}

type FindSeam = (ids: readonly number[], ends: readonly number[], chunk: RuleChunk) => Seam;

const SEAMS: Readonly<Record<MergeRule, FindSeam>> = {
  paper: (ids, ends, chunk) => {
    const first = firstInside(ends, chunk.from);
    for (let at = ids.length - 1; at >= first; at--) {
      const index = chunk.ids.indexOf(ids[at]!);
      if (index >= 0 && chunk.ends[index]! <= ends.at(-1)!) return { kept: at + 1, next: index + 1 };
    }
    return noSeam(ids, ends, chunk);
  },
  "longest run": (ids, ends, chunk) => {
    const first = firstInside(ends, chunk.from);
    const inside = chunk.ends.filter((end) => end <= (ends.at(-1) ?? 0)).length;
    let best = 0, seam = noSeam(ids, ends, chunk);
    for (let at = first; at < ids.length; at++) {
      for (let index = 0; index < inside; index++) {
        let length = 0;
        while (
          at + length < ids.length && index + length < inside &&
          ids[at + length] === chunk.ids[index + length]
        ) length++;
        if (length <= best) continue;
        best = length;
        seam = { kept: at + length, next: index + length };
      }
    }
    return seam;
  },
  position: (ids, ends, chunk) => {
    for (let at = firstInside(ends, chunk.from); at < ids.length; at++) {
      const index = chunk.ends.indexOf(ends[at]!);
      if (index >= 0) return { kept: at + 1, next: index + 1 };
    }
    return noSeam(ids, ends, chunk);
  },
};

/** Index of the first run token that ends inside a chunk. */
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
