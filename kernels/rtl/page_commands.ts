/**
 * Page loads as the RTL takes them: commands on the stream of tables, in order, beside the packets.
 *
 * @module
 */

import { TABLE_WORD } from "./registers.ts";
import type { PageLoad } from "../program.ts";

/** A command: its words of 64 bits as pairs of low and high halves, and entries of a word each behind them. */
export interface PageCommand {
  /** The first words, low and high halves in turn. */
  readonly words: readonly number[];
  /** The entries, 32 bits each, little-endian. */
  readonly entries: Uint8Array;
}

const NONE = new Uint8Array(0);

/**
 * The loads of an exchange as commands. Each says which epoch may not begin before the load behind it is
 * done, and the first one says it of the first load.
 *
 * @param loads The loads, in the order in which they run.
 * @param lastEpoch The last epoch of the exchange's packets.
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
 * assert.deepEqual(page!.words, [2 ** 22 + 2 ** 20 + 3, 2, 0, 10]);
 * ```
 */
export function pageCommands(loads: readonly PageLoad[], lastEpoch: number): PageCommand[] {
  const limits = pageLimits(loads, lastEpoch);
  return [
    { words: [TABLE_WORD.limit, limits[0]!], entries: NONE },
    ...loads.map(({ page, slot, bytes, after }, at) => ({
      words: [
        TABLE_WORD.page + slot * TABLE_WORD.bank + page,
        bytes.length / 4,
        after + 1,
        limits[at + 1]!,
      ],
      entries: bytes,
    })),
  ];
}

/**
 * The epoch that may not begin yet: before the first load, and after each.
 *
 * @param loads The loads, in the order in which they run.
 * @param lastEpoch The last epoch of the exchange's packets.
 */
export function pageLimits(loads: readonly { readonly before: number }[], lastEpoch: number): number[] {
  return [
    ...loads.map(({ before }) => before),
    Math.max(lastEpoch, loads.at(-1)?.before ?? 0) + 1,
  ];
}
