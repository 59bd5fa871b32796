/**
 * Filters of the steps by which SentencePiece's vocabularies mark words: `mark_words`, `squeeze` and `strip`.
 *
 * @module
 */

import { has } from "../tokenize/pattern/set.ts";
import { whiteSpace } from "../unicode/white_space.ts";

/** Receives a code point with its source; the sink of a filter. */
type Sink = (code: number, from: number, to: number, anchor: number) => void;

/** Filter without what `filters.ts` adds. */
interface WordFilter {
  readonly push: Sink;
  readonly end: () => void;
  readonly heldFrom: () => number;
}

/** Drops white space, and puts a mark before each word that does not begin with it. */
export function markWordsFilter(mark: string, next: Sink): WordFilter {
  const spaces = whiteSpace(), put = mark.codePointAt(0)!;
  let isBefore = true;
  return {
    push: (code, from, to, anchor) => {
      if (has(spaces, code)) {
        isBefore = true;
        return;
      }
      if (isBefore && code !== put) next(put, from, from, anchor);
      isBefore = false;
      next(code, from, to, anchor);
    },
    end: () => {},
    heldFrom: () => Infinity,
  };
}

/** Replaces two or more of one code point in a row by a text. */
export function squeezeFilter(of: string, to: string, next: Sink): WordFilter {
  const code = of.codePointAt(0)!;
  const text = Array.from(to, (one) => one.codePointAt(0)!);
  let count = 0, begin = 0, last = 0, held = Infinity;
  const flush = () => {
    if (count === 1) next(code, begin, last, held);
    else if (count > 1) { for (const one of text) next(one, begin, last, held); }
    count = 0;
    held = Infinity;
  };
  return {
    push: (one, from, end, anchor) => {
      if (one !== code) {
        flush();
        return next(one, from, end, anchor);
      }
      // The text has the place of the last one, as in tokenizers.
      if (count++ === 0) held = anchor;
      [begin, last] = [from, end];
    },
    end: flush,
    heldFrom: () => held,
  };
}

/** Removes white space, or one code point, at the beginning of a text, at its end, or both. */
export function stripFilter(side: "left" | "right" | "both", of: string | undefined, next: Sink): WordFilter {
  const spaces = of === undefined ? whiteSpace() : [of.codePointAt(0)!, of.codePointAt(0)!];
  let isBefore = side !== "right";
  const held: [code: number, from: number, to: number, anchor: number][] = [];
  return {
    push: (code, from, to, anchor) => {
      if (has(spaces, code)) {
        if (isBefore) return;
        if (side !== "left") held.push([code, from, to, anchor]);
        else next(code, from, to, anchor);
        return;
      }
      isBefore = false;
      for (const one of held) next(...one);
      held.length = 0;
      next(code, from, to, anchor);
    },
    end: () => {
      held.length = 0;
    },
    heldFrom: () => held[0]?.[3] ?? Infinity,
  };
}
