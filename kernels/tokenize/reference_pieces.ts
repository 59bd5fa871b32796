/**
 * Cuts a whole text with ECMAScript's own regular expressions.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { classText } from "../unicode/codec.ts";
import { complement } from "./pattern/set.ts";
import { foldCase, propertySet } from "./pattern/unicode.ts";

/** What is cut with. */
export interface PlainPattern {
  /** Regular expression whose matches are the pieces. */
  readonly pattern: string;
  /** What becomes of text that it does not match. */
  readonly unmatched: "piece" | "drop";
}

const ESCAPE = /\\(?:[pP]\{([^}]*)\}|[sS]|[^])|[[\]]/gu;

/**
 * Writes out the classes of a pattern, so that its sets are ours whatever the engine: `\p{…}`, and `\s`, which in
 * ECMAScript has U+FEFF and lacks U+0085. A group `(?i:…)` of letters is written out too: Node 20 knows none.
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
 * Makes a plain cutter of a pattern. Its classes are those of the tables that travel with this code.
 *
 * @param splitting The pattern, and what becomes of text that it does not match.
 * @returns A function from a text to its pieces.
 * @throws {OnpathError} `pipeline` when ECMAScript has not what the pattern asks for.
 */
export function plainPieces(splitting: PlainPattern): (text: string) => string[] {
  let pattern: RegExp;
  try {
    pattern = new RegExp(writtenOut(splitting.pattern), "gu");
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
