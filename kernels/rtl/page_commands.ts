/**
 * Page loads as RTL commands on the table stream, in order and in parallel with packets.
 *
 * @module
 */

import { TABLE_WORD } from "./registers.ts";
import type { PageLoad } from "../program.ts";

/** Page command: 64-bit command words, followed by entries of one stream word each. */
export interface PageCommand {
  /** Command words as pairs of low and high 32-bit halves. */
  readonly words: readonly number[];
  /** Page entries, 32 bits each, little-endian. */
  readonly entries: Uint8Array;
}

const NONE = new Uint8Array(0);

/**
 * Converts the page loads of an exchange to commands.
 * Each command carries the first epoch that must wait for the next load. A limit command in front carries it
 * for the first load.
 *
 * @param loads Page loads in execution order.
 * @param lastEpoch Last epoch of the exchange's packets.
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
