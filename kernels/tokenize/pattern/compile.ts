/**
 * Compiles a regular expression into what cuts text into pieces.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";
import { nullable, type PatternNode } from "./ast.ts";
import { determinise, type Dfa } from "./dfa.ts";
import { named } from "../../excerpt.ts";
import { minimise } from "./minimise.ts";
import { addNode, buildGap, buildNode, newNfa, spend } from "./nfa.ts";
import { parsePattern } from "./parse.ts";
import type { PatternSyntax } from "./parse_class.ts";
import { patternError } from "./refuse.ts";
import { pieceTables } from "./tables.ts";

/** How a pattern is compiled. */
export interface PatternOptions {
  /** Whose rules hold where they differ; default `fancy-regex`. */
  readonly syntax?: PatternSyntax;
  /**
   * What becomes of text that the pattern does not match: `refuse` compiles only patterns that match some
   * piece of every text, `piece` makes pieces of it, `drop` leaves it out. Default `refuse`.
   */
  readonly unmatched?: "refuse" | "piece" | "drop";
  /** Ends the work with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A text that the automaton does not cut: a way from the start that ends without an accept.
 *
 * @param dfa The automaton.
 * @param work Counts steps, and throws where they are too many.
 * @returns Code points of such a text, or null when there is none.
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
      // An accept gives back what a look-ahead saw; a piece has one code point at least all the same.
      if (dfa.accept[next]! < 0 && !ways.has(next)) ways.set(next, text);
    }
  }
  return null;
}

/** Refuses what can match nothing: such a match is no piece. */
function refuseNullable(pattern: string, tree: PatternNode): void {
  if (nullable(tree)) throw patternError(pattern, -1, "it can match the empty text");
}

/**
 * Compiles a regular expression to a leftmost-first automaton: its pieces are the matches that Perl's order of
 * alternatives finds, one after another.
 *
 * @param pattern The regular expression, as it stands in tiktoken or a tokenizer.json.
 * @param options Whose syntax it is, and what becomes of text between matches.
 * @returns Tables for kernels, of Unicode 16.0 as the peers have it.
 * @throws {OnpathError} `pipeline`, naming the place in the pattern, for what is malformed, not supported or takes
 * more work than a pattern may.
 * @throws The signal's reason.
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
  const unmatched = options.unmatched ?? "refuse";
  const matched = buildNode(nfa, tree, addNode(nfa, { kind: "match", drop: false }));
  const start = unmatched === "refuse"
    ? matched
    : addNode(nfa, { kind: "split", next: [matched, buildGap(nfa, tree, unmatched === "drop")] });
  const dfa = determinise(nfa, start);
  minimise(dfa, (steps) => spend(nfa, steps));
  const missing = uncovered(dfa, (steps) => spend(nfa, steps));
  if (missing !== null) {
    throw patternError(
      pattern,
      -1,
      `it cuts no piece of the text ${named(String.fromCodePoint(...missing))}`,
    );
  }
  return pieceTables(pattern, dfa);
}
