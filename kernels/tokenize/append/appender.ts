/**
 * Tokenizing of a text that grows: an addition costs its own bytes and those behind the last safe cut. The ids
 * equal those of the whole text at every time.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { requireObject } from "../../../serialize/require.ts";
import { allowedTokens } from "../special.ts";
import { checkCharacters, checkText } from "../text_parts.ts";
import { requireVocabulary, type Vocabulary } from "../vocabulary.ts";
import { type TailEncoder, tailEncoder } from "./tail_encoder.ts";

/** Options of {@linkcode createAppender}. */
export interface AppendOptions {
  /** Special tokens recognised in the text; default `"none"`: their text is ordinary text. */
  readonly special?: "all" | "none" | readonly string[] | undefined;
}

/** What an addition changed. */
export interface Appended {
  /** Number of ids that stay as they were. */
  readonly kept: number;
  /** Ids of the text after those. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Ids of the text. */
  readonly count: number;
  /** Number of ids at the beginning that no addition changes. */
  readonly final: number;
  /** Bytes that were tokenized for this. */
  readonly encodedBytes: number;
}

/** Text that grows. */
export interface GrowingText {
  /** Number of ids. */
  readonly count: number;
  /** Length of the text, in bytes of UTF-8. */
  readonly bytes: number;
  /**
   * Appends to the text.
   *
   * @throws {OnpathError} `dtype` if the value is no text; `file` if it has a lone surrogate or invalid UTF-8, which
   * an addition could complete. The text is then as before.
   */
  readonly append: (text: string | Uint8Array) => Appended;
  /** Number of ids at the beginning that no addition changes. */
  readonly final: number;
  /** Copies the ids of the text. */
  readonly ids: () => Uint32Array<ArrayBuffer>;
}

/** Tokenizes texts that grow. */
export interface Appender {
  /** Vocabulary of the ids. */
  readonly vocabulary: Vocabulary;
  /** Begins a text. */
  readonly begin: () => GrowingText;
  /**
   * Continues a text whose ids are known, such as from an earlier process. Only its end is tokenized.
   *
   * @param text The text so far.
   * @param ids Its ids.
   * @throws {OnpathError} As `append`; `size` if the ids do not end as those of the text do; `dtype` if they are no list.
   */
  readonly resume: (text: string | Uint8Array, ids: ArrayLike<number>) => GrowingText;
}

/**
 * Creates a tokenizer of texts that grow.
 *
 * @param vocabulary Compiled vocabulary.
 * @param options Special tokens.
 * @returns The tokenizer. Its ids equal those of `createEncoder(vocabulary, options).encode(text)`.
 * @throws {OnpathError} `pipeline` if a special token is unknown.
 *
 * @example
 * ```ts
 * import { compileVocabulary, createAppender, readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const ranks = [...units, `${btoa("ab")} 256`].join("\n");
 * const source = readTiktoken(ranks, "tiny", { pattern: " ?\\p{L}+|\\P{L}", special: {} });
 * const prompt = createAppender(await compileVocabulary(source)).begin();
 * prompt.append("ab a");
 * const { kept, ids, encodedBytes } = prompt.append("b");
 * // " ab" takes the place of " a"; "ab" before it is not tokenized again.
 * assert.deepEqual([kept, [...ids], encodedBytes], [2, [256], 3]);
 * assert.deepEqual([...prompt.ids()], [256, 32, 256]);
 * ```
 */
export function createAppender(vocabulary: Vocabulary, options: AppendOptions = {}): Appender {
  requireVocabulary(vocabulary);
  requireObject("create an appender", "the options are", options);
  const { special = "none" } = options;
  const tokens = allowedTokens(vocabulary, special);
  const encodeTail = tailEncoder(vocabulary, tokens);
  const make = (): Growing => new Growing(encodeTail);
  return {
    vocabulary,
    begin: make,
    resume: (text, ids) => {
      const growing = make();
      growing.resume(strictBytes(text), ids);
      return growing;
    },
  };
}

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a text that no addition completes. */
function strictBytes(text: string | Uint8Array): Uint8Array {
  if (typeof checkText(text) === "string") return utf8.encode(checkCharacters("text", text as string));
  try {
    strict.decode(text as Uint8Array);
  } catch (cause) {
    throw new OnpathError("file", "Cannot take bytes that are not UTF-8: expected whole characters", {}, {
      cause,
    });
  }
  return text as Uint8Array;
}

/** Ids of a text, and the bytes behind its last cut. */
class Growing implements GrowingText {
  count = 0;
  bytes = 0;
  readonly #encoder: TailEncoder;
  #list: Uint32Array<ArrayBuffer> = new Uint32Array(64);
  #tail: Uint8Array = new Uint8Array(0);
  #isContinued = false;
  final = 0;

  constructor(encoder: TailEncoder) {
    this.#encoder = encoder;
  }

  readonly append = (text: string | Uint8Array): Appended => {
    const more = strictBytes(text);
    const tail = new Uint8Array(this.#tail.length + more.length);
    tail.set(this.#tail);
    tail.set(more, this.#tail.length);
    const { ids, cut, isContinued } = this.#encoder.encode(tail, this.#isContinued);
    let kept = this.final;
    while (kept < this.count && this.#list[kept] === ids[kept - this.final]) kept++;
    const changed = ids.slice(kept - this.final);
    this.count = this.final + ids.length;
    this.#put(kept, changed);
    const encodedBytes = tail.length + this.#advance(tail, cut, isContinued);
    this.bytes += more.length;
    return { kept, ids: changed, count: this.count, final: this.final, encodedBytes };
  };

  readonly ids = (): Uint32Array<ArrayBuffer> => this.#list.slice(0, this.count);

  /** Takes over a text whose ids are known. */
  resume(text: Uint8Array, ids: ArrayLike<number>): void {
    if (typeof Object(ids).length !== "number") {
      throw new OnpathError("dtype", `Cannot continue a text: its ids are ${kindOf(ids)}, expected a list`);
    }
    const { cut, isContinued } = this.#encoder.cutOf(text);
    const tail = text.slice(cut);
    const end = this.#encoder.encode(tail, isContinued).ids;
    const from = ids.length - end.length;
    if (from < 0 || end.some((id, n) => ids[from + n] !== id) || (cut === 0 && from > 0)) {
      throw new OnpathError(
        "size",
        `Cannot continue a text of ${text.length} bytes: the ids given are not its own`,
        {
          bytes: text.length,
          ids: ids.length,
        },
      );
    }
    this.count = ids.length;
    this.#list = Uint32Array.from(ids);
    this.bytes = text.length;
    this.final = from;
    this.#tail = tail;
    this.#isContinued = isContinued;
  }

  #put(at: number, ids: Uint32Array): void {
    if (at + ids.length > this.#list.length) {
      const grown = new Uint32Array(2 * (at + ids.length));
      grown.set(this.#list.subarray(0, at));
      this.#list = grown;
    }
    this.#list.set(ids, at);
  }

  /** Moves the beginning of the tail to a cut; returns the bytes that were tokenized to count its ids. */
  #advance(tail: Uint8Array, cut: number, isContinued: boolean): number {
    this.#tail = cut === 0 ? tail : tail.slice(cut);
    if (cut === 0) return 0;
    this.#isContinued = isContinued;
    this.final = this.count - this.#encoder.encode(this.#tail, isContinued).ids.length;
    return this.#tail.length;
  }
}
