/**
 * Page loads as RTL commands on the table stream, in order and in parallel with packets.
 *
 * @module
 */

import { TABLE_WORD } from "./registers.ts";
import type { PageLoad } from "../program.ts";

/** Page command: 64-bit command words, followed by entries. */
export interface PageCommand {
  /** Command words as pairs of low and high 32-bit halves. */
  readonly words: readonly number[];
  /** Page entries, 32 bits each, little-endian. */
  readonly entries: Uint8Array;
  /** Entries in a word of the stream. */
  readonly perWord: 1 | typeof PAGE_ENTRIES;
}

/** Entries of a page in a word of a wide stream of tables. */
export const PAGE_ENTRIES = 8;

/**
 * Returns the words of the stream that the entries of a page take.
 *
 * @param bytes Bytes of the page.
 * @param perWord Entries in a word. Default eight.
 */
export function pageWords(bytes: number, perWord: PageCommand["perWord"] = PAGE_ENTRIES): number {
  return Math.ceil(bytes / (4 * perWord));
}

const NONE = new Uint8Array(0);

/**
 * Converts the page loads of an exchange to commands.
 * Each command carries the first epoch that must wait for the next load. A limit command in front carries it
 * for the first load.
 *
 * @param loads Page loads in execution order.
 * @param lastEpoch Last epoch of the exchange's packets.
 * @param perWord Entries in a word. A stream of 64 bits has one. Default eight.
 *
 * @example
 * ```ts
 * import { pageCommands } from "./page_commands.ts";
 * import assert from "node:assert/strict";
 *
 * const load = { page: 3, slot: 1, bytes: new Uint8Array(8), after: -1, before: 4 };
 * const [limit, page] = pageCommands([load], 9);
 * // Epochs up to 3 may begin; when two entries of page 3 are in bank 1, those up to 9.
 * assert.deepEqual(limit!.words, [2 ** 21, 4]);
 * assert.deepEqual(page!.words, [2 ** 23 + 2 ** 22 + 2 ** 20 + 3, 2, 0, 10]);
 * ```
 */
export function pageCommands(
  loads: readonly PageLoad[],
  lastEpoch: number,
  perWord: PageCommand["perWord"] = PAGE_ENTRIES,
): PageCommand[] {
  const limits = pageLimits(loads, lastEpoch);
  const form = TABLE_WORD.page + (perWord === 1 ? 0 : TABLE_WORD.wide);
  return [
    { words: [TABLE_WORD.limit, limits[0]!], entries: NONE, perWord },
    ...loads.map(({ page, slot, bytes, after }, at) => ({
      words: [
        form + slot * TABLE_WORD.bank + page,
        bytes.length / 4,
        after + 1,
        limits[at + 1]!,
      ],
      entries: bytes,
      perWord,
    })),
  ];
}

/**
 * Returns the first blocked epoch before the first load and after each load.
 *
 * @param loads Page loads in execution order.
 * @param lastEpoch Last epoch of the exchange's packets.
 */
export function pageLimits(loads: readonly { readonly before: number }[], lastEpoch: number): number[] {
  return [
    ...loads.map(({ before }) => before),
    Math.max(lastEpoch, loads.at(-1)?.before ?? 0) + 1,
  ];
}
