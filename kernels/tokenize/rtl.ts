/**
 * A vocabulary as the RTL's tokenizer takes it: arguments, tables on chip, and external memory.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../serialize/errors.ts";
import { KIND } from "../../serialize/header.ts";
import { countEntries, type KernelImage } from "../program.ts";
import { TOKENIZE_ARGUMENTS, TOKENIZE_COUNTER, TOKENIZE_TABLE } from "../rtl/registers.ts";
import { TOKENIZE_LIMITS, type TokenizeImage, tokenizeImage } from "./image.ts";
import type { TokenizePlan } from "./plan/plan.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * Makes the contents of the RTL's registers, tables and memory for a text plan.
 *
 * @param plan The plan.
 * @param vocabulary Its vocabulary.
 * @throws {OnpathError} `device` if chunks overlap or the RTL lacks what the vocabulary needs, `table` if it does not
 * fit, `size` if payloads are too short or too long.
 */
export function tokenizeKernelImage(plan: TokenizePlan, vocabulary: Vocabulary): KernelImage {
  const { id, body: { mode }, packets: { answer: longest } } = plan;
  if (mode !== "stateful") {
    throw new OnpathError(
      "device",
      `Cannot load text plan ${id} into the RTL: it keeps flows, it takes no chunks that overlap`,
      { plan: id, mode },
    );
  }
  const image = tokenizeImage(vocabulary);
  const { values, tables, memory } = tokenizeProgram(image, { plan: id, longest });
  const { blocks, classes, transitions, ids, bits } = image;
  const chip = blocks.length + classes.length + transitions.byteLength + Math.ceil(ids.length * bits / 8);
  const { bytes: _, ...counters } = TOKENIZE_COUNTER;
  return {
    build: "tokenize",
    values,
    tables,
    memory,
    tableBytes: memory.byteLength + chip,
    lookups: { counters: Object.values(counters) },
  };
}

/** A vocabulary as the hardware takes it. */
export interface TokenizeProgramData {
  /** The arguments, in the order of the registers. */
  readonly values: readonly number[];
  /** Tables on chip by their number, each from its first entry on. */
  readonly tables: readonly { readonly table: number; readonly entries: ArrayLike<number> }[];
  /** What external memory holds, from its first byte on. */
  readonly memory: Uint8Array;
}

/**
 * Translates a vocabulary's image.
 *
 * @param image The image.
 * @param options Which packets are taken.
 */
export function tokenizeProgram(
  image: TokenizeImage,
  { plan, longest }: { readonly plan: number; readonly longest: number },
): TokenizeProgramData {
  checkWhole("a longest payload of", longest, shortestPayload(image.bits), TOKENIZE_LIMITS.payload);
  const { memory, blocks, classes, transitions, ids, bits } = image;
  const tables = [
    { table: TOKENIZE_TABLE.blocks, entries: blocks },
    { table: TOKENIZE_TABLE.classes, entries: classes },
    { table: TOKENIZE_TABLE.transitions, entries: transitions },
    { table: TOKENIZE_TABLE.ids, entries: ids },
  ];
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
    partTokens: Math.floor((8 * longest) / (bits + 1)),
    bits,
    tables: countEntries(tables),
  };
  return {
    values: TOKENIZE_ARGUMENTS.map(({ name }) => values[name]),
    tables,
    memory: new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength),
  };
}

/** Bytes of external memory that arguments speak of: cells, tokens and merges. */
export function tokenizeMemoryBytes(values: readonly number[]): number {
  const at = (name: (typeof TOKENIZE_ARGUMENTS)[number]["name"]) =>
    values[TOKENIZE_ARGUMENTS.findIndex((each) => each.name === name)]!;
  // A word holds two slots of merges.
  return MEMORY_WORD * (at("pairsAt") + Math.ceil((at("pairMask") + 1) / 2));
}

/** Bytes of a word of external memory. */
const MEMORY_WORD = 16;

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
