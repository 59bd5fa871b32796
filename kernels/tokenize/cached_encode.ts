/**
 * Tokenizing on the host with a cache of chunks seen before.
 *
 * @module
 */

import { TokenRun } from "../../serialize/text/token_run.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { requireObject } from "../../serialize/require.ts";
import { appendCached, ChunkCache } from "./chunk_cache.ts";
import { Compatibility } from "./compatible.ts";
import type { EncodeOptions } from "./encode.ts";
import { TextFlow } from "./flow.ts";
import type { TextLookups } from "./lookups.ts";
import { allowedTokens } from "./special.ts";
import { engineTables } from "./tables.ts";
import { splitText, wellFormed } from "./text_parts.ts";

/** Tokenizes texts; chunks found in the cache cost only a lookup. */
export interface CachedEncoder {
  /** Cache of this encoder; may be shared. */
  readonly cache: ChunkCache;
  /**
   * Returns the ids of a whole text, equal to those of `createEncoder`. Bytes are UTF-8; malformed ones
   * become U+FFFD.
   */
  readonly encode: (text: string | Uint8Array) => Uint32Array<ArrayBuffer>;
}

/**
 * Creates an encoder with a chunk cache.
 *
 * @param cache Chunk cache; several encoders of one vocabulary may share it.
 * @param options Special tokens, and ids around a text.
 * @throws {OnpathError} `pipeline` if a special token is unknown.
 */
export function createCachedEncoder(cache: ChunkCache, options: EncodeOptions = {}): CachedEncoder {
  if (!(cache instanceof ChunkCache)) {
    throw new OnpathError("table", `Cannot use a cache that is ${kindOf(cache)}: expected a ChunkCache`);
  }
  requireObject("create an encoder", "the options are", options);
  const { vocabulary, next } = cache;
  const counts: TextLookups = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
  const flow = new TextFlow(engineTables(vocabulary), counts, compatibility, Infinity);
  const special = allowedTokens(vocabulary, options.special ?? "none");
  const splitting = { special, normalization: vocabulary.normalization };
  const { before, after } = options.around === true ? vocabulary.around : { before: [], after: [] };
  const run = new TokenRun(4096);

  const tokenize = (text: Uint8Array, from: number, to: number) => {
    const { list } = flow;
    flow.restart();
    flow.take(text, from, to);
    flow.end();
    run.reserve(list.count);
    let end = from;
    for (let n = 0; n < list.count; n++) {
      end += list.gaps[n]! + list.lengths[n]!;
      run.put(list.tokens[n]!, list.lengths[n]!, end);
    }
    list.count = 0;
  };
  const append = (text: Uint8Array) => {
    for (let from = 0; from < text.length;) {
      const { end, hash } = next(text, from, text.length);
      const known = cache.find(text, from, end, hash);
      if (known !== undefined) appendCached(run, known, from);
      else {
        const first = run.count;
        tokenize(text, from, end);
        cache.put(text, from, end, hash, run, first, run.count, from);
      }
      from = end;
    }
  };
  return {
    cache,
    encode: (text) => {
      run.count = 0;
      for (const id of before) run.put(id * 2, 0, 0);
      for (const part of splitText(splitting, wellFormed(text))) {
        if (part.kind === "text") append(part.bytes);
        else run.put(part.id * 2 + 1, 0, 0);
      }
      for (const id of after) run.put(id * 2, 0, 0);
      return run.ids();
    },
  };
}
