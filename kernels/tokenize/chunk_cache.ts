/**
 * Cache of tokens by chunk: prompts share their beginnings, and most of an edited text is unchanged.
 *
 * The key is a hash of the chunk; its bytes are compared too, so a hit is exact. The least recently used
 * chunk is evicted first.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { requireObject } from "../../serialize/require.ts";
import type { TokenRun } from "../../serialize/text/token_run.ts";
import { CONTENT_CHUNK, contentCutter, type NextChunk } from "./content_cuts.ts";
import { vocabularyCuts } from "./cuts.ts";
import { requireVocabulary, type Vocabulary } from "./vocabulary.ts";

/** Counters of a chunk cache since its creation. */
export interface ChunkCacheStats {
  /** Chunks looked up. */
  readonly looked: number;
  /** Chunks found. */
  readonly hits: number;
  /** Bytes of text looked up. */
  readonly bytesLooked: number;
  /** Bytes of text found. */
  readonly bytesHit: number;
  /** Chunks evicted. */
  readonly forgotten: number;
  /** Chunks in the cache now. */
  readonly chunks: number;
  /** Estimated memory in use, in bytes: texts, tokens, and 160 bytes a chunk. */
  readonly held: number;
}

/** Tokens of a chunk; offsets count from the chunk's start. */
export interface CachedChunk {
  /** Bytes of the chunk, compared on a lookup. */
  readonly bytes: Uint8Array;
  /** By token: its id times 2, plus 1 if a piece ends there. */
  readonly tokens: Int32Array;
  /** By token: its exclusive end offset. */
  readonly ends: Uint16Array;
  /** By token: its length in bytes. */
  readonly lengths: Uint16Array;
}

/** Estimated overhead of a chunk, in bytes: five objects. */
const OBJECT_BYTES = 160;
/** Bytes a token: its id and its offset. */
const TOKEN_BYTES = 8;

/** Bounded cache of the chunks of one vocabulary; evicts the least recently used. */
export class ChunkCache {
  /** Vocabulary whose ids the cache holds. */
  readonly vocabulary: Vocabulary;
  /** Finds the end of the next chunk. */
  readonly next: NextChunk;
  readonly #most: number;
  // Least recently used first.
  readonly #chunks = new Map<number, CachedChunk>();
  #held = 0;
  #looked = 0;
  #hits = 0;
  #bytesLooked = 0;
  #bytesHit = 0;
  #forgotten = 0;

  /**
   * Creates an empty cache.
   *
   * @param vocabulary Compiled vocabulary.
   * @param options `bytes`: maximum memory in bytes, 4 KiB to 1 TiB; default 64 MiB.
   * @throws {OnpathError} `pipeline` if the vocabulary's texts have no cut that leaves all tokens unchanged;
   * `size` if the limit is invalid.
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
    requireObject("cache chunks", "the options are", options);
    const rule = vocabularyCuts(requireVocabulary(vocabulary));
    if (rule === null) {
      throw new OnpathError(
        "pipeline",
        `Cannot cache chunks of ${vocabulary.name}: no position in its texts is certain to end a piece`,
        { vocabulary: vocabulary.name },
      );
    }
    this.vocabulary = vocabulary;
    this.next = contentCutter(rule);
    this.#most = checkInteger("a cache's memory in bytes of", options.bytes ?? 2 ** 26, 2 ** 12, 2 ** 40);
  }

  /** Counters since the creation of the cache. */
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
   * Looks a chunk up, and marks it most recently used.
   *
   * @param text Buffer that holds the chunk.
   * @param from Offset of the chunk's first byte.
   * @param to Exclusive end of the chunk.
   * @param hash Hash of the chunk, from {@linkcode ChunkCache.next}.
   * @returns The chunk's tokens, or undefined if it is not in the cache.
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
   * Adds a chunk; evicts others if the capacity is exceeded.
   *
   * @param text Buffer that holds the chunk.
   * @param from Offset of the chunk's first byte.
   * @param to Exclusive end of the chunk.
   * @param hash Hash of the chunk, from {@linkcode ChunkCache.next}.
   * @param run Tokens of the text.
   * @param first Index of the chunk's first token.
   * @param last Exclusive end of the chunk's tokens.
   * @param start Offset of the chunk's first byte, as `run` counts.
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

/** Packs a hash of 32 bits and the low 20 bits of a length into one exact number. */
function keyOf(hash: number, length: number): number {
  return hash * 2 ** 20 + (length & 0xfffff);
}

function same(bytes: Uint8Array, text: Uint8Array, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let n = 0; n < bytes.length; n++) if (bytes[n] !== text[from + n]) return false;
  return true;
}

/**
 * Appends the tokens of a cached chunk to a run.
 *
 * @param run Run to append to.
 * @param chunk Cached chunk.
 * @param from Offset of the chunk's first byte, as `run` counts.
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
