import assert from "node:assert/strict";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import {
  PIECE_BYTES,
  PIECE_PART_BITS,
  pieceHash,
  pieceTable,
} from "../../../kernels/tokenize/piece_table.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { trainedVocabulary, wholeVocabulary } from "../../rtl/text_vocabularies.ts";
import { vocabulary } from "./vocabularies.ts";

interface Entry {
  readonly token: number;
  readonly bytes: Uint8Array;
}

/** Entries of the four ways of a bucket pair, as hardware sees them; empty ones are left out. */
function readSlots({ entries }: { entries: Float64Array }): (Entry | null)[] {
  return Array.from({ length: entries.length / 4 }, (_, slot) => {
    let bits = 0n;
    for (let part = 0; part < 4; part++) {
      bits |= BigInt(entries[4 * slot + part]!) << BigInt(PIECE_PART_BITS * part);
    }
    const length = Number(bits >> 16n & 15n);
    if (length === 0) return null;
    const bytes = Uint8Array.from({ length }, (_, n) => Number(bits >> BigInt(20 + 8 * n) & 255n));
    return { token: Number(bits & 0xffffn), bytes };
  });
}

/** Looks a piece up as hardware does: one bucket of each bank. */
function find(slots: readonly (Entry | null)[], mask: number, bytes: Uint8Array): Entry | null {
  const hash = pieceHash(bytes);
  for (const bank of [0, 1]) {
    const bucket = 4 * (hash >>> 14 * bank & mask) + bank;
    for (const entry of [slots[bucket]!, slots[bucket + 2]!]) {
      if (entry?.bytes.length === bytes.length && entry.bytes.every((byte, n) => byte === bytes[n])) {
        return entry;
      }
    }
  }
  return null;
}

/** Ids of all entries against an encoder that knows no table, and tokens of one id against the entries. */
function checkTable(vocabulary: Vocabulary, minimum: number): void {
  const { bpe, pieces } = vocabulary;
  const table = pieceTable(bpe!, pieces, 2 ** 14);
  const slots = readSlots(table);
  const encoder = createEncoder(vocabulary);
  let entries = 0;
  for (const entry of slots) {
    if (entry === null) continue;
    entries++;
    assert.equal(find(slots, table.mask, entry.bytes), entry);
    assert.deepEqual([...encoder.encode(entry.bytes)], [bpe!.ids[entry.token]], `${entry.bytes}`);
  }
  assert.equal(entries, table.count);
  assert(entries >= minimum, `${entries} entries`);
  assert.equal(table.omitted, 0);
  // A token's text that is encoded as one id is an entry; one that is encoded as several is none.
  const { bytes, offsets } = vocabulary;
  for (let n = 0; n + 1 < offsets.length; n++) {
    const text = bytes.subarray(offsets[n], offsets[n + 1]);
    if (text.length === 0 || text.length > PIECE_BYTES) continue;
    if (new TextDecoder().decode(text).includes("\ufffd")) continue;
    const ids = [...encoder.encode(text)];
    const entry = find(slots, table.mask, text);
    if (ids.length === 1) assert.deepEqual([bpe!.ids[entry!.token]], ids);
    else assert.equal(entry, null);
  }
}

Deno.test("pieceTable() has exactly the tokens that are the whole answer to a piece: r50k_base", async () => {
  checkTable(await vocabulary("r50k_base"), 45_000);
});

Deno.test("pieceTable() of small vocabularies, and of one that looks whole pieces up first", async () => {
  checkTable(await trainedVocabulary(), 800);
  checkTable(await wholeVocabulary(), 130);
});

Deno.test("pieceTable() without capacity keeps the tokens of the lowest ranks", async () => {
  const { bpe, pieces } = await trainedVocabulary();
  const { mask, count, omitted, entries } = pieceTable(bpe!, pieces, 2 ** 4);
  assert.equal(mask, 15);
  assert(count > 55 && count <= 64 && omitted > 500, `${count} entries, ${omitted} omitted`);
  const kept = readSlots({ entries }).flatMap((entry) => entry === null ? [] : [bpe!.ranks[entry.token]!]);
  // Of 1000 merges, only the first ones.
  assert(Math.max(...kept) < 100, `${kept}`);
});
