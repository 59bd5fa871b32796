/**
 * Tokens of chunks that were seen before: prompts share their beginnings, and an edited text is mostly the old one.
 *
 * A chunk's key is a hash, and its bytes are compared, so that a hit is exact. What was used longest ago is
 * forgotten first.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../serialize/errors.ts";
import type { TokenRun } from "../../serialize/text/token_run.ts";
import { CONTENT_CHUNK, contentCutter, type NextChunk } from "./content_cuts.ts";
import { vocabularyCuts } from "./cuts.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What a cache has done. */
export interface ChunkCacheStats {
  /** Chunks that were looked for. */
  readonly looked: number;
  /** Those that were there. */
  readonly hits: number;
  /** Bytes of text that were looked for. */
  readonly bytesLooked: number;
  /** Bytes of those that were there. */
  readonly bytesHit: number;
  /** Chunks that were forgotten for others. */
  readonly forgotten: number;
  /** Chunks that are there. */
  readonly chunks: number;
  /** Bytes of memory that are held, estimated: texts, tokens, and 160 a chunk. */
  readonly held: number;
}

/** Tokens of a chunk; places are from its beginning. */
export interface CachedChunk {
  /** The chunk itself, which is compared. */
  readonly bytes: Uint8Array;
  /** Ids, times 2, plus 1 where a piece ends. */
  readonly tokens: Int32Array;
  /** Where each ends. */
  readonly ends: Uint16Array;
  /** Bytes of each. */
  readonly lengths: Uint16Array;
}

/** Bytes that a chunk takes beside its text and tokens: five objects. */
const OBJECT_BYTES = 160;
/** Bytes of a token: its id and its place. */
const TOKEN_BYTES = 8;

/** A cache of chunks of one vocabulary. */
export class ChunkCache {
  /** The vocabulary. */
  readonly vocabulary: Vocabulary;
  /** Finds chunks. */
  readonly next: NextChunk;
  readonly #most: number;
  // The one used last comes last.
  readonly #chunks = new Map<number, CachedChunk>();
  #held = 0;
  #looked = 0;
  #hits = 0;
  #bytesLooked = 0;
  #bytesHit = 0;
  #forgotten = 0;

  /**
   * Makes an empty cache.
   *
   * @param vocabulary The vocabulary.
   * @param options Bytes of memory that are held at most; default 64 MiB.
   * @throws {OnpathError} `pipeline` when the vocabulary's texts have no place where a cut changes nothing, `size` when
   * the limit is none.
   *
   * @example
   * ```ts ignore
   * import { ChunkCache, createCachedEncoder, decodeVocabulary } from "onpath";
   *
   * const cache = new ChunkCache(decodeVocabulary(bytes), { bytes: 2 ** 24 });
   * const { encode } = createCachedEncoder(cache);
   * const ids = encode(`${systemPrompt}\n\n${question}`);
   * ```
   */
  constructor(vocabulary: Vocabulary, options: { readonly bytes?: number | undefined } = {}) {
    const rule = vocabularyCuts(vocabulary);
    if (rule === null) {
      throw new OnpathError(
        "pipeline",
        `Cannot remember chunks of ${vocabulary.name}: no place in its texts is certain to end a piece`,
        { vocabulary: vocabulary.name },
      );
    }
    this.vocabulary = vocabulary;
    this.next = contentCutter(rule);
    this.#most = checkWhole("a cache's memory in bytes of", options.bytes ?? 2 ** 26, 2 ** 12, 2 ** 40);
  }

  /** What it has done. */
  get stats(): ChunkCacheStats {
    return {
      looked: this.#looked,
      hits: this.#hits,
      bytesLooked: this.#bytesLooked,
      bytesHit: this.#bytesHit,
      forgotten: this.#forgotten,
      chunks: this.#chunks.size,
      held: this.#held,
    };
  }

  /**
   * Looks for a chunk.
   *
   * @param text Where it is.
   * @param from Its first byte.
   * @param to Behind its last byte.
   * @param hash Its hash, as {@linkcode ChunkCache.next} gives it.
   * @returns Its tokens, or undefined.
   */
  find(text: Uint8Array, from: number, to: number, hash: number): CachedChunk | undefined {
    this.#looked++;
    this.#bytesLooked += to - from;
    const key = keyOf(hash, to - from);
    const found = this.#chunks.get(key);
    if (found === undefined || !same(found.bytes, text, from, to)) return undefined;
    this.#hits++;
    this.#bytesHit += to - from;
    this.#chunks.delete(key);
    this.#chunks.set(key, found);
    return found;
  }

  /**
   * Remembers a chunk.
   *
   * @param text Where it is.
   * @param from Its first byte.
   * @param to Behind its last byte.
   * @param hash Its hash.
   * @param run Where its tokens are.
   * @param first Its first token.
   * @param last Behind its last token.
   * @param start Where the chunk begins, as the run counts places.
   */
  put(
    text: Uint8Array,
    from: number,
    to: number,
    hash: number,
    run: TokenRun,
    first: number,
    last: number,
    start: number,
  ): void {
    const size = cost(to - from, last - first);
    if (to - from > CONTENT_CHUNK.most || size > this.#most) return;
    const key = keyOf(hash, to - from);
    const old = this.#chunks.get(key);
    if (old !== undefined) this.#forget(key, old);
    while (this.#held + size > this.#most) {
      const [oldest, chunk] = this.#chunks.entries().next().value!;
      this.#forget(oldest, chunk);
      this.#forgotten++;
    }
    const count = last - first;
    const ends = new Uint16Array(count), lengths = new Uint16Array(count);
    for (let n = 0; n < count; n++) {
      ends[n] = run.ends[first + n]! - start;
      lengths[n] = run.lengths[first + n]!;
    }
    this.#chunks.set(key, {
      bytes: text.slice(from, to),
      tokens: run.tokens.slice(first, last),
      ends,
      lengths,
    });
    this.#held += size;
  }

  #forget(key: number, { bytes, tokens }: CachedChunk): void {
    this.#chunks.delete(key);
    this.#held -= cost(bytes.length, tokens.length);
  }
}

function cost(bytes: number, tokens: number): number {
  return bytes + TOKEN_BYTES * tokens + OBJECT_BYTES;
}

/** A hash of 32 bits and a length of 16 and more as one number. */
function keyOf(hash: number, length: number): number {
  return hash * 2 ** 20 + (length & 0xfffff);
}

function same(bytes: Uint8Array, text: Uint8Array, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let n = 0; n < bytes.length; n++) if (bytes[n] !== text[from + n]) return false;
  return true;
}

/**
 * Appends the tokens of a chunk to a run.
 *
 * @param run The run.
 * @param chunk The chunk.
 * @param from Where the chunk begins, as the run counts places.
 */
export function appendCached(run: TokenRun, { tokens, ends, lengths }: CachedChunk, from: number): void {
  const { length } = tokens;
  run.reserve(length);
  const { count } = run;
  run.tokens.set(tokens, count);
  run.lengths.set(lengths, count);
  for (let n = 0; n < length; n++) run.ends[count + n] = from + ends[n]!;
  run.count += length;
}
