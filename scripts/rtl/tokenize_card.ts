/**
 * Driver of the RTL's tokenizer without a session, for tests and measurements: loads a vocabulary into memory and
 * tables, and reads the tokenizer's counters.
 *
 * @module
 */

import { counterAddress, TOKENIZE_COUNTER } from "../../kernels/rtl/registers.ts";
import { tokenizeImage } from "../../kernels/tokenize/image.ts";
import { tokenizeProgram } from "../../kernels/tokenize/rtl.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { HBM_LATENCY, type MemoryLatency, type RtlCard } from "../../runtime/device/rtl/card.ts";

/** Packets that a tokenizer accepts, and the latency of its memory. */
export interface TokenizeOptions {
  /** Plan number in the packets. */
  readonly plan: number;
  /** Maximum payload in bytes, of text and of tokens. */
  readonly longest: number;
  /** Latency of the external memory; default {@linkcode HBM_LATENCY}. */
  readonly latency?: MemoryLatency;
  /** Buckets in a bank of the table of pieces, for builds with fewer than the default. */
  readonly pieceBuckets?: number;
}

/** Lookups of the tokenizer and bytes of text since the last reset. */
export type TokenizeCounters = Readonly<Record<keyof typeof TOKENIZE_COUNTER, number>>;

/** A card that runs `packet_tokenize`. */
export interface TokenizeCard {
  /** Access to packets, pauses, latency and the common counters. */
  readonly card: RtlCard;
  /**
   * Loads a vocabulary and drops the state of all flows.
   *
   * @throws {OnpathError} `device`, `table` or `size` if the hardware cannot hold it.
   */
  load(vocabulary: Vocabulary, options: TokenizeOptions): void;
  /** Reads the counters that only the tokenizer has. */
  lookups(): TokenizeCounters;
}

/**
 * Drives an instance of `packet_tokenize`.
 *
 * @param card Card that runs `packet_tokenize`.
 */
export function driveTokenizer(card: RtlCard): TokenizeCard {
  return {
    card,
    load: (vocabulary, options) => {
      const { values, tables, memory } = tokenizeProgram(
        tokenizeImage(vocabulary, options.pieceBuckets),
        options,
      );
      card.start(values);
      card.memory.set(memory);
      for (const { table, entries } of tables) card.loadTable(table, entries);
      card.setLatency(options.latency ?? HBM_LATENCY);
    },
    lookups: () => {
      const names = Object.keys(TOKENIZE_COUNTER) as (keyof typeof TOKENIZE_COUNTER)[];
      const counts = names.map((name) => [name, card.read(counterAddress(TOKENIZE_COUNTER[name]))] as const);
      return Object.fromEntries(counts) as unknown as TokenizeCounters;
    },
  };
}
