import assert from "node:assert/strict";
import { random } from "../support/random.ts";
import {
  agrees,
  interleave,
  loadText,
  newMet,
  openTokenizer,
  TEXT_LONGEST,
  textPackets,
} from "./text_packets.ts";
import { trainedVocabulary, vocabularyOf, wordPieces } from "./text_vocabularies.ts";
import { sized } from "../support/long.ts";

const tokenizer = await openTokenizer();
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Words of letters, each of a given length and behind a space. */
function words(lengths: readonly number[], letters: string, next: () => number): string {
  return lengths.map((length) =>
    ` ${Array.from({ length: length - 1 }, () => letters[next() % letters.length]).join("")}`
  ).join("");
}

/** Lengths at both sides of those where a piece leaves the table and the search, and of the early tokens' interval. */
const LENGTHS = [2, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 95, 96, 97, 126, 127, 128, 129, 130, 160, 300];

Deno.test("RTL tokenizer: pieces of all lengths, and packets that end within them", async () => {
  const rules = loadText(tokenizer, await trainedVocabulary());
  const next = random(7);
  for (const size of sized([61, 64, 96, 128, 131, TEXT_LONGEST], [61, 128, TEXT_LONGEST])) {
    const texts = Array.from({ length: 8 }, () => {
      const lengths = Array.from({ length: sized(40, 16) }, () => LENGTHS[next() % LENGTHS.length]!);
      return words(lengths, "etaoinshrdlu", next);
    });
    agrees(tokenizer, rules, interleave(texts.map((text, flow) => textPackets(utf8(text), size, flow))));
  }
});

Deno.test("RTL tokenizer: a full window of a piece that is not walked before", async () => {
  const rules = loadText(tokenizer, await trainedVocabulary());
  // White space is undecided until its end, as its last code point may belong to the next piece.
  const lengths = sized([60, 64, 100, 127, 128, 200, 490, 500, 508, 511, 512, 520, 600], [
    127,
    500,
    511,
    520,
  ]);
  const texts = lengths.flatMap((length) => [
    `a${" ".repeat(length)}b`,
    `a${"\u3000".repeat(Math.ceil(length / 3))}b`,
    `${"e".repeat(Math.min(length, 120))}${"\u00e9".repeat(Math.ceil(length / 2))} b`,
    `${"e".repeat(100)}${"\u{1d4d0}".repeat(Math.ceil(length / 4))} b`,
  ]);
  for (const size of sized([100, TEXT_LONGEST], [100])) {
    agrees(tokenizer, rules, texts.flatMap((text, flow) => textPackets(utf8(text), size, flow)));
  }
});

Deno.test("RTL tokenizer: random merges of few letters, which lead into dead ends", async () => {
  const met = newMet();
  for (let seed = 1; seed <= sized(12, 2); seed++) {
    const next = random(seed);
    const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
    const pool = [..." abc"];
    while (pool.length < 60) {
      const token = pool[next() % pool.length]! + pool[next() % pool.length]!;
      if (token.length <= 14 && !pool.includes(token)) pool.push(token);
    }
    tokens.push(...pool.slice(4));
    const bytes = tokens.map((token) => Uint8Array.from(token, (char) => char.charCodeAt(0)));
    const rules = loadText(tokenizer, await vocabularyOf(`random ${seed}`, bytes, wordPieces()), {
      minCycles: 1 + next() % 9,
    });
    const texts = Array.from(
      { length: 8 },
      () => words(Array.from({ length: 30 }, () => 2 + next() % 126), "abc", next),
    );
    agrees(
      tokenizer,
      rules,
      interleave(texts.map((text, flow) => textPackets(utf8(text), 600, flow))),
      {},
      met,
    );
  }
  assert(met.tokens > 1000, `only ${met.tokens} tokens`);
});

Deno.test("RTL tokenizer: short pieces of one flow are searched at once", async () => {
  const trained = await trainedVocabulary();
  // Words that are no token: each needs the search, and each search waits for memory.
  const text = utf8(words(Array.from({ length: 60 }, (_, n) => 6 + n % 5), "qxzjkvw", random(3)));
  const cycles = [4, 64].map((minCycles) => {
    tokenizer.card.reset();
    agrees(tokenizer, loadText(tokenizer, trained, { minCycles }), textPackets(text, TEXT_LONGEST));
    const { misses } = tokenizer.lookups();
    return { cycles: tokenizer.card.counters().cycles, misses };
  });
  const [near, far] = cycles as [typeof cycles[0], typeof cycles[0]];
  // One after another, each word from memory would take 60 cycles more.
  assert(far.misses > 50, `only ${far.misses} words from memory`);
  assert(far.cycles - near.cycles < 60 * far.misses / 2, `${far.cycles} cycles and ${near.cycles}`);
});
