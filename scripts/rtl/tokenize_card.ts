/**
 * The tokenizer of the RTL by itself, for tests and measurements: a vocabulary goes into its memory and tables, and
 * its own counters are read.
 *
 * @module
 */

import { counterAddress, TOKENIZE_COUNTER } from "../../kernels/rtl/registers.ts";
import { tokenizeImage } from "../../kernels/tokenize/image.ts";
import { tokenizeProgram } from "../../kernels/tokenize/rtl.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { HBM_LATENCY, type MemoryLatency, type RtlCard } from "../../runtime/device/rtl/card.ts";

/** Packets that a tokenizer takes, and the latency of its memory. */
export interface TokenizeOptions {
  /** Number of the plan that packets carry. */
  readonly plan: number;
  /** Longest payload in bytes, of text and of tokens. */
  readonly longest: number;
  /** External memory; default {@linkcode HBM_LATENCY}. */
  readonly latency?: MemoryLatency;
}

/** Lookups of the tokenizer since the last reset, and bytes of text. */
export type TokenizeCounters = Readonly<Record<keyof typeof TOKENIZE_COUNTER, number>>;

/** Hardware that tokenizes. */
export interface TokenizeCard {
  /** The card: its packets, pauses, latency and common counters. */
  readonly card: RtlCard;
  /**
   * Loads a vocabulary; flows that were held are forgotten.
   *
   * @throws {OnpathError} `device`, `table` or `size` if the hardware cannot hold it.
   */
  load(vocabulary: Vocabulary, options: TokenizeOptions): void;
  /** Reads the tokenizer's own counters. */
  lookups(): TokenizeCounters;
}

/**
 * Drives an instance of `packet_tokenize`.
 *
 * @param card The instance.
 */
export function driveTokenizer(card: RtlCard): TokenizeCard {
  return {
    card,
    load: (vocabulary, options) => {
      const { values, tables, memory } = tokenizeProgram(tokenizeImage(vocabulary), options);
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
