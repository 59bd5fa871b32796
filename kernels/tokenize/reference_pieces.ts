/**
 * Cuts a whole text with ECMAScript's own regular expressions.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { classText } from "../unicode/codec.ts";
import { complement } from "./pattern/set.ts";
import { foldCase, propertySet } from "./pattern/unicode.ts";

/** Pattern of the reference cutter. */
export interface PlainPattern {
  /** Regular expression whose matches are the pieces. */
  readonly pattern: string;
  /** Treatment of unmatched text. */
  readonly unmatched: "piece" | "drop";
}

const ESCAPE = /\\(?:[pP]\{([^}]*)\}|[sS]|[^])|[[\]]/gu;

/**
 * Replaces properties, `\s` and `(?i:…)` by explicit classes, so that the sets are the same on every engine.
 * ECMAScript's `\s` contains U+FEFF and lacks U+0085; Node 20 lacks `(?i:…)`.
 */
function writtenOut(pattern: string): string {
  const cased = pattern.replace(
    /\(\?i:([^()[\]\\]*)\)/gu,
    (_, inner: string) =>
      `(?:${
        inner.replace(
          /[a-zA-Z]/g,
          (one) => `[${classText(foldCase([one.charCodeAt(0), one.charCodeAt(0)]))}]`,
        )
      })`,
  );
  let isInside = false;
  return cased.replace(ESCAPE, (escape: string, name: string | undefined) => {
    if (escape === "[" || escape === "]") {
      isInside = escape === "[";
      return escape;
    }
    if (!/^\\[pPsS]/.test(escape)) return escape;
    const set = propertySet(name ?? "White_Space");
    if (set === null) return escape;
    const ranges = classText(/[PS]/.test(escape[1]!) ? complement(set) : set);
    return isInside ? ranges : `[${ranges}]`;
  });
}

/**
 * Creates a reference cutter of a pattern, with the Unicode tables of this code.
 *
 * @param splitting Pattern, and treatment of unmatched text.
 * @returns A function from a text to its pieces.
 * @throws {OnpathError} `pipeline` if ECMAScript does not support the pattern.
 */
export function plainPieces(splitting: PlainPattern): (text: string) => string[] {
  let pattern: RegExp;
  try {
    pattern = new RegExp(writtenOut(splitting.pattern), "gu");
  } catch (cause) {
    throw new OnpathError(
      "pipeline",
      `Cannot cut text with ${splitting.pattern}: ECMAScript does not support this expression`,
      { pattern: splitting.pattern },
      { cause },
    );
  }
  return (text) => {
    const pieces: string[] = [];
    let from = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > from && splitting.unmatched === "piece") pieces.push(text.slice(from, match.index));
      if (match[0] !== "") pieces.push(match[0]);
      from = match.index + match[0].length;
    }
    if (from < text.length && splitting.unmatched === "piece") pieces.push(text.slice(from));
    return pieces;
  };
}
