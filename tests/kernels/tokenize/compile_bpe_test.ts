import fc from "fast-check";
import assert from "node:assert/strict";
import { type BpeSource, compileBpe } from "../../../kernels/tokenize/compile/bpe.ts";
import { byteStrings } from "../../../kernels/tokenize/compile/strings.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { plainBpe } from "../../../kernels/tokenize/reference_models.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import type { VocabularyProgress } from "../../../kernels/tokenize/compile/progress.ts";
import { refusal } from "../../support/failure.ts";
import { vocabulary, vocabularySource } from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";
import { random } from "../../support/random.ts";
import { longTest, sized } from "../../support/long.ts";

const UTF8 = new TextEncoder();
const BYTES = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

/** A vocabulary of all bytes and some texts, any two tokens merging that make one. */
function ranked(texts: readonly string[], wholeFirst = true): BpeSource {
  const tokens = [...BYTES, ...texts.map((text) => UTF8.encode(text))];
  return {
    strings: byteStrings(tokens),
    ids: Int32Array.from(tokens.keys()),
    merges: "ranks",
    units: "bytes",
    wholeFirst,
  };
}

/** A vocabulary that is nothing but its BPE, all of a text being one piece. */
async function alone(source: BpeSource): Promise<Vocabulary> {
  return {
    name: "test",
    checksum: 0,
    algorithm: "bpe",
    idLimit: 2 ** 20,
    bytes: new Uint8Array(0),
    offsets: new Uint32Array(1),
    decoding: { kind: "bytes", leadingSpaces: 0 },
    normalization: [],
    pieces: null,
    bpe: await compileBpe(source),
    wordPiece: null,
    special: [],
    around: { before: [], after: [] },
  };
}

const anyText = (letters: string) =>
  fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 40 }).map((all) => all.join(""));

/** Tokens in any order of ranks: parts may come after what they make, and some are never made. */
const anyTokens = fc.uniqueArray(
  fc.array(fc.constantFrom(..."abc"), { minLength: 2, maxLength: 6 }).map((all) => all.join("")),
  { minLength: 1, maxLength: 24 },
);

Deno.test("compileBpe() gives what merging gives for any ranks, or refuses them by name", async () => {
  let compiled = 0;
  await fc.assert(
    fc.asyncProperty(
      anyTokens,
      fc.array(anyText("abc"), { minLength: 8, maxLength: 8 }),
      async (tokens, texts) => {
        const source = ranked(tokens);
        let tables;
        try {
          tables = await alone(source);
        } catch (error) {
          refusal("table", /ranked below their parts/)(error);
          return;
        }
        compiled++;
        const plain = plainBpe(source);
        // Pieces this short are searched by the engine, not walked.
        const encoder = createEncoder(tables);
        for (const text of [...texts, ...tokens]) {
          const expected = plain(text);
          assert.deepEqual(walkTokens(tables, text), expected, text);
          assert.deepEqual(Array.from(encoder.encode(text)), expected, text);
        }
      },
    ),
    { numRuns: sized(400, 120) },
  );
  assert(compiled > sized(100, 25), `only ${compiled} compiled`);
});

Deno.test("compileBpe() gives what merging gives for merges that make a token in several ways", async () => {
  // As SentencePiece's converted vocabularies: every split of every token, in an order of the tokens' own.
  await fc.assert(
    fc.asyncProperty(
      anyTokens,
      fc.array(anyText("abc"), { minLength: 8, maxLength: 8 }),
      async (texts, samples) => {
        const tokens = [...BYTES, ...texts.map((text) => UTF8.encode(text))];
        const place = new Map(tokens.map((token, i) => [new TextDecoder("latin1").decode(token), i]));
        const merges: [number, number, number][] = [];
        for (const text of texts) {
          for (let cut = 1; cut < text.length; cut++) {
            const [left, right] = [place.get(text.slice(0, cut)), place.get(text.slice(cut))];
            if (left !== undefined && right !== undefined) merges.push([left, right, place.get(text)!]);
          }
        }
        const source: BpeSource = {
          ...ranked(texts, false),
          merges: {
            left: Int32Array.from(merges, ([left]) => left),
            right: Int32Array.from(merges, ([, right]) => right),
            made: Int32Array.from(merges, ([, , made]) => made),
          },
        };
        let tables;
        try {
          tables = await alone(source);
        } catch (error) {
          refusal("table", /ranked below their parts/)(error);
          return;
        }
        const plain = plainBpe(source);
        const encoder = createEncoder(tables);
        for (const text of samples) {
          const expected = plain(text);
          assert.deepEqual(walkTokens(tables, text), expected, text);
          assert.deepEqual(Array.from(encoder.encode(text)), expected, text);
        }
      },
    ),
    { numRuns: sized(300, 100) },
  );
});

longTest("compileBpe() orders merges that Llama 3 ranks below their parts", async () => {
  const source = vocabularySource("llama3");
  assert(source.model.algorithm === "bpe");
  const { bpe } = source.model;
  const plain = plainBpe(bpe);
  const compiled = await vocabulary("llama3");
  const tables = compiled.bpe!;
  assert.equal(tables.wholeFirst, true);
  const text = new TextDecoder();
  // Tokens put together at random: their seams are where orders of merges could differ.
  const next = random(3);
  const late = Int32Array.from(tables.ids).filter((id) => id >= 100_256);
  for (let i = 0; i < 4000; i++) {
    const ids = Array.from({ length: 2 + next() % 3 }, () => late[next() % late.length]!);
    const joined = ids.map((id) =>
      text.decode(compiled.bytes.subarray(compiled.offsets[id], compiled.offsets[id + 1]))
    );
    const piece = joined.join("");
    assert.deepEqual(walkTokens({ ...compiled, pieces: null }, piece), plain(piece), JSON.stringify(joined));
  }
});

Deno.test("compileBpe() numbers tokens in the order of their making, the same way each time", async () => {
  const source = ranked(["ab", "bc", "abc", "cab"]);
  const once = await compileBpe(source);
  assert.deepEqual(await compileBpe(source), once);
  assert.equal(once.tokens, 260);
  assert.equal(once.longestToken, 3);
  assert.deepEqual(Array.from(once.ranks.subarray(255)), [-1, 0, 1, 2, 3]);
  assert.equal(once.wholeFirst, false, "every token is what merges make of it");
});

Deno.test("compileBpe() leaves out what merges cannot make, unless a whole piece can be it", async () => {
  const merges = { left: Int32Array.of(97), right: Int32Array.of(98), made: Int32Array.of(256) };
  const source = { ...ranked(["ab", "xyz"]), merges };
  const whole = await compileBpe(source);
  assert.equal(whole.tokens, 258);
  assert.equal(whole.wholeFirst, true);
  const merged = await compileBpe({ ...source, wholeFirst: false });
  assert.equal(merged.tokens, 257);
  assert.equal(merged.ids.includes(257), false);
});

Deno.test("compileBpe() says how far it is and ends when it is told to", async () => {
  const source = ranked(Array.from({ length: 2000 }, (_, i) => i.toString(36).padStart(4, "_")));
  const steps: VocabularyProgress[] = [];
  await compileBpe(source, { onProgress: (step) => steps.push(step) });
  assert.deepEqual([...new Set(steps.map(({ stage }) => stage))], ["pairs", "merges"]);
  for (const { done, total } of steps) assert(done <= total);
  assert.equal(steps.at(-1)!.done, steps.at(-1)!.total);
  const abort = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    compileBpe(source, {
      signal: abort.signal,
      onProgress: ({ stage }) => stage === "merges" && abort.abort(reason),
    }),
    reason,
  );
});

Deno.test("compileBpe() refuses vocabularies that contradict themselves, by name", async () => {
  const source = ranked(["ab"]);
  await assert.rejects(
    compileBpe(ranked(["ab", "ab"])),
    refusal("table", /tokens 256 and 257 have the same bytes/),
  );
  await assert.rejects(compileBpe(ranked([""])), refusal("table", /token 256 is empty/));
  await assert.rejects(
    compileBpe({ ...source, strings: byteStrings(BYTES.slice(1)), ids: source.ids.slice(2) }),
    refusal("table", /byte 0x00 has no token/),
  );
  await assert.rejects(
    compileBpe({ ...source, ids: source.ids.slice(1) }),
    refusal("table", /257 tokens and 256 ids/),
  );
  await assert.rejects(compileBpe(ranked(["a".repeat(5000)])), refusal("size", /has 5000 bytes/));
  await assert.rejects(
    compileBpe({
      ...source,
      merges: { left: Int32Array.of(97), right: Int32Array.of(500), made: Int32Array.of(256) },
    }),
    refusal("table", /merge 0 names an unknown token/),
  );
  await assert.rejects(
    compileBpe({
      ...source,
      merges: { left: Int32Array.of(97, 97), right: Int32Array.of(98, 98), made: Int32Array.of(256, 256) },
    }),
    refusal("table", /merges 0 and 1 have the same pair/),
  );
  await assert.rejects(
    compileBpe({ ...source, units: "characters" }),
    refusal("table", /fallback token for each of the 256 bytes/),
  );
});
