/**
 * A vocabulary as its files have it, read and checked but not compiled: what the plain reference tokenizes with,
 * and what {@linkcode compileVocabulary} compiles.
 *
 * @module
 */

import type { BpeSource } from "./compile/bpe.ts";
import type { ByteStrings } from "./compile/strings.ts";
import type { PatternSyntax } from "./pattern/parse_class.ts";
import type { SpecialToken, TextStep, TokenDecoding } from "./vocabulary.ts";

/** What cuts text into pieces. Plain data. */
export type Splitting =
  /** Pieces are the matches of a regular expression; what lies between them is a piece too, or is left out. */
  | {
    readonly kind: "pattern";
    readonly pattern: string;
    readonly syntax: PatternSyntax;
    readonly unmatched: "piece" | "drop";
  }
  /** BERT's: white space is left out, punctuation stands alone. */
  | { readonly kind: "bert" }
  /** All of the text is one piece. */
  | { readonly kind: "whole" };

/** WordPiece as a vocabulary's files have it. Plain data. */
export interface WordPieceSource {
  /** Text of the tokens as UTF-8, with the prefix. */
  readonly strings: ByteStrings;
  /** By token: its id. */
  readonly ids: Int32Array;
  /** What a token inside a word begins with, `##`. */
  readonly prefix: string;
  /** The id of a word that cannot be made. */
  readonly unknown: number;
  /** A word of more characters is unknown. */
  readonly mostCharacters: number;
}

/** A vocabulary, not compiled. Plain data. */
export interface VocabularySource {
  /** What messages call it. */
  readonly name: string;
  /** What makes tokens of a piece. */
  readonly model:
    | { readonly algorithm: "bpe"; readonly bpe: BpeSource }
    | { readonly algorithm: "wordpiece"; readonly wordPiece: WordPieceSource };
  /** What happens to the text before it is cut, in order. */
  readonly normalization: readonly TextStep[];
  /** What cuts text into pieces. */
  readonly splitting: Splitting;
  /** By place in `ids`: the bytes that decoding gives for an id. */
  readonly decoded: { readonly strings: ByteStrings; readonly ids: Int32Array };
  /** How tokens become text again. */
  readonly decoding: TokenDecoding;
  /** Tokens that are matched before anything else where they are allowed. */
  readonly special: readonly SpecialToken[];
  /** Ids put before and after a text where the caller asks for it. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
}
