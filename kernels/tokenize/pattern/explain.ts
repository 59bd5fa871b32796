/**
 * Sizes of a compiled pattern, for reports.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";

/** Sizes of a compiled pattern. */
export interface PieceFigures {
  /** States of the automaton. */
  readonly states: number;
  /** Classes of code points, including the end of the text. */
  readonly classes: number;
  /** Maximum number of code points that an accept gives back. */
  readonly maxGivenBack: number;
  /** States in which the automaton needs text beyond its last accept. */
  readonly waiting: number;
  /**
   * Size of the class ROM in bytes, bit-packed: a block number for 256 code points, and a class for each of a
   * block.
   */
  readonly romBytes: number;
  /** Size of the transitions and of the states' marks in bytes, bit-packed. */
  readonly automatonBytes: number;
}

function bitsFor(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(values)));
}

/**
 * Computes the sizes of a compiled pattern.
 *
 * @param tables Compiled pattern.
 * @returns Its sizes.
 *
 * @example
 * ```ts
 * import { compilePattern, explainPieces } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * const { states, classes } = explainPieces(compilePattern("\\s+|\\S"));
 * assert.deepEqual([states, classes], [3, 3]);
 * ```
 */
export function explainPieces(tables: PieceTables): PieceFigures {
  const { states, classes, accept, blockOf, classOf } = tables;
  const maxGivenBack = accept.reduce((max, one) => Math.max(max, one), 0);
  // Word of a state: number of code points given back, or absent; final; dropped.
  const stateBits = bitsFor(maxGivenBack + 2) + 2;
  return {
    states,
    classes,
    maxGivenBack,
    waiting: accept.reduce((count, one) => count + +(one < 0), 0),
    romBytes: Math.ceil(
      (blockOf.length * bitsFor(classOf.length / 256) + classOf.length * bitsFor(classes - 1)) / 8,
    ),
    automatonBytes: Math.ceil((states * classes * bitsFor(states + 1) + states * stateBits) / 8),
  };
}
