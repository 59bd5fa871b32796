/**
 * The tokenizer of the RTL as a card: a vocabulary goes into its memory and tables, packets of text go in and
 * packets of tokens come out.
 *
 * @module
 */

import { TOKENIZE_LIMITS, tokenizeImage } from "../../kernels/tokenize/image.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { checkWhole, KIND } from "../../serialize/mod.ts";
import { counterAddress, TOKENIZE_ARGUMENTS, TOKENIZE_COUNTER, TOKENIZE_TABLE } from "./registers.ts";
import { openRtlCard, type RtlCard } from "./rtl_card.ts";

/** What packets a tokenizer takes. */
export interface TokenizeOptions {
  /** Number of the plan that packets carry. */
  readonly plan: number;
  /** Longest payload in bytes, of text and of tokens. */
  readonly longest: number;
}

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
  /** Reads the tokenizer's own counters. */
  lookups(): TokenizeCounters;
}

/**
 * Makes an instance and resets it.
 *
 * @param module The compiled WebAssembly of `packet_tokenize`.
 */
export async function openTokenizeCard(module: WebAssembly.Module): Promise<TokenizeCard> {
  const card = await openRtlCard(module);
  return {
    card,
    load: (vocabulary, options) => loadVocabulary(card, vocabulary, options),
    lookups: () => {
      const names = Object.keys(TOKENIZE_COUNTER) as (keyof typeof TOKENIZE_COUNTER)[];
      const counts = names.map((name) => [name, card.read(counterAddress(TOKENIZE_COUNTER[name]))] as const);
      return Object.fromEntries(counts) as unknown as TokenizeCounters;
    },
  };
}

function loadVocabulary(card: RtlCard, vocabulary: Vocabulary, { plan, longest }: TokenizeOptions) {
  const image = tokenizeImage(vocabulary);
  const partTokens = Math.floor((8 * longest) / (image.bits + 1));
  checkWhole("a longest payload of", longest, shortestPayload(image.bits), TOKENIZE_LIMITS.payload);
  const values = {
    plan,
    kind: KIND.text,
    longest,
    item: 0,
    start: image.start,
    endClass: image.endClass,
    root: image.root,
    tokensAt: image.tokensAt,
    pairsAt: image.pairsAt,
    pairMask: image.pairMask,
    wholeFirst: image.wholeFirst ? 1 : 0,
    partTokens,
    bits: image.bits,
  };
  card.start(TOKENIZE_ARGUMENTS.map(({ name }) => values[name]));
  const { memory, blocks, classes, transitions, ids } = image;
  card.memory.set(new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength));
  card.loadTable(TOKENIZE_TABLE.blocks, blocks);
  card.loadTable(TOKENIZE_TABLE.classes, classes);
  card.loadTable(TOKENIZE_TABLE.transitions, transitions);
  card.loadTable(TOKENIZE_TABLE.ids, ids);
  const chip = blocks.length + classes.length + transitions.byteLength + Math.ceil(ids.length * image.bits / 8);
  return { memory: memory.byteLength, chip };
}

/**
 * The least payload whose answers have no more parts than the hardware counts: each byte may become three, each of
 * which a token, and a window may have waited.
 */
function shortestPayload(bits: number): number {
  const { parts, window } = TOKENIZE_LIMITS;
  let longest = 1;
  while (parts * Math.floor((8 * longest) / (bits + 1)) < 3 * longest + window) longest++;
  return longest;
}
