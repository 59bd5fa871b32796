/**
 * Ends of grapheme clusters (UAX #29), with the sets of tokenizers, without the rules for emoji and Indic
 * conjuncts.
 *
 * @module
 */

import { has } from "../tokenize/pattern/set.ts";
import { rangesOf } from "./codec.ts";
import { CONTROLS, EXTENDS, PREPENDS } from "./graphemes_data.ts";

/** Sets of code points that decide where clusters end. */
interface ClusterSets {
  readonly extends: readonly number[];
  readonly prepends: readonly number[];
  readonly controls: readonly number[];
}

let sets: ClusterSets | undefined;

/**
 * Tests whether a grapheme cluster goes on from one code point to the next.
 *
 * @param before Code point of the cluster.
 * @param code Code point after it.
 */
export function continuesCluster(before: number, code: number): boolean {
  // Letters, digits and punctuation of ASCII never continue a cluster, and nearly all text is of them.
  if (before < 0x80 && code < 0x80) return before === 13 && code === 10;
  sets ??= { extends: rangesOf(EXTENDS), prepends: rangesOf(PREPENDS), controls: rangesOf(CONTROLS) };
  const { extends: extending, prepends, controls } = sets;
  if (before === 0 || code === 0 || has(controls, before) || has(controls, code)) return false;
  return has(extending, code) || has(prepends, before) || continuesSyllable(before, code);
}

/** Tests whether two jamo or syllables of Hangul are in one cluster. */
function continuesSyllable(before: number, code: number): boolean {
  const isLead = (one: number) => one >= 0x1100 && one < 0x1160 || one >= 0xa960 && one < 0xa97d;
  const isVowel = (one: number) => one >= 0x1160 && one < 0x11a8 || one >= 0xd7b0 && one < 0xd7c7;
  const isTail = (one: number) => one >= 0x11a8 && one < 0x1200 || one >= 0xd7cb && one < 0xd7fc;
  const isSyllable = (one: number) => one >= 0xac00 && one < 0xd7a4;
  const isOpen = (one: number) => isSyllable(one) && (one - 0xac00) % 28 === 0;
  return isLead(before) && (isLead(code) || isVowel(code) || isSyllable(code)) ||
    (isVowel(before) || isOpen(before)) && (isVowel(code) || isTail(code)) ||
    (isTail(before) || isSyllable(before)) && isTail(code);
}
