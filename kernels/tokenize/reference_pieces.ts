/**
 * Cuts a whole text with ECMAScript's own regular expressions.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";

/** What is cut with. */
export interface PlainPattern {
  /** Regular expression whose matches are the pieces. */
  readonly pattern: string;
  /** What becomes of text that it does not match. */
  readonly unmatched: "piece" | "drop";
}

/**
 * Makes a plain cutter of a pattern.
 *
 * ECMAScript's `\s` has U+FEFF and lacks U+0085: it is written out as White_Space. `(?i:…)` with the flag `u` folds
 * case as Unicode does, so that `s` is U+017F too, as elsewhere.
 *
 * @param splitting The pattern, and what becomes of text that it does not match.
 * @returns A function from a text to its pieces.
 * @throws {OnpathError} `pipeline` when ECMAScript has not what the pattern asks for.
 */
export function plainPieces(splitting: PlainPattern): (text: string) => string[] {
  const source = splitting.pattern.replaceAll("\\s", "\\p{White_Space}").replaceAll(
    "\\S",
    "\\P{White_Space}",
  );
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, "gu");
  } catch (cause) {
    throw new OnpathError(
      "pipeline",
      `Cannot cut text plainly with ${splitting.pattern}: ECMAScript has no such expression`,
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
