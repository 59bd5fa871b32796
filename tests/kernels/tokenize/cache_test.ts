import fc from "fast-check";
import assert from "node:assert/strict";
import { ChunkCache } from "../../../kernels/tokenize/chunk_cache.ts";
import { CONTENT_CHUNK } from "../../../kernels/tokenize/content_cuts.ts";
import { createCachedEncoder } from "../../../kernels/tokenize/cached_encode.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { refusal } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpus, corpusSlice, hostileText } from "../../support/texts.ts";
import { VOCABULARIES, vocabulary } from "./vocabularies.ts";
import { longTest, sized } from "../../support/long.ts";

for (const name of VOCABULARIES) {
  longTest(
    `a cache of chunks changes no id of ${name}: texts, edited texts, adversarial and hostile ones, twice`,
    async () => {
      const tables = await vocabulary(name);
      const { encode } = createEncoder(tables);
      const cached = createCachedEncoder(new ChunkCache(tables, { bytes: 2 ** 20 }));
      const next = random(name.length);
      const texts: (string | Uint8Array)[] = [
        ...corpusSlice(sized(40_000, 10_000)).map(({ text }) => text),
        ...adversarialTexts().map(({ bytes }) => bytes.subarray(0, 20_000)),
        ...Array.from({ length: 100 }, () => hostileText(next).repeat(6)),
      ];
      for (let round = 0; round < 2; round++) {
        for (const [at, text] of texts.entries()) {
          assert.deepEqual(cached.encode(text), encode(text), `text ${at}`);
          if (typeof text !== "string") continue;
          const edit = next() % text.length;
          const edited = text.slice(0, edit) + hostileText(next).slice(0, 20) +
            text.slice(edit + next() % 30);
          assert.deepEqual(cached.encode(edited), encode(edited), `text ${at}, edited`);
        }
      }
      const { hits, looked, forgotten, held } = cached.cache.stats;
      assert(hits > looked / 10 && held <= 2 ** 20, JSON.stringify(cached.cache.stats));
      assert(forgotten >= 0);
    },
    name !== "bert",
  );
}

Deno.test("a cache of chunks forgets what was used longest ago, and holds no more than it may", async () => {
  const tables = await vocabulary("r50k_base");
  const MOST = 2 ** 17;
  const cache = new ChunkCache(tables, { bytes: MOST });
  const { encode } = createCachedEncoder(cache);
  const [kept, ...others] = corpus().slice(0, 40).map(({ text }) => text.slice(0, 2000));
  encode(kept!);
  for (const other of others) {
    encode(other);
    const before = cache.stats;
    encode(kept!);
    const { bytesHit, held } = cache.stats;
    assert.equal(
      bytesHit - before.bytesHit,
      new TextEncoder().encode(kept).length,
      "what is used often stays",
    );
    assert(held <= MOST);
  }
  assert(cache.stats.forgotten > 50);
});

longTest("chunks are cut by content: an edit changes the chunks around it and no others", async () => {
  const tables = await vocabulary("cl100k_base");
  const { next } = new ChunkCache(tables);
  const utf8 = new TextEncoder();
  const chunksOf = (text: string) => {
    const bytes = utf8.encode(text);
    const chunks: string[] = [];
    for (let from = 0; from < bytes.length;) {
      const { end } = next(bytes, from, bytes.length);
      chunks.push(new TextDecoder().decode(bytes.subarray(from, end)));
      from = end;
    }
    return chunks;
  };
  const text = corpusSlice(60_000).map(({ text }) => text).join("\n");
  const chunks = chunksOf(text);
  assert.equal(chunks.join(""), text);
  const bytes = chunks.slice(0, -1).map((chunk) => utf8.encode(chunk).length);
  assert(bytes.every((length) => length >= CONTENT_CHUNK.least));
  const mean = bytes.reduce((sum, length) => sum + length, 0) / bytes.length;
  assert(mean > 200 && mean < 1500, `a chunk has ${mean} bytes in the mean`);
  fc.assert(
    fc.property(fc.nat(text.length - 100), fc.nat(40), fc.string({ maxLength: 20 }), (at, gone, put) => {
      const edited = chunksOf((text.slice(0, at) + put + text.slice(at + gone)).toWellFormed());
      const old = new Map<string, number>();
      for (const chunk of chunks) old.set(chunk, (old.get(chunk) ?? 0) + 1);
      const fresh = edited.filter((chunk) => !old.has(chunk));
      assert(fresh.length <= 8, `${fresh.length} of ${edited.length} chunks are new`);
    }),
    { numRuns: 100 },
  );
});

Deno.test("a cache of chunks wants places where a cut changes nothing, and some memory", async () => {
  const tables = await vocabulary("r50k_base");
  assert.throws(() => new ChunkCache(tables, { bytes: 5 }), refusal("size"));
  const pieces = {
    ...tables.pieces!,
    accept: tables.pieces!.accept.map(() => -1),
    final: new Uint8Array(tables.pieces!.states),
  };
  assert.throws(() => new ChunkCache({ ...tables, pieces }), refusal("pipeline", /certain to end a piece/));
});
