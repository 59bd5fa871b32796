/**
 * Vocabulary as read from its files: checked, but not compiled. The reference tokenizer uses it, and
 * {@linkcode compileVocabulary} compiles it.
 *
 * @module
 */

import type { BpeSource } from "./compile/bpe.ts";
import type { ByteStrings } from "./compile/strings.ts";
import type { PatternSyntax } from "./pattern/parse_class.ts";
import type { SpecialToken, Templates, TextStep, TokenDecoding } from "./vocabulary.ts";

/** Method of cutting text into pieces. Plain data. */
export type Splitting =
  /** Pieces are the matches of a regular expression; text between them is a piece too, or is dropped. */
  | {
    readonly kind: "pattern";
    readonly pattern: string;
    readonly syntax: PatternSyntax;
    readonly unmatched: "piece" | "drop";
    /** Patterns that cut the text before, one after another; with them, unmatched text is a piece. */
    readonly first?: readonly string[] | undefined;
  }
  /** BERT's rule: white space is dropped, each punctuation character is a piece. */
  | { readonly kind: "bert" }
  /** The whole text is one piece. */
  | { readonly kind: "whole" };

/** WordPiece as read from a vocabulary's files. Plain data. */
export interface WordPieceSource {
  /** Text of the tokens as UTF-8, including the prefix. */
  readonly strings: ByteStrings;
  /** By token: its id. */
  readonly ids: Int32Array;
  /** Prefix of tokens inside a word, such as `##`. */
  readonly prefix: string;
  /** Id of a word that no tokens match. */
  readonly unknown: number;
  /** Maximum characters of a word; a longer one is unknown. */
  readonly maxCharacters: number;
}

/** Unigram as read from a vocabulary's files. Plain data. */
export interface UnigramSource {
  /** Text of the tokens as UTF-8; each differs. */
  readonly strings: ByteStrings;
  /** By token: its id. */
  readonly ids: Int32Array;
  /** By token: its score, a logarithm of a probability. */
  readonly scores: Float64Array;
  /** True if sums are float32, as in SentencePiece itself; absent for float64. */
  readonly isSingle?: true | undefined;
  /** Lowest score of the file, also of tokens that a later one of the same text replaces. */
  readonly lowest: number;
  /** Id of characters that no token has. */
  readonly unknown: number;
  /** By byte: the id of its token, −1 for none; absent if unknown characters have no fallback. */
  readonly fallback?: Int32Array | undefined;
}

/** Vocabulary before compilation. Plain data. */
export interface VocabularySource {
  /** Name of the vocabulary in messages. */
  readonly name: string;
  /** Algorithm that turns a piece into tokens, with its tokens. */
  readonly model:
    | { readonly algorithm: "bpe"; readonly bpe: BpeSource }
    | { readonly algorithm: "wordpiece"; readonly wordPiece: WordPieceSource }
    | { readonly algorithm: "unigram"; readonly unigram: UnigramSource };
  /** Normalisation before the text is cut, in order. */
  readonly normalization: readonly TextStep[];
  /** Method of cutting text into pieces. */
  readonly splitting: Splitting;
  /** By index in `ids`: the bytes to which an id decodes. */
  readonly decoded: { readonly strings: ByteStrings; readonly ids: Int32Array };
  /** Method that joins tokens to text. */
  readonly decoding: TokenDecoding;
  /** Tokens that are matched first, if the caller allows them. */
  readonly special: readonly SpecialToken[];
  /** Ids added before and after a text on request. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Templates of one text and of two. Absent if the file has none. */
  readonly templates?: Templates | undefined;
}
