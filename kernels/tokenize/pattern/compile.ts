/**
 * Compiles a regular expression into tables that cut text into pieces.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";
import { nullable, type PatternNode } from "./ast.ts";
import { determinise, type Dfa } from "./dfa.ts";
import { named } from "../../../serialize/excerpt.ts";
import { minimise } from "./minimise.ts";
import { addNode, buildGap, buildNode, newNfa, type Nfa, spend } from "./nfa.ts";
import { parsePattern } from "./parse.ts";
import type { PatternSyntax } from "./parse_class.ts";
import { patternError } from "./refuse.ts";
import { buildRegions, readRegions } from "./regions.ts";
import { pieceTables } from "./tables.ts";

/** Options of a pattern's compilation. */
export interface PatternOptions {
  /** Dialect of the pattern; default `fancy-regex`. */
  readonly syntax?: PatternSyntax;
  /**
   * Treatment of text that the pattern does not match. `refuse` rejects a pattern that leaves text of any
   * input unmatched; `piece` makes pieces of that text; `drop` omits it. Default `refuse`.
   */
  readonly unmatched?: "refuse" | "piece" | "drop";
  /**
   * Repeats of classes that cut the text before the pattern does, as several Splits of a tokenizer.json; text
   * that nothing matches is a piece. Default none.
   */
  readonly first?: readonly string[] | undefined;
  /** Aborts the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds a text that the automaton does not cut: a path from the start that ends without an accept.
 *
 * @param dfa Automaton to search.
 * @param work Counts steps; throws if there are too many.
 * @returns Code points of such a text, or null if every text is cut.
 */
function uncovered(dfa: Dfa, work: (steps: number) => void): number[] | null {
  const end = dfa.members.length - 1;
  const ways = new Map<number, number[]>([[0, []]]);
  for (const [state, way] of ways) {
    work(1 + way.length * (end + 1) / 64);
    for (let symbol = 0; symbol <= end; symbol++) {
      if (symbol === end && way.length === 0) continue;
      const next = dfa.transitions[state]![symbol]!;
      const text = symbol === end ? way : [...way, dfa.members[symbol]![0]!];
      if (next < 0) return text;
      // An accept gives back the code points of a look-ahead, but a piece still has at least one code point.
      if (dfa.accept[next]! < 0 && !ways.has(next)) ways.set(next, text);
    }
  }
  return null;
}

/** Adds the nodes of a piece: a match, or unmatched text. */
function buildPieces(nfa: Nfa, tree: PatternNode, unmatched: "refuse" | "piece" | "drop"): number {
  const matched = buildNode(nfa, tree, addNode(nfa, { kind: "match", drop: false }));
  return unmatched === "refuse"
    ? matched
    : addNode(nfa, { kind: "split", next: [matched, buildGap(nfa, tree, unmatched === "drop")] });
}

/** Rejects a pattern that can match the empty text, because an empty match is no piece. */
function refuseNullable(pattern: string, tree: PatternNode): void {
  if (nullable(tree)) throw patternError(pattern, -1, "the pattern can match the empty text");
}

/**
 * Compiles a regular expression to a leftmost-first automaton. Its pieces are consecutive matches, with
 * Perl's order of alternatives.
 *
 * @param pattern Regular expression, as in tiktoken or a tokenizer.json.
 * @param options Dialect, treatment of unmatched text, and abort signal.
 * @returns Tables for the engine, for Unicode 16.0, which the reference tokenizers use.
 * @throws {OnpathError} `pipeline` if the pattern is malformed, not supported, or exceeds the work limit;
 * the message gives the offset in the pattern.
 * @throws The signal's reason if aborted.
 *
 * @example
 * ```ts
 * import { compilePattern } from "onpath/kernels";
 * import { pieces } from "./pieces.ts";
 * import assert from "node:assert/strict";
 *
 * const tables = compilePattern(String.raw`\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+|.`);
 * const text = new TextEncoder().encode("ab 1234");
 * assert.deepEqual(pieces(tables, text).map((piece) => piece.end), [2, 3, 6, 7]);
 * ```
 */
export function compilePattern(pattern: string, options: PatternOptions = {}): PieceTables {
  const tree = parsePattern(pattern, options.syntax ?? "fancy-regex");
  refuseNullable(pattern, tree);
  options.signal?.throwIfAborted();
  const nfa = newNfa(pattern, options.signal);
  const start = options.first === undefined || options.first.length === 0
    ? buildPieces(nfa, tree, options.unmatched ?? "refuse")
    : buildRegions(nfa, readRegions(options.first, options.syntax ?? "fancy-regex"), tree);
  const dfa = determinise(nfa, start);
  minimise(dfa, (steps) => spend(nfa, steps));
  const missing = uncovered(dfa, (steps) => spend(nfa, steps));
  if (missing !== null) {
    throw patternError(
      pattern,
      -1,
      `it finds no piece in the text ${named(String.fromCodePoint(...missing))}`,
    );
  }
  return pieceTables(pattern, dfa);
}
