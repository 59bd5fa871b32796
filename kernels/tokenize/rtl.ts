/**
 * Vocabulary in the format of the RTL's tokenizer: arguments, on-chip tables, and external memory.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { KIND } from "../../serialize/header.ts";
import { countEntries, type KernelImage } from "../program.ts";
import { TOKENIZE_ARGUMENTS, TOKENIZE_COUNTER, TOKENIZE_TABLE } from "../rtl/registers.ts";
import { TOKENIZE_LIMITS, type TokenizeImage, tokenizeImage } from "./image.ts";
import { PIECE_PART_BITS } from "./piece_table.ts";
import type { TokenizePlan } from "./plan/plan.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * Creates the contents of the RTL's registers, tables and memory for a text plan.
 *
 * @param plan Text plan in mode `stateful`.
 * @param vocabulary Vocabulary that the plan was compiled for.
 * @throws {OnpathError} `device` if chunks overlap or the RTL lacks a feature that the vocabulary needs;
 * `table` if a table exceeds its capacity; `size` if payloads are too short or too long.
 */
export function tokenizeKernelImage(plan: TokenizePlan, vocabulary: Vocabulary): KernelImage {
  const { id, body: { mode }, packets: { answer: longest } } = plan;
  if (mode !== "stateful") {
    throw new OnpathError(
      "device",
      `Cannot load text plan ${id} into the RTL: chunks that overlap are not supported, use mode "stateful"`,
      { plan: id, mode },
    );
  }
  const image = tokenizeImage(vocabulary);
  const { values, tables, memory } = tokenizeProgram(image, { plan: id, longest });
  const { blocks, classes, transitions, ids, bits, pieces, roots, filter } = image;
  const chip = blocks.length + classes.length + transitions.byteLength + Math.ceil(ids.length * bits / 8) +
    Math.ceil(pieces.entries.length * PIECE_PART_BITS / 8) + Math.ceil(roots.length * ROOT_BITS / 8) +
    filter.byteLength;
  const { cells, suffixes, pairs, parts, verdicts, classes: points, transitions: moves } = TOKENIZE_COUNTER;
  const { pieces: pieceLookups, found, misses } = TOKENIZE_COUNTER;
  const counters = [cells, suffixes, pairs, parts, verdicts, points, moves, pieceLookups, found, misses];
  return {
    build: "tokenize",
    values,
    tables,
    memory,
    tableBytes: memory.byteLength + chip,
    lookups: { counters },
  };
}

/** Register, table and memory contents of the hardware tokenizer. */
export interface TokenizeProgramData {
  /** Arguments, in the order of the registers. */
  readonly values: readonly number[];
  /** On-chip tables by number, with their entries from index 0. */
  readonly tables: readonly { readonly table: number; readonly entries: ArrayLike<number> }[];
  /** Contents of external memory from address 0. */
  readonly memory: Uint8Array;
}

/**
 * Converts a vocabulary's image.
 *
 * @param image Hardware tables of the vocabulary.
 * @param options Plan id, and maximum payload in bytes.
 */
export function tokenizeProgram(
  image: TokenizeImage,
  { plan, longest }: { readonly plan: number; readonly longest: number },
): TokenizeProgramData {
  checkInteger("a longest payload of", longest, shortestPayload(image.bits), TOKENIZE_LIMITS.payload);
  const { memory, blocks, classes, transitions, ids, bits, pieces, roots, filter } = image;
  const tables = [
    { table: TOKENIZE_TABLE.blocks, entries: blocks },
    { table: TOKENIZE_TABLE.classes, entries: classes },
    { table: TOKENIZE_TABLE.transitions, entries: transitions },
    { table: TOKENIZE_TABLE.ids, entries: ids },
    ...pieceEntries(pieces.entries),
    { table: TOKENIZE_TABLE.roots, entries: roots },
    { table: TOKENIZE_TABLE.filter, entries: filter },
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
    pieceMask: pieces.mask,
    tables: countEntries(tables),
  };
  return {
    values: TOKENIZE_ARGUMENTS.map(({ name }) => values[name]),
    tables,
    memory: new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength),
  };
}

/** Entries of the pieces' table as tables of the stream, which address 2^16 entries each. */
function pieceEntries(entries: Float64Array): { table: number; entries: Float64Array }[] {
  return Array.from({ length: Math.ceil(entries.length / STREAM_TABLE) }, (_, n) => ({
    table: TOKENIZE_TABLE.pieces + n,
    entries: entries.subarray(n * STREAM_TABLE, (n + 1) * STREAM_TABLE),
  }));
}

/** Bits of an entry of the roots. */
const ROOT_BITS = 35;

/** Entries that an address of the table stream tells apart. */
const STREAM_TABLE = 2 ** 16;

/**
 * Minimum payload, in bytes, at which answers stay within the hardware's part count. Each byte may become
 * three, each of them a token, and a full window may be held before.
 */
function shortestPayload(bits: number): number {
  const { parts, window } = TOKENIZE_LIMITS;
  let longest = 1;
  while (parts * Math.floor((8 * longest) / (bits + 1)) < 3 * longest + window) longest++;
  return longest;
}
