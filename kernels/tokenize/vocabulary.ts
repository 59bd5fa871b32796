/**
 * A compiled vocabulary: everything that tokenizing needs, as flat arrays. `compileVocabulary` makes it of a
 * vocabulary's own files, `decodeVocabulary` reads it from a compiled table file.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";

/** Most ids of a vocabulary, those not in use among them. */
export const MAX_IDS = 2 ** 22;

/** Cuts text into pieces: a leftmost-first DFA over classes of code points. Plain data. */
export interface PieceTables {
  /** Number of states. */
  readonly states: number;
  /** Number of classes; the last one, `classes - 1`, is the end of the text. */
  readonly classes: number;
  /** State where a piece begins. */
  readonly start: number;
  /** Next state at `state * classes + class`, or −1: the match cannot go on. */
  readonly transitions: Int16Array;
  /** By state: −1, or the piece may end here, less so many code points that are given back. */
  readonly accept: Int8Array;
  /** By state: 1 where no longer match is possible, so that the piece ends at once. */
  readonly final: Uint8Array;
  /** By state: 1 where the piece that ends here is left out, as white space of BERT is. */
  readonly drop: Uint8Array;
  /** By `code point >> 8`: the block of {@linkcode PieceTables.classOf}. */
  readonly blockOf: Uint16Array;
  /** Class at `block * 256 + (code point & 255)`. */
  readonly classOf: Uint8Array;
}

/**
 * Byte pair encoding by the last token of every prefix. Tokens are numbered in the order of their making, which
 * is not that of their ids: first those that no merge makes. A token's rank is its place among those that merges
 * make, so it grows by one from token to token; the merge of rank r makes token `tokens - merges + r`. Plain data.
 */
export interface BpeTables {
  /** Number of tokens that BPE can give. */
  readonly tokens: number;
  /** By token: its id in the vocabulary. */
  readonly ids: Int32Array;
  /** By token: its length in bytes. */
  readonly lengths: Uint16Array;
  /** By token: the left part of the merge that makes it, or −1. */
  readonly left: Int32Array;
  /** By token: the right part, or −1. */
  readonly right: Int32Array;
  /** By token: rank of the merge that makes it; −1 for those that no merge makes. */
  readonly ranks: Int32Array;
  /**
   * Merges in an open-addressed hash table of a power of two: the left token of a slot or −1. A pair begins
   * at `pairHash(left, right) & (slots - 1)` and goes on to the next slot.
   */
  readonly pairLeft: Int32Array;
  /** The right token of a slot. */
  readonly pairRight: Int32Array;
  /** The merge's rank. */
  readonly pairRank: Int32Array;
  /**
   * An Aho-Corasick automaton over bytes as a double array, state 0 its root: the child of `state` by `byte` is
   * `base[state] + byte` where `check` there is `state`, and there is none elsewhere.
   */
  readonly base: Int32Array;
  /** The state that a cell belongs to, or −1. */
  readonly check: Int32Array;
  /** By state: where to go on when there is no child. */
  readonly fail: Int32Array;
  /** By state: bytes of the path from the root. */
  readonly depth: Uint16Array;
  /** By state: the token that the whole path is, or −1; also those that no merge makes. */
  readonly whole: Int32Array;
  /** By state: the longest token that ends here and that merges make, or −1. */
  readonly longest: Int32Array;
  /** By token: the next shorter token that is its suffix and that merges make, or −1. */
  readonly suffix: Int32Array;
  /** Longest token in bytes. */
  readonly longestToken: number;
  /**
   * What text is merged from: `bytes`, or the `characters` of the vocabulary, and bytes where it has not the
   * character (byte fallback; a byte's token is `fallback[byte]` and merges with nothing).
   */
  readonly units: "bytes" | "characters";
  /** By byte: the token that stands for it where the vocabulary has not the character; empty with `bytes`. */
  readonly fallback: Int32Array;
  /** Whether a piece that is a token as a whole is that token, whatever merges give. */
  readonly wholeFirst: boolean;
}

/** WordPiece: the longest match, again and again, within a word. Plain data. */
export interface WordPieceTables {
  /** A trie of the tokens as a double array, as in {@linkcode BpeTables}; `roots[1]` begins with the prefix. */
  readonly base: Int32Array;
  /** The state that a cell belongs to, or −1. */
  readonly check: Int32Array;
  /** By state: the id that its path is, or −1. */
  readonly whole: Int32Array;
  /** Where the first token of a word begins, and where those inside it begin. */
  readonly roots: readonly [first: number, inside: number];
  /** The id of a word that cannot be made. */
  readonly unknown: number;
  /** A word of more characters is unknown. */
  readonly mostCharacters: number;
  /** Bytes of the longest token. */
  readonly longestToken: number;
}

/** A token that is matched in the text before anything else. */
export interface SpecialToken {
  /** What stands in the text, such as `<|endoftext|>`. */
  readonly text: string;
  /** What it becomes. */
  readonly id: number;
}

/** How tokens become text again. Plain data. */
export type TokenDecoding =
  /** Their bytes one after another, less so many spaces at the beginning (SentencePiece puts one there). */
  | { readonly kind: "bytes"; readonly leadingSpaces: number }
  /** A space before every token but the first and those with the prefix, which is taken off (WordPiece). */
  | { readonly kind: "words"; readonly prefix: string; readonly cleanUp: boolean };

/** One step of the normalisation that a vocabulary asks for. */
export type TextStep =
  | {
    /** A normalisation form of Unicode 16.0. */
    readonly op: "nfc" | "nfd" | "nfkc" | "nfkd";
    /** Tables of Hugging Face's tokenizers 0.23.2, which lack 311 code points. */
    readonly tables?: "tokenizers" | undefined;
  }
  | {
    /** Each code point to its lower case, as Rust's `char::to_lowercase`. */
    readonly op: "lower_case";
  }
  | {
    /** NFD, then marks (Mn) are removed. */
    readonly op: "strip_accents";
  }
  | {
    /** BERT's: controls and U+FFFD are removed, white space becomes spaces. */
    readonly op: "clean_text";
  }
  | {
    /** BERT's: a space before and behind each ideograph. */
    readonly op: "space_chinese";
  }
  | {
    /** Puts a text before a text that is not empty. */
    readonly op: "prepend";
    /** Text to put. */
    readonly text: string;
  }
  | {
    /** Replaces every occurrence of a text, leftmost first, without overlap. */
    readonly op: "replace";
    /** Text to find, at most 64 code points. */
    readonly from: string;
    /** Text that takes its place. */
    readonly to: string;
  };

/** A compiled vocabulary. */
export interface Vocabulary {
  /** What messages call it, such as `cl100k_base`. */
  readonly name: string;
  /** CRC-32C of the compiled table file: what tells vocabularies apart. */
  readonly checksum: number;
  /** What makes tokens of a piece. */
  readonly algorithm: "bpe" | "wordpiece";
  /** One more than the greatest id. */
  readonly idLimit: number;
  /** Bytes of every token one after another, as decoding gives them: also those of special tokens. */
  readonly bytes: Uint8Array;
  /** By id: where its bytes begin in `bytes`; the next entry is where they end. Ids not in use have none. */
  readonly offsets: Uint32Array;
  /** How tokens become text again. */
  readonly decoding: TokenDecoding;
  /** What happens to the text before it is cut, in order. */
  readonly normalization: readonly TextStep[];
  /** What cuts text into pieces; null where all of it is one piece. */
  readonly pieces: PieceTables | null;
  /** Tables of byte pair encoding; null with WordPiece. */
  readonly bpe: BpeTables | null;
  /** Tables of WordPiece; null with byte pair encoding. */
  readonly wordPiece: WordPieceTables | null;
  /** Tokens that are matched first where they are allowed, the longest one at a place. */
  readonly special: readonly SpecialToken[];
  /** Ids put before and after a text where the caller asks for it, such as [CLS] and [SEP]. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
}

/**
 * Where a pair begins in the table of merges.
 *
 * @param left Left token.
 * @param right Right token.
 * @returns An unsigned 32-bit number; its low bits are the slot.
 */
export function pairHash(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * Refuses what is no vocabulary.
 *
 * @throws {OnpathError} `table`
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
