import assert from "node:assert/strict";
import { FLAG } from "../../../serialize/header.ts";
import { slotAddress } from "../../../serialize/packets.ts";
import { ChunkMerge, type MergedChunk, type MergedText } from "../../../serialize/text/chunk_merge.ts";
import { TOKEN_FLAG } from "../../../serialize/text/token_packet.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { answerSlots, writeTokens, type WrittenToken } from "../../support/text_answers.ts";

const slots = answerSlots();

/** By id: its bytes. Id 0 and ids from 6 on are not in use. */
const LENGTHS = Int32Array.of(0, 1, 2, 3, 4, 5);

/** Chunks of 9 bytes begin at 0, 4, 8, …: 6 bytes apart less an overlap, up to 3 bytes earlier. */
const CUT = { payload: 9, overlap: 4 };
const STEP = 2;

function begin(change: Partial<MergedText> = {}): ChunkMerge {
  return new ChunkMerge({
    length: 20,
    cut: CUT,
    flow: 1,
    plan: 2,
    lengthOf: LENGTHS,
    covers: true,
    ...change,
  });
}

/** Chunks of a text: `(length - overlap) / STEP`, rounded up. */
const chunksOf = (length: number) => Math.ceil((length - CUT.overlap) / STEP);

interface Answer {
  readonly chunk: number;
  readonly chunks?: number;
  readonly from?: number;
  readonly part?: number;
  readonly parts?: number;
  readonly flags?: number;
  readonly escape?: number;
  readonly flow?: number;
  readonly plan?: number;
}

/** Writes an answer to a chunk and takes it. */
function take(merge: ChunkMerge, tokens: readonly WrittenToken[], answer: Answer): string {
  const { chunk, chunks = chunksOf(20), from = chunk * STEP, part = 0, parts = 1, flags = 0, escape = 0 } =
    answer;
  const { flow = 1, plan = 2 } = answer;
  const header = { sequence: chunk, packets: chunks, position: from, flow, plan };
  writeTokens(slots, tokens, header, { part, parts, flags, escape });
  return merge.accept(slots, 0);
}

const idsOf = ({ run }: ChunkMerge) => [...run.ids()];

Deno.test("ChunkMerge accepts tokens up to the text's end and refuses one byte more", () => {
  for (const [id, outcome] of [[5, "accepted"], [4, "place"]] as const) {
    const merge = begin({ length: 5 });
    assert.equal(take(merge, [[id]], { chunk: 0, chunks: 1 }), outcome);
    assert.equal(merge.done, outcome === "accepted");
    assert.equal(merge.needs(0), outcome !== "accepted");
  }
  const merge = begin({ length: 5 });
  assert.equal(take(merge, [[5], [1]], { chunk: 0, chunks: 1 }), "place");
  assert.deepEqual([merge.run.count, merge.boundary, merge.needs(0)], [0, 0, true]);
  assert.equal(take(merge, [[3], [2]], { chunk: 0, chunks: 1 }), "accepted");
  assert.deepEqual([idsOf(merge), merge.boundary], [[3, 2], 5]);
});

Deno.test("ChunkMerge keeps what a part had when the next one goes beyond the text", () => {
  const merge = begin({ length: 5 });
  assert.equal(take(merge, [[2]], { chunk: 0, chunks: 1, parts: 2 }), "accepted");
  const last = { chunk: 0, chunks: 1, from: 2, part: 1, parts: 2 };
  assert.equal(take(merge, [[4]], last), "place");
  assert.equal(take(merge, [[0]], last), "token");
  assert.equal(take(merge, [[3]], last), "accepted");
  assert.deepEqual(idsOf(merge), [2, 3]);
});

Deno.test("ChunkMerge wants tokens to cover the last chunk, where they cover all bytes of a text", () => {
  const short = [[4]] as const;
  assert.equal(take(begin({ length: 5, covers: false }), short, { chunk: 0, chunks: 1 }), "accepted");
  assert.equal(take(begin({ length: 5 }), short, { chunk: 0, chunks: 1, escape: 1 }), "accepted");
  const replaced = take(begin({ length: 5 }), short, { chunk: 0, chunks: 1, flags: TOKEN_FLAG.replaced });
  assert.equal(replaced, "accepted");
  // Chunks before the last one hold back what their cut leaves open.
  assert.equal(take(begin(), [[4]], { chunk: 0 }), "accepted");
});

Deno.test("ChunkMerge does again what an escape or a cut character left open at the text's end", () => {
  for (const open of [{ escape: 1 }, { flags: TOKEN_FLAG.replaced }]) {
    const merge = begin({ length: 5 });
    take(merge, [[4]], { chunk: 0, chunks: 1, ...open });
    assert.deepEqual([merge.done, merge.boundary], [false, "escape" in open ? 4 : 0]);
    assert.equal(merge.next, 1);
    assert.equal(merge.stuck, true);
    const run = new TokenRun();
    run.put(3, 1, 5);
    merge.redone(run, 1, 5);
    assert.deepEqual([merge.done, merge.stuck], [true, false]);
  }
});

Deno.test("ChunkMerge refuses answers of other flows, plans, packet counts and places", () => {
  const merge = begin();
  const tokens = [[2]] as const;
  assert.equal(take(merge, tokens, { chunk: 0, flow: 2 }), "flow");
  assert.equal(take(merge, tokens, { chunk: 0, plan: 1 }), "flow");
  assert.equal(take(merge, tokens, { chunk: 0, chunks: 9 }), "flow");
  assert.equal(take(merge, tokens, { chunk: 0, from: 1 }), "place");
  assert.equal(take(merge, tokens, { chunk: 2, from: 5 }), "place");
  assert.equal(take(merge, tokens, { chunk: 2, from: 0 }), "place");
  // A chunk begins up to 3 bytes before its stretch.
  assert.equal(take(merge, tokens, { chunk: 2, from: 1 }), "accepted");
  assert.equal(take(merge, tokens, { chunk: 3, part: 1, parts: 2 }), "place");
  writeTokens(slots, [[2]], { sequence: 0, packets: chunksOf(20), flags: FLAG.checked });
  slots.engine.bytes[slotAddress(slots, 0) + 64]! ^= 1;
  assert.equal(merge.accept(slots, 0), "crc");
});

Deno.test("ChunkMerge takes parts in their order, each once, at the place where the last one ended", () => {
  const merge = begin();
  assert.equal(take(merge, [[2]], { chunk: 1, from: 2, parts: 3 }), "accepted");
  assert.equal(take(merge, [[2]], { chunk: 1, from: 2, parts: 3 }), "duplicate");
  assert.equal(take(merge, [[1]], { chunk: 1, from: 4, part: 2, parts: 3 }), "place");
  assert.equal(take(merge, [[1]], { chunk: 1, from: 5, part: 1, parts: 3 }), "place");
  assert.equal(take(merge, [[1]], { chunk: 1, from: 4, part: 1, parts: 3 }), "accepted");
  assert.equal(merge.needs(1), true);
  assert.equal(take(merge, [[1]], { chunk: 1, from: 5, part: 2, parts: 3 }), "accepted");
  assert.equal(merge.needs(1), false);
  assert.equal(take(merge, [[1]], { chunk: 1, from: 6, part: 2, parts: 3 }), "duplicate");
});

Deno.test("ChunkMerge appends behind the boundary what chunks share, and tells each chunk's fate", () => {
  const seen: Omit<MergedChunk, "run">[] = [];
  const merge = begin({ length: 10, onChunk: ({ run: _, ...rest }) => seen.push(rest) });
  const chunks = chunksOf(10);
  assert.equal(chunks, 3);
  // Pieces end at 1, 3, 6, 8 and 10. The first chunk ends at 6, the second at 8.
  assert.equal(take(merge, [[1], [2], [3, false]], { chunk: 0, chunks }), "accepted");
  assert.deepEqual([merge.boundary, idsOf(merge), merge.removed, merge.next], [3, [1, 2], 1, 1]);
  assert.equal(take(merge, [[1], [3], [2, false]], { chunk: 1, chunks }), "accepted");
  assert.deepEqual([merge.boundary, idsOf(merge), merge.removed, merge.next], [6, [1, 2, 3], 3, 2]);
  assert.equal(take(merge, [[2], [2], [2]], { chunk: 2, chunks }), "accepted");
  assert.deepEqual([merge.boundary, idsOf(merge), merge.removed, merge.next], [10, [1, 2, 3, 2, 2], 4, 3]);
  assert.deepEqual([merge.done, merge.stuck, merge.unshared], [true, false, 0]);
  assert.deepEqual(seen, [
    { chunk: 0, from: 0, to: 6, confirmed: 2, seam: 0, kept: [0, 2] },
    { chunk: 1, from: 2, to: 8, confirmed: 2, seam: 3, kept: [1, 2] },
    { chunk: 2, from: 4, to: 10, confirmed: 3, seam: 6, kept: [1, 3] },
  ]);
  assert.equal(take(merge, [[2], [2], [2]], { chunk: 2, chunks }), "duplicate");
});

Deno.test("ChunkMerge is stuck once where the chunk at its turn shares no boundary, and goes on behind it", () => {
  const merge = begin({ length: 10 });
  const chunks = chunksOf(10);
  take(merge, [[3], [3]], { chunk: 0, chunks });
  assert.equal(merge.boundary, 6);
  // This chunk ends a piece at 4 and 7, the run so far at 3 and 6.
  assert.equal(take(merge, [[2], [3], [1, false]], { chunk: 1, chunks }), "accepted");
  assert.deepEqual([merge.stuck, merge.unshared, merge.next, merge.boundary], [true, 1, 1, 6]);
  // The next one comes and changes nothing.
  assert.equal(take(merge, [[2], [1], [3]], { chunk: 2, chunks }), "accepted");
  assert.deepEqual([merge.stuck, merge.unshared, merge.next], [true, 1, 1]);
  const run = new TokenRun();
  run.put(2, 1, 7);
  run.put(3, 1, 8);
  merge.redone(run, 1, 7);
  // The stuck chunk ends there too, and the last one shares it.
  assert.deepEqual([merge.boundary, merge.done, idsOf(merge)], [10, true, [3, 3, 1, 3]]);
  assert.deepEqual([merge.stuck, merge.unshared, merge.next], [false, 1, 3]);
});

Deno.test("ChunkMerge shares the boundary at which a chunk begins, with a token there or without", () => {
  const chunks = chunksOf(10);
  const merge = begin({ length: 10 });
  take(merge, [[1], [1], [3]], { chunk: 0, chunks });
  take(merge, [[4], [2, false]], { chunk: 1, chunks });
  assert.deepEqual([merge.boundary, merge.unshared, idsOf(merge)], [6, 0, [1, 1, 3, 4]]);
  const sparse = begin({ length: 10, covers: false });
  take(sparse, [[1]], { chunk: 0, chunks });
  take(sparse, [[3], [2, false]], { chunk: 1, chunks });
  assert.deepEqual([sparse.boundary, sparse.unshared, sparse.stuck], [1, 1, true]);
  // The stretch up to 2 has no token.
  sparse.redone(new TokenRun(), 0, 2);
  assert.deepEqual([sparse.boundary, sparse.unshared, idsOf(sparse)], [5, 1, [1, 3]]);
});

Deno.test("ChunkMerge needs a chunk until it is there, or what it covers is done", () => {
  const merge = begin({ length: 10 });
  const chunks = chunksOf(10);
  assert.deepEqual([0, 1, 2].map((chunk) => merge.needs(chunk)), [true, true, true]);
  take(merge, [[1], [1]], { chunk: 1, chunks });
  assert.deepEqual([0, 1, 2].map((chunk) => merge.needs(chunk)), [true, false, true]);
  const run = new TokenRun();
  run.put(2 * 5 + 1, 5, 5);
  run.put(2 * 3 + 1, 3, 8);
  merge.redone(run, 2, 8);
  // Both chunks end at 8 or before; the last one is asked for still.
  assert.deepEqual([merge.next, [0, 1, 2].map((chunk) => merge.needs(chunk))], [2, [false, false, true]]);
});

Deno.test("ChunkMerge starts an empty run, in the memory that is given", () => {
  const run = new TokenRun(1);
  run.put(9, 9, 9);
  const merge = begin({ run });
  assert.equal(merge.run, run);
  assert.equal(run.count, 0);
  assert.deepEqual([merge.boundary, merge.removed, merge.unshared, merge.next], [0, 0, 0, 0]);
  assert.deepEqual([merge.done, merge.stuck], [false, false]);
});
