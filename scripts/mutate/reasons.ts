/**
 * Mutants that no test can notice, with the reason why the code behaves the same.
 *
 * @module
 */

import type { Mutant } from "./mutants.ts";

/** Reasons by file, then by the code before and after the change, `before → after`. */
const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "kernels/plan/form.ts": {
    "head < 0x90 → head < 145": "0x90 is an empty list, and an empty map has no items either",
  },
  "kernels/plan/file.ts": {
    "2 ** 32 - 1 → 2 ** 32 + 1": "an id beyond 2^32 - 1 matches no contents, and is refused as such",
    "maxBinLength: 0 → maxBinLength: 1": "checkForm() refuses bytes before they are decoded",
    "maxExtLength: 0 → maxExtLength: 1": "checkForm() refuses extensions before they are decoded",
    "0 → 1": "checkForm() refuses bytes and extensions before they are decoded",
  },
  "kernels/image/model/page_bank.ts": {
    "channel = 0 → channel = 1": "the first request comes back later than that, by the latency of memory",
  },
  "runtime/packet_loop.ts": {
    "return; → ;": "the exchange's own timeout ends the last run at the same time",
    "next - (performance.now() - start) → next + (performance.now() - start)":
      "a timeout is later by less than a millisecond, and no test leans on wall time",
  },
  "runtime/device/serial.ts": {
    "setImmediate !== undefined → setImmediate === undefined": "a message lets other events run too, later",
    "return; → ;": "a promise that is resolved twice is resolved once",
    "port2.postMessage(null); → ;":
      "the tests run where setImmediate exists; npm's check of browsers runs it",
  },
  "kernels/plan/slots.ts": {
    "2 * SLOTS_ALIGNMENT → 3 * SLOTS_ALIGNMENT": "reserves more memory than is needed",
  },
  "serialize/image_writer.ts": {
    "column = 0; → ;": "a packet that begins inside a row ends with that row",
    "low[i]! < 0 → low[i]! <= 0": "both columns behind a row hold the fill",
    "source.length - 1 → source.length + 1": "indexes behind the array are ignored",
    "i + 1 → i + 0": "copies pixel by pixel, with the same result",
    "length > 24 → length >= 24": "both ways to copy give the same bytes",
  },
  "serialize/partition.ts": {
    "first: 0 → first: 1": "overwritten before it is read",
    "count: 0 → count: 1": "overwritten before it is read",
    "0 → 1": "overwritten before it is read",
  },
  "serialize/text/answer_order.ts": {
    "PARTS = 256 → PARTS = 257": "parts are numbered by a byte: every factor from 256 on keeps packets apart",
  },
  "serialize/text/text_writer.ts": {
    "packets: 1 → packets: 0": "overwritten before it is read",
    "1 → 0": "overwritten before it is read",
  },
  "serialize/crc32c.ts": {
    "8 * 256 → 9 * 256": "a ninth table is never read",
  },
  "serialize/dtype.ts": {
    "magnitude < 0x3880_0000 → magnitude <= 0x3880_0000": "2^-14 has the same bits either way",
    "magnitude < 0x3880_0000 → magnitude < 947912705": "2^-14 has the same bits either way",
  },
  "serialize/flow.ts": {
    "2 ** 32 → 3 ** 32": "numbers start at random and wrap once in 2^32 flows: no test reaches it",
    "2 ** 32 → 2 ** 33": "numbers start at random and wrap once in 2^32 flows: no test reaches it",
  },
  "serialize/header.ts": {
    "kind > 31 → kind > 32": "a shift by 32 is one by 0, and kind 0 is refused too",
  },
  "serialize/text/token_run.ts": {
    "n < to → n <= to": "written behind what is held, where the next token goes",
  },
  "serialize/text/rules.ts": {
    "at < ids.length → at <= ids.length": "behind the last token there is no run",
    "at + length < ids.length → at + length <= ids.length": "behind the last token no id is equal",
  },
};

/**
 * Looks up the reason of a mutant.
 *
 * @param mutant A mutant that was not noticed.
 * @returns The reason; undefined if there is a gap in the tests.
 */
export function reasonOf(
  { file, text, replacement }: Pick<Mutant, "file" | "text" | "replacement">,
): string | undefined {
  return REASONS[file]?.[`${text} → ${replacement}`];
}
