import assert from "node:assert/strict";
import { chunkCount, chunkEnd, chunkStart, isChunkStart, overlapFor } from "../../../serialize/text/cut.ts";
import { mergeByRule, type RuleChunk } from "../../../serialize/text/rules.ts";
import { refusal } from "../../support/failure.ts";

Deno.test("overlapFor() gives less than half of a payload, or none where a character does not fit", () => {
  assert.deepEqual([0, 2, 3, 4, 5].map((wanted) => overlapFor(100, wanted)), [0, 0, 3, 4, 5]);
  assert.deepEqual([47, 48, 49].map((wanted) => overlapFor(100, wanted)), [47, 48, 48]);
  assert.deepEqual([8, 9, 10, 11].map((payload) => overlapFor(payload, 99)), [0, 3, 3, 4]);
  assert.equal(overlapFor(1, 99), 0);
  assert.equal(overlapFor(8192, 9999), 4094);
  for (const payload of [0, 8193]) assert.throws(() => overlapFor(payload, 4), refusal("size", /payload/));
});

Deno.test("chunkCount() and chunkEnd() cover a text without a chunk too many", () => {
  const cut = { payload: 13, overlap: 4 };
  assert.deepEqual([0, 1, 10, 11, 16, 17].map((length) => chunkCount(length, cut)), [1, 1, 1, 2, 2, 3]);
  assert.deepEqual([0, 1, 2].map((chunk) => chunkEnd(17, cut, chunk)), [10, 16, 17]);
  const apart = { payload: 13, overlap: 0 };
  assert.deepEqual([0, 13, 14, 26].map((length) => chunkCount(length, apart)), [1, 1, 2, 2]);
  assert.deepEqual([0, 1].map((chunk) => chunkEnd(26, apart, chunk)), [13, 26]);
});

Deno.test("chunkStart() goes back to the head of a character, three bytes at most", () => {
  const cut = { payload: 13, overlap: 4 };
  const text = new Uint8Array(17).fill(97);
  assert.equal(chunkStart(text, cut, 0), 0);
  assert.equal(chunkStart(text, cut, 1), 6);
  for (const continuation of [0x80, 0xbf]) {
    for (let back = 1; back <= 4; back++) {
      text.fill(97);
      text.fill(continuation, 7 - back, 7);
      // A fourth continuation byte is malformed, and stands for itself.
      assert.equal(chunkStart(text, cut, 1), back < 4 ? 6 - back : 6);
    }
  }
  assert.equal(chunkStart(text.fill(0x80), { payload: 9, overlap: 4 }, 1), 2);
  assert.equal(chunkStart(text, { payload: 13, overlap: 0 }, 1), 13);
  // A text that begins with continuation bytes has no head to go back to.
  assert.equal(chunkStart(Uint8Array.of(0x80, 0x80, 0x80, 97), { payload: 9, overlap: 4 }, 1), 2);
});

Deno.test("isChunkStart() accepts every offset that chunkStart() may give, and no other", () => {
  const cut = { payload: 13, overlap: 4 };
  const accepted = (chunk: number, each = cut) =>
    Array.from({ length: 30 }, (_, at) => at - 5).filter((at) => isChunkStart(each, chunk, at));
  assert.deepEqual(accepted(0), [0]);
  assert.deepEqual(accepted(1), [3, 4, 5, 6]);
  assert.deepEqual(accepted(1, { payload: 9, overlap: 4 }), [0, 1, 2]);
  assert.deepEqual(accepted(1, { payload: 13, overlap: 0 }), [13]);
  assert.deepEqual(accepted(2, { payload: 10, overlap: 3 }), [5, 6, 7, 8]);
});

/** A chunk of tokens `id:end`. */
function chunk(from: number, tokens: string): RuleChunk {
  const pairs = tokens.split(" ").map((each) => each.split(":").map(Number));
  return { from, ids: pairs.map(([id]) => id!), ends: pairs.map(([, end]) => end!) };
}

Deno.test("mergeByRule() joins chunks at a token, a run or a position that both have", () => {
  const first = chunk(0, "1:2 2:4 3:6 4:8");
  const second = chunk(3, "9:4 3:6 4:8 5:10");
  assert.deepEqual(mergeByRule("paper", [first, second]), [1, 2, 3, 4, 5]);
  assert.deepEqual(mergeByRule("longest run", [first, second]), [1, 2, 3, 4, 5]);
  assert.deepEqual(mergeByRule("position", [first, second]), [1, 2, 3, 4, 5]);
  // Ids that differ at the same places: a position is enough, an id is not there.
  const other = chunk(3, "7:4 8:6 9:8 5:10");
  assert.deepEqual(mergeByRule("position", [first, other]), [1, 2, 8, 9, 5]);
  assert.deepEqual(mergeByRule("paper", [first, other]), [1, 2, 3, 4, 5]);
  assert.deepEqual(mergeByRule("longest run", [first, other]), [1, 2, 3, 4, 5]);
});

Deno.test("mergeByRule() of the paper's rule takes the last token inside the overlap", () => {
  // 4 occurs behind the first chunk's end alone, so it is not shared.
  assert.deepEqual(mergeByRule("paper", [chunk(0, "1:2 4:4 3:6"), chunk(2, "4:5 3:6 4:9")]), [1, 4, 3, 4]);
  assert.deepEqual(mergeByRule("paper", [chunk(0, "1:2 4:4 6:6"), chunk(2, "4:4 9:6 5:9")]), [1, 4, 9, 5]);
  assert.deepEqual(mergeByRule("paper", [chunk(0, "1:2 4:4 6:6"), chunk(2, "5:4 4:7 5:9")]), [1, 4, 6, 4, 5]);
  // A token that ends where the chunk begins is not inside.
  assert.deepEqual(mergeByRule("paper", [chunk(0, "1:2 2:4 3:6"), chunk(2, "1:4 5:6 7:8")]), [1, 2, 3, 7]);
});

Deno.test("mergeByRule() of the longest run prefers the first of equal runs, inside the overlap alone", () => {
  assert.deepEqual(
    mergeByRule("longest run", [chunk(0, "1:1 2:2 1:3 2:4 3:5"), chunk(0, "1:1 2:2 9:4 7:5 8:6")]),
    [1, 2, 9, 7, 8],
  );
  assert.deepEqual(
    mergeByRule("longest run", [chunk(0, "5:1 1:2 2:3 3:4"), chunk(1, "2:2 1:3 2:4 3:5")]),
    [5, 1, 2, 3],
  );
  // One token is a run.
  assert.deepEqual(mergeByRule("longest run", [chunk(0, "1:2 2:4 5:6"), chunk(1, "2:3 7:5 9:8")]), [
    1,
    2,
    7,
    9,
  ]);
  assert.deepEqual(mergeByRule("longest run", [chunk(0, "1:2"), chunk(2, "3:4 4:6")]), [1, 3, 4]);
});

Deno.test("mergeByRule() appends behind the end where nothing is shared, and drops what is covered", () => {
  for (const rule of ["paper", "longest run", "position"] as const) {
    assert.deepEqual(mergeByRule(rule, []), []);
    assert.deepEqual(mergeByRule(rule, [chunk(0, "1:2")]), [1]);
    assert.deepEqual(mergeByRule(rule, [chunk(0, "1:4"), chunk(1, "2:3 3:5")]), [1, 3]);
    assert.deepEqual(mergeByRule(rule, [chunk(0, "1:4"), chunk(1, "2:2 3:3")]), [1]);
  }
});
