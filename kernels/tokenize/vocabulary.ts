/**
 * Compiled vocabulary: all tables for tokenizing, as flat arrays. `compileVocabulary` creates it from a
 * vocabulary's own files; `decodeVocabulary` reads it from a compiled table file.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";
import type { TextStep } from "./text_step.ts";

export type { TextStep };

/** Maximum number of ids of a vocabulary, including unused ones. */
export const MAX_IDS = 2 ** 22;

/** Automaton that cuts text into pieces: a leftmost-first DFA over classes of code points. Plain data. */
export interface PieceTables {
  /** Number of states. */
  readonly states: number;
  /** Number of classes; the last one, `classes - 1`, is the end of the text. */
  readonly classes: number;
  /** State in which a piece begins. */
  readonly start: number;
  /** Next state at `state * classes + class`; −1 if the match cannot continue. */
  readonly transitions: Int16Array;
  /** By state: −1 if no piece ends here, else the number of code points that an end here gives back. */
  readonly accept: Int8Array;
  /** By state: 1 if no longer match is possible, so the piece ends at once. */
  readonly final: Uint8Array;
  /** By state: 1 if the piece that ends here is dropped, such as white space with BERT. */
  readonly drop: Uint8Array;
  /** By `code point >> 8`: the block of {@linkcode PieceTables.classOf}. */
  readonly blockOf: Uint16Array;
  /** Class at `block * 256 + (code point & 255)`. */
  readonly classOf: Uint8Array;
}

/**
 * Byte pair encoding by the last token of every prefix. Tokens are numbered in the order of making, not by
 * id; those that no merge makes come first. The merge of rank r makes token `tokens - merges + r`, so ranks
 * increase by one from token to token. Plain data.
 */
export interface BpeTables {
  /** Number of tokens that BPE can produce. */
  readonly tokens: number;
  /** By token: its id in the vocabulary. */
  readonly ids: Int32Array;
  /** By token: its length in bytes. */
  readonly lengths: Uint16Array;
  /** By token: the left part of its merge, or −1. */
  readonly left: Int32Array;
  /** By token: the right part of its merge, or −1. */
  readonly right: Int32Array;
  /** By token: the rank of its merge; −1 if no merge makes it. */
  readonly ranks: Int32Array;
  /** Tokens that repeat one unit and have a rule of their own (`compile/runs.ts`); absent for none. */
  readonly runs?: readonly RunTables[] | undefined;
  /**
   * Merges in an open-addressed hash table; the slot count is a power of two. Pairs of runs that are blocked
   * are in it too: they make no token, and their rank is that of the longest run plus one. This is a slot's left token, or
   * −1. A search begins at slot `pairHash(left, right) & (slots - 1)` and continues with the next slot.
   */
  readonly pairLeft: Int32Array;
  /** By slot: its right token. */
  readonly pairRight: Int32Array;
  /** By slot: its merge's rank. */
  readonly pairRank: Int32Array;
  /**
   * Aho-Corasick automaton over bytes as a double array; state 0 is the root. The child of `state` by `byte`
   * is `base[state] + byte` if `check` there is `state`; otherwise it is absent.
   */
  readonly base: Int32Array;
  /** By cell: its parent state, or −1. */
  readonly check: Int32Array;
  /** By state: the state to continue from without a child. */
  readonly fail: Int32Array;
  /** By state: bytes of the path from the root. */
  readonly depth: Uint16Array;
  /** By state: the token equal to the whole path, or −1; includes tokens that no merge makes. */
  readonly whole: Int32Array;
  /** By state: the longest token made by merges that ends here, or −1. */
  readonly longest: Int32Array;
  /** By token: its longest proper suffix that is a token made by merges, or −1. */
  readonly suffix: Int32Array;
  /** Maximum token length, in bytes. */
  readonly longestToken: number;
  /**
   * Units from which merges start: `bytes`, or `characters` of the vocabulary. A character that is absent
   * from the vocabulary becomes bytes (byte fallback): token `fallback[byte]`, which merges with nothing.
   */
  readonly units: "bytes" | "characters";
  /**
   * By byte: its token if the vocabulary lacks the character; −1 for an ASCII character that has a token.
   * Empty with `bytes`.
   */
  readonly fallback: Int32Array;
  /** True if a piece equal to a token becomes that token, whatever the merges produce. */
  readonly wholeFirst: boolean;
}

/** Tokens u², u³, … uⁿ of one unit u, numbered one after another. Plain data. */
export interface RunTables {
  /** Token of the unit. */
  readonly unit: number;
  /** Token of two units; the following ones have one unit more each. */
  readonly first: number;
  /** 1 if two tokens stand side by side in a text, at `left * n + right`, by units less one. */
  readonly apart: Uint8Array;
}

/** WordPiece: repeated longest match within a word. Plain data. */
export interface WordPieceTables {
  /**
   * Trie of the tokens as a double array, as in {@linkcode BpeTables}; `roots[1]` is the state after the
   * prefix.
   */
  readonly base: Int32Array;
  /** By cell: its parent state, or −1. */
  readonly check: Int32Array;
  /** By state: the id of its path, or −1. */
  readonly whole: Int32Array;
  /** States from which a word's first token, and its later tokens, are matched. */
  readonly roots: readonly [first: number, inside: number];
  /** Id of a word that no tokens match. */
  readonly unknown: number;
  /** Maximum characters of a word; a longer one is unknown. */
  readonly maxCharacters: number;
  /** Length of the longest token, in bytes. */
  readonly longestToken: number;
}

/** Unigram: the tokens of a piece whose scores have the greatest sum. Plain data. */
export interface UnigramTables {
  /** Trie of the tokens as a double array, as in {@linkcode BpeTables}. */
  readonly base: Int32Array;
  /** By cell: its parent state, or −1. */
  readonly check: Int32Array;
  /** By state: the id of its path, or −1. */
  readonly whole: Int32Array;
  /** By id: its score; 0 for an id without a token. */
  readonly scores: Float64Array;
  /** Id of characters that no token has. */
  readonly unknown: number;
  /** True if sums are float32, as in SentencePiece itself; absent for float64, as in tokenizers. */
  readonly isSingle?: true | undefined;
  /** Score of such a character. */
  readonly unknownScore: number;
  /** By byte: the id of its token, or −1; empty without a fallback to bytes. */
  readonly fallback: Int32Array;
  /** Length of the longest token, in bytes. */
  readonly longestToken: number;
}

/** Token that is matched in the text before anything else. */
export interface SpecialToken {
  /** Text of the token, such as `<|endoftext|>`. */
  readonly text: string;
  /** Id of the token. */
  readonly id: number;
  /** False for an added token that decoding never skips: `special: false` in a tokenizer.json. */
  readonly isSkipped?: false | undefined;
  /** Sides on which the token takes the white space beside it; absent for none. */
  readonly strip?: "left" | "right" | "both" | undefined;
}

/** Part of a template: the ids of a special token, or a text. Plain data. */
export type TemplatePart =
  /** Ids that the template adds. */
  | { readonly ids: readonly number[]; readonly type: number }
  /** First or second text. */
  | { readonly text: "first" | "second"; readonly type: number };

/** Ids around one text and around two, with their type ids. Plain data. */
export interface Templates {
  /** Template of one text. */
  readonly single: readonly TemplatePart[];
  /** Template of two texts; null if the vocabulary's file has none that onpath reads. */
  readonly pair: readonly TemplatePart[] | null;
  /**
   * Whether offsets leave out spaces at both ends of a token (`trim_offsets`); `first` if the space that a
   * prefix added is left out of the count.
   */
  readonly trim: "none" | "all" | "first";
}

/** Method that joins tokens to text. Plain data. */
export type TokenDecoding =
  /** Concatenated bytes, less `leadingSpaces` spaces at the beginning (SentencePiece adds one). */
  | { readonly kind: "bytes"; readonly leadingSpaces: number }
  /** WordPiece: a space before every token, except the first and those with the prefix, which is removed. */
  | { readonly kind: "words"; readonly prefix: string; readonly cleanUp: boolean };

/** Compiled vocabulary. Plain data. */
export interface Vocabulary {
  /** Name in messages, such as `cl100k_base`. */
  readonly name: string;
  /** CRC-32C of the compiled table file; identifies the vocabulary. */
  readonly checksum: number;
  /** Algorithm that turns a piece into tokens. */
  readonly algorithm: "bpe" | "wordpiece" | "unigram";
  /** Greatest id plus one. */
  readonly idLimit: number;
  /** Concatenated decoded bytes of every id, including special tokens. */
  readonly bytes: Uint8Array;
  /** By id: start of its bytes in `bytes`; the next entry is their end. Unused ids have no bytes. */
  readonly offsets: Uint32Array;
  /** Method that joins tokens to text. */
  readonly decoding: TokenDecoding;
  /** Normalisation before the text is cut, in order. */
  readonly normalization: readonly TextStep[];
  /** Automaton that cuts text into pieces; null if the whole text is one piece. */
  readonly pieces: PieceTables | null;
  /** Tables of byte pair encoding; null with another algorithm. */
  readonly bpe: BpeTables | null;
  /** Tables of WordPiece; null with another algorithm. */
  readonly wordPiece: WordPieceTables | null;
  /** Tables of Unigram; absent with another algorithm. */
  readonly unigram?: UnigramTables | undefined;
  /** Tokens that are matched first if the caller allows them; the longest one at an offset is taken. */
  readonly special: readonly SpecialToken[];
  /** Ids added before and after a text on request, such as [CLS] and [SEP]. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Templates of one text and of two, for the inputs of a model. Absent in files of earlier versions. */
  readonly templates?: Templates | undefined;
}

/**
 * Hashes a pair of tokens for the table of merges.
 *
 * @param left Left token.
 * @param right Right token.
 * @returns An unsigned 32-bit number; its low bits are the first slot.
 */
export function pairHash(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * Checks that a value from outside is a compiled vocabulary.
 *
 * @throws {OnpathError} `table` if it is not.
 */
export function requireVocabulary(value: unknown): Vocabulary {
  const { bytes, idLimit, special } = Object(value) as Partial<Vocabulary>;
  if (bytes instanceof Uint8Array && typeof idLimit === "number" && Array.isArray(special)) {
    return value as Vocabulary;
  }
  throw new OnpathError(
    "table",
    `Cannot use a vocabulary that is ${
      kindOf(value)
    }: expected what decodeVocabulary() or compileVocabulary() makes`,
    { found: kindOf(value) },
  );
}
