/**
 * Positions where a text can be cut whatever surrounds the cut: between two code points that no token and no
 * piece contains together. The parts are then tokenized independently, so equal parts have equal tokens.
 *
 * Let δ be the transitions of the piece automaton. Every match ends between classes a and b if this holds for
 * each state s = δ(q, a) with q reachable: either the match is final at s with nothing given back, or s
 * accepts with nothing given back and has no transition by b. Then a piece ends between a and b, and the next
 * one begins there. If the match is final at s and gives a back, the next piece begins at a, which is the case
 * q = start. Patterns never look behind, so the text after the cut is matched as at a text's start.
 * Every match before the cut has ended, as at a text's end.
 *
 * @module
 */

import type { PieceTables, Vocabulary } from "./vocabulary.ts";

/** Table of the positions where a text may be cut. */
export interface CutRule {
  /** Number of classes of code points. */
  readonly classes: number;
  /** At `class before * classes + class after`: 1 if a cut between them leaves all tokens unchanged. */
  readonly certain: Uint8Array;
  /** By `code point >> 8`: the block of {@linkcode CutRule.classOf}. */
  readonly blockOf: Uint16Array;
  /** Class at `block * 256 + (code point & 255)`. */
  readonly classOf: Uint8Array;
}

/**
 * Computes the cuts that leave all tokens unchanged, from the piece automaton.
 *
 * @param pieces Automaton that cuts text into pieces.
 * @returns For each pair of classes: 1 if a piece ends between them in every text.
 */
export function certainCuts(pieces: PieceTables): CutRule {
  const { classes, transitions, accept, final } = pieces;
  const end = classes - 1;
  const reachable = reachableStates(pieces);
  const certain = new Uint8Array(classes * classes);
  for (let before = 0; before < end; before++) {
    for (let after = 0; after < end; after++) {
      let safe = true;
      for (const state of reachable) {
        const next = transitions[state * classes + before]!;
        if (next < 0 || (accept[next] === 1 && final[next] === 1)) continue;
        const ends = accept[next] === 0 && (final[next] === 1 || transitions[next * classes + after]! < 0);
        if (!ends) {
          safe = false;
          break;
        }
      }
      if (safe) certain[before * classes + after] = 1;
    }
  }
  return { classes, certain, blockOf: pieces.blockOf, classOf: pieces.classOf };
}

/** States that some text reaches, including the start. */
function reachableStates({ start, states, classes, transitions }: PieceTables): number[] {
  const seen = new Uint8Array(states);
  const found = [start];
  seen[start] = 1;
  for (let at = 0; at < found.length; at++) {
    for (let by = 0; by < classes - 1; by++) {
      const next = transitions[found[at]! * classes + by]!;
      if (next >= 0 && seen[next] === 0) {
        seen[next] = 1;
        found.push(next);
      }
    }
  }
  return found;
}

/** SentencePiece's mark for a space, U+2581. */
const MARK = 0x2581;

/**
 * Computes where a vocabulary's texts may be cut. Without pieces, merges may join anything that a token
 * contains. Then a text is cut before a {@linkcode MARK} that follows another character, if no token contains
 * such a pair.
 *
 * @param vocabulary Compiled vocabulary.
 * @returns The rule, or null if no cut is certain.
 */
export function vocabularyCuts(vocabulary: Vocabulary): CutRule | null {
  if (vocabulary.pieces !== null) {
    const rule = certainCuts(vocabulary.pieces);
    return rule.certain.includes(1) ? rule : null;
  }
  return holdsMarkInside(vocabulary) ? null : MARK_RULE;
}

/** Tests whether a token contains the mark after another character. */
function holdsMarkInside({ bytes, offsets }: Vocabulary): boolean {
  for (let id = 0; id + 1 < offsets.length; id++) {
    const end = offsets[id + 1]!;
    for (let at = offsets[id]! + 1; at + 2 < end; at++) {
      if (!isMark(bytes, at)) continue;
      if (at < offsets[id]! + 3 || !isMark(bytes, at - 3)) return true;
    }
  }
  return false;
}

function isMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x96 && bytes[at + 2] === 0x81;
}

/** Rule of two classes: the mark, and everything else. */
const MARK_RULE: CutRule = (() => {
  const blockOf = new Uint16Array(0x1100);
  blockOf[MARK >> 8] = 1;
  const classOf = new Uint8Array(512);
  classOf[256 + (MARK & 255)] = 1;
  return { classes: 2, certain: Uint8Array.of(0, 1, 0, 0), blockOf, classOf };
})();
