/**
 * Steps of a normalisation.
 *
 * @module
 */

/** Step of a vocabulary's normalisation. */
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
    /** BERT's: a space before and after each ideograph. */
    readonly op: "space_chinese";
  }
  | {
    /** Puts a text before a text that is not empty. */
    readonly op: "prepend";
    /** Text to put. */
    readonly text: string;
    /** True if nothing is put before a text that begins with it, which is one code point. */
    readonly unless?: true | undefined;
  }
  | {
    /** Replaces every occurrence of a text, leftmost first, without overlap. */
    readonly op: "replace";
    /** Text to find, at most 64 code points. */
    readonly from: string;
    /** Text that takes its place. */
    readonly to: string;
  }
  | {
    /** SentencePiece's precompiled map (`text_normalize/charsmap.ts`). */
    readonly op: "charsmap";
    /** The map, as base64. */
    readonly map: string;
    /** `longest` for SentencePiece's own rule, the longest key; absent for that of tokenizers, by clusters. */
    readonly rule?: "longest" | undefined;
  }
  | {
    /** Drops white space, and puts a mark before each word that does not begin with it. */
    readonly op: "mark_words";
    /** One code point. */
    readonly mark: string;
  }
  | {
    /** Replaces two or more of one code point in a row. */
    readonly op: "squeeze";
    /** The code point. */
    readonly of: string;
    /** Text that takes its place. */
    readonly to: string;
  }
  | {
    /** Removes white space at ends of the text. */
    readonly op: "strip";
    /** End of the text. */
    readonly side: "left" | "right" | "both";
    /** The code point that is removed; absent for white space. */
    readonly of?: string | undefined;
  };
