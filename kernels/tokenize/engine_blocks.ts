/**
 * Blocks of a flow's text that the compiled engine takes: complete short pieces, many in one call.
 *
 * @module
 */

import { ID_MASK, LENGTH_SHIFT } from "./engine_memory.ts";
import type { TextLookups } from "./lookups.ts";
import type { TextEngine } from "./text_engine.ts";
import type { TokenList } from "./token_list.ts";

/** Bytes from which a call of the engine pays. */
export const ENGINE_FROM = 64;
/** Maximum bytes between two calls. */
const MAX_PAUSE = 4096;
/** Bits of a length in a token's word. */
const LENGTH_MASK = 511;

/** Calls of the compiled engine for one flow. */
export class EngineBlocks {
  /** Offset in the flow's current bytes before which the engine is not called. */
  again = 0;
  readonly #engine: TextEngine;
  readonly #longest: number;
  readonly #counts: TextLookups;
  readonly #list: TokenList;
  #pause = ENGINE_FROM;

  /**
   * Creates the calls of a flow.
   *
   * @param engine Engine of the vocabulary.
   * @param longest Bytes of a piece, with its lookahead, that are left to the flow.
   * @param counts Counters to which lookups are added.
   * @param list List to which tokens are appended.
   */
  constructor(engine: TextEngine, longest: number, counts: TextLookups, list: TokenList) {
    this.#engine = engine;
    this.#longest = longest;
    this.#counts = counts;
    this.#list = list;
  }

  /** Whether the engine is due at offset `at` of bytes that end at `to`. */
  isDue(at: number, to: number): boolean {
    return at >= this.again && to - at >= ENGINE_FROM;
  }

  /** Begins with new bytes at offset `from`. */
  begin(from: number): void {
    this.again = from;
    this.#pause = ENGINE_FROM;
  }

  /** Sets the next call, after one at `from` that left `at`. The more calls are in vain, the rarer they become. */
  pace(from: number, at: number): void {
    this.#pause = at - from >= ENGINE_FROM ? ENGINE_FROM : Math.min(2 * this.#pause, MAX_PAUSE);
    this.again = at + this.#pause;
  }

  /**
   * Tokenizes complete pieces and appends their tokens.
   *
   * @param held Bytes of the current piece that the flow holds.
   * @param bytes Buffer of the bytes that follow them.
   * @param from Offset of the first byte.
   * @param to Exclusive end of the bytes.
   * @returns Number of bytes taken, of `held` first; 0 if no piece is complete.
   */
  take(held: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
    const engine = this.#engine;
    const end = Math.min(to, from + engine.capacity - held.length);
    engine.bytes.set(held, engine.text);
    engine.bytes.set(bytes.subarray(from, end), engine.text + held.length);
    const stop = engine.run(held.length + end - from, this.#longest, false, this.#counts);
    this.#append();
    return stop;
  }

  #append(): void {
    const { words, count } = this.#engine;
    const list = this.#list;
    list.reserve(count);
    const { tokens, lengths, gaps } = list;
    for (let n = 0, slot = list.count; n < count; n++, slot++) {
      const word = words[n]!;
      tokens[slot] = (word & ID_MASK) * 2 + (word >>> 31);
      lengths[slot] = word >>> LENGTH_SHIFT & LENGTH_MASK;
      gaps[slot] = 0;
    }
    list.count += count;
  }
}
