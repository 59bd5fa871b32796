/**
 * Cycles that the RTL's tokenizer needs at least for a text, whatever is on chip: two of its stages take steps that
 * follow from the text and its tokens alone, each stage one step a cycle for all flows together.
 *
 * - The cutter takes a step for a code point of ASCII, and n + 1 for one of n bytes. The code point behind a piece takes
 *   another one, unless the piece could not be longer; those are left out.
 * - A piece of one token is emitted in one step, and one of n tokens in 2n: they are followed back, then forth.
 *
 * The searches take steps by tables and caches, so they have no such bound.
 *
 * @module
 */

import { Compatibility } from "./compatible.ts";
import { TextFlow } from "./flow.ts";
import { engineTables } from "./tables.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Steps of a text in two stages of the RTL. Plain data. */
export interface TextSteps {
  /** Steps of the cutter. */
  readonly cutting: number;
  /** Steps in which tokens are emitted. */
  readonly emitting: number;
  /** Cycles that all flows together need at least. */
  readonly cycles: number;
}

/**
 * Computes the steps of a text.
 *
 * @param vocabulary Compiled vocabulary with byte pair encoding.
 * @param text A whole text in UTF-8.
 */
export function textSteps(vocabulary: Vocabulary, text: Uint8Array): TextSteps {
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
  const flow = new TextFlow(engineTables(vocabulary), counts, compatibility, Infinity);
  flow.take(text, 0, text.length);
  flow.end();
  const { tokens, count } = flow.list;
  let emitting = 0, begun = 0;
  for (let n = 0; n < count; n++) {
    begun++;
    // The lowest bit is set at the end of a piece.
    if ((tokens[n]! & 1) === 0) continue;
    emitting += begun === 1 ? 1 : 2 * begun;
    begun = 0;
  }
  let cutting = 0;
  for (const byte of text) cutting += byte < 0xc0 ? 1 : 2;
  return { cutting, emitting, cycles: Math.max(cutting, emitting) };
}
