/**
 * The tokenizer of the RTL as a card: a vocabulary goes into its memory and tables, packets of text go in and
 * packets of tokens come out.
 *
 * @module
 */

import { TOKENIZE_LIMITS, type TokenizeImage, tokenizeImage } from "../../../kernels/tokenize/image.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { checkWhole, OnpathError } from "../../../serialize/errors.ts";
import { KIND } from "../../../serialize/header.ts";
import type { Exchange } from "../device.ts";
import {
  counterAddress,
  TOKENIZE_ARGUMENTS,
  TOKENIZE_COUNTER,
  TOKENIZE_TABLE,
} from "../../../kernels/rtl/registers.ts";
import { compileBuild } from "./build.ts";
import { type MemoryLatency, openRtlCard, type RtlCard } from "./card.ts";
import { fillCard, takeAnswers } from "./exchange.ts";

/** What packets a tokenizer takes, and how long its memory takes. */
export interface TokenizeOptions {
  /** Number of the plan that packets carry. */
  readonly plan: number;
  /** Longest payload in bytes, of text and of tokens. */
  readonly longest: number;
  /** External memory; HBM's where nothing is said, see {@linkcode HBM_LATENCY}. */
  readonly latency?: MemoryLatency;
}

/** Cycles of a random read of HBM through its switch: about 130 ns idle, some more under load, at 250 MHz. */
export const HBM_LATENCY: MemoryLatency = { least: 32, more: 16 };

/** What the tokenizer has looked up since the last reset, and over how many bytes. */
export type TokenizeCounters = Readonly<Record<keyof typeof TOKENIZE_COUNTER, number>>;

/** Hardware that tokenizes. */
export interface TokenizeCard {
  /** The card: its packets, pauses, latency and common counters. */
  readonly card: RtlCard;
  /**
   * Loads a vocabulary; flows that were held are forgotten.
   *
   * @param vocabulary The vocabulary.
   * @param options Which packets are taken.
   * @returns Bytes of external memory and of tables on chip that it takes.
   * @throws {OnpathError} `device` when the hardware lacks what the vocabulary asks for, `table` when it does not
   * fit, `size` when payloads are too long or so short that an answer has more parts than the hardware counts.
   */
  load(vocabulary: Vocabulary, options: TokenizeOptions): { readonly memory: number; readonly chip: number };
  /**
   * Sends packets of text and collects those of tokens; flows overlap, so their answers mix.
   *
   * @param exchange Slots of both; a packet of text may bring several answers.
   * @returns Number of answers.
   * @throws {OnpathError} `device` when there is no vocabulary, `size` when there are too few slots.
   */
  exchange(exchange: Exchange): number;
  /** Reads the tokenizer's own counters. */
  lookups(): TokenizeCounters;
}

/** Cycles that a packet may take at most: every byte three, and each of those a failure for every state. */
const MOST_CYCLES = 2 ** 30;

/**
 * Makes an instance and resets it.
 *
 * @param module The compiled WebAssembly of `packet_tokenize`; the library's own where none is given.
 *
 * @example
 * ```ts
 * import { openTokenizeCard } from "./tokenize.ts";
 * import assert from "node:assert/strict";
 *
 * const { lookups } = await openTokenizeCard();
 * assert.equal(lookups().bytes, 0);
 * ```
 */
export async function openTokenizeCard(module?: WebAssembly.Module): Promise<TokenizeCard> {
  return driveTokenizer(await openRtlCard(module ?? await compileBuild("tokenize")));
}

/**
 * Drives an instance of `packet_tokenize`.
 *
 * @param card The instance.
 */
export function driveTokenizer(card: RtlCard): TokenizeCard {
  let loaded = false;
  return {
    card,
    load: (vocabulary, options) => {
      const image = tokenizeImage(vocabulary);
      const sizes = loadImage(card, image, options);
      card.setLatency(options.latency ?? HBM_LATENCY);
      loaded = true;
      return sizes;
    },
    exchange: ({ input, count, output }) => {
      if (!loaded) {
        throw new OnpathError("device", "Cannot exchange packets: the RTL's tokenizer has no vocabulary");
      }
      let answers = 0;
      const collect = (given: number) => {
        for (const _ of takeAnswers(card, output, answers, given));
        answers += given;
      };
      for (let sent = 0; sent < count;) {
        const packets = fillCard(card, input, sent, count);
        collect(card.run(packets, {}, MOST_CYCLES, collect));
        sent += packets;
      }
      return answers;
    },
    lookups: () => {
      const names = Object.keys(TOKENIZE_COUNTER) as (keyof typeof TOKENIZE_COUNTER)[];
      const counts = names.map((name) => [name, card.read(counterAddress(TOKENIZE_COUNTER[name]))] as const);
      return Object.fromEntries(counts) as unknown as TokenizeCounters;
    },
  };
}

function loadImage(card: RtlCard, image: TokenizeImage, options: TokenizeOptions) {
  const { values, tables, memory } = tokenizeProgram(image, options);
  card.start(values);
  card.memory.set(memory);
  for (const { table, entries } of tables) card.loadTable(table, entries);
  const { blocks, classes, transitions, ids, bits } = image;
  const chip = blocks.length + classes.length + transitions.byteLength + Math.ceil(ids.length * bits / 8);
  return { memory: memory.byteLength, chip };
}
