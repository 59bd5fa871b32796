/**
 * The look-back certificate of a vocabulary: how far before the end of a text more text can change its tokens.
 *
 * Let B(x) be the last offset of a text x before which the tokens of x and of xy are the same, for the worst y.
 * The certificate bounds |x| − B(x) by the sum of what each stage adds:
 *
 * - **Special tokens.** A text may end within one, which is one byte shorter than the longest at most.
 * - **Normalisation.** Steps that map each code point alone stretch the bound by a factor. Others have none:
 *   a mark may be sorted before any number of marks.
 * - **Pieces** ({@linkcode pieceReach}). A match that reads on after its last accept may give those bytes to
 *   another piece.
 * - **Merges within the last piece** ({@linkcode mergeReach}). A piece that is a token by a rule of its own, and
 *   no longer is when it grows, changes as a whole.
 *
 * @module
 */

import { requireObject } from "../../../serialize/require.ts";
import { requireVocabulary, type SpecialToken, type TextStep, type Vocabulary } from "../vocabulary.ts";
import { allowedTokens } from "../special.ts";
import { mergeReach, type ReachWitness } from "./merge_reach.ts";
import { pieceReach } from "./piece_reach.ts";

/** Stage for which no bound exists, or none is proven. */
export type UnboundedStage = "special" | "normalization" | "pieces" | "model";

/** Look-back of a vocabulary. Plain data. */
export interface LookBack {
  /** Maximum bytes before the end of a text that more text can change; null without a bound: checked at run time. */
  readonly bytes: number | null;
  /** Stage without a bound, the first; absent with a bound. */
  readonly unbounded?: UnboundedStage | undefined;
  /** Bytes that pieces add; null without a bound. */
  readonly pieceBytes: number | null;
  /** Bytes that merges within a piece add; null with another algorithm than BPE. */
  readonly mergeBytes: number | null;
  /** Longest chain of merges as a text, to try. It may reach less far: the bound leaves out which tokens fit. */
  readonly witness: ReachWitness | null;
}

/** Options of {@linkcode lookBack}. */
export interface LookBackOptions {
  /** Special tokens that are recognised; default `"none"`. */
  readonly special?: "all" | "none" | readonly string[] | undefined;
}

/** Bytes of UTF-8 that one byte of lower case may stand for: U+212A, of three bytes, becomes `k`. */
const LOWER_CASE_FACTOR = 3;

const reaches = new WeakMap<Vocabulary, ReturnType<typeof mergeReach>>();

/**
 * Computes the look-back certificate. The first call for a vocabulary takes about a second for 100,000 tokens.
 *
 * @param vocabulary Compiled vocabulary.
 * @param options Special tokens.
 * @throws {OnpathError} `pipeline` if a special token is unknown; `table` if the vocabulary is none.
 *
 * @example
 * ```ts
 * import { compileVocabulary, lookBack, readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const ranks = [...units, `${btoa("ab")} 256`, `${btoa("bc")} 257`].join("\n");
 * const vocabulary = await compileVocabulary(readTiktoken(ranks, "tiny", { pattern: "\\p{L}+|\\P{L}", special: {} }));
 * // "a" and "ab": more text changes a token of one byte. "b" | "ab" is "b" "ab", whatever follows "a".
 * assert.equal(lookBack(vocabulary).bytes, 1);
 * ```
 */
export function lookBack(vocabulary: Vocabulary, options: LookBackOptions = {}): LookBack {
  const { bpe, pieces } = requireVocabulary(vocabulary);
  requireObject("look back", "the options are", options);
  const { special = "none" } = options;
  const specialBytes = specialReach(allowedTokens(vocabulary, special));
  const stretch = normalizationReach(vocabulary.normalization);
  const pieceBytes = pieces === null ? 0 : pieceReach(pieces, bpe);
  if (bpe !== null && !reaches.has(vocabulary)) reaches.set(vocabulary, mergeReach(bpe));
  const reach = reaches.get(vocabulary) ?? null;
  const mergeBytes = reach === null ? null : Math.max(reach.bytes, bpe!.wholeFirst ? bpe!.longestToken : 0);
  const found = { pieceBytes, mergeBytes, witness: reach?.witness ?? null };
  const unbounded = specialBytes === null
    ? "special"
    : stretch === null
    ? "normalization"
    : pieceBytes === null
    ? "pieces"
    : mergeBytes === null
    ? "model"
    : undefined;
  if (unbounded !== undefined) return { bytes: null, unbounded, ...found };
  const { factor, more } = stretch!;
  return { bytes: specialBytes! + Math.ceil(factor * (pieceBytes! + mergeBytes!)) + more, ...found };
}

/** Bytes that may become a special token; null if one takes white space before it, of any length. */
function specialReach(tokens: readonly SpecialToken[]): number | null {
  if (tokens.some(({ strip }) => strip !== undefined)) return null;
  const encoder = new TextEncoder();
  return tokens.reduce((most, { text }) => Math.max(most, encoder.encode(text).length - 1), 0);
}

/** Bytes of text for a byte of normalised text, and bytes beyond; null if a step looks at neighbours. */
function normalizationReach(
  steps: readonly TextStep[],
): { readonly factor: number; readonly more: number } | null {
  const encoder = new TextEncoder();
  let factor = 1, more = 0;
  for (const step of steps) {
    if (step.op === "lower_case") factor *= LOWER_CASE_FACTOR;
    else if (step.op === "replace") {
      const from = encoder.encode(step.from).length, to = encoder.encode(step.to).length;
      if (to === 0) return null;
      // A text may end within the string that is replaced.
      more = more * Math.max(1, from / to) + from - 1;
      factor *= Math.max(1, from / to);
    } else if (step.op !== "prepend" || step.unless === true) return null;
  }
  return { factor, more: Math.ceil(more) };
}
