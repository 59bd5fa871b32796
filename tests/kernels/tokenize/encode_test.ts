import assert from "node:assert/strict";
import fc from "fast-check";
import { Compatibility } from "../../../kernels/tokenize/compatible.ts";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeBytes } from "../../../kernels/tokenize/detokenize.ts";
import { engineTables } from "../../../kernels/tokenize/tables.ts";
import { readTiktoken } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { TextFlow, WINDOW } from "../../../kernels/tokenize/flow.ts";
import { adversarialTexts, corpusSlice, hostileText } from "../../support/texts.ts";
import { random } from "../../support/random.ts";
import { peerOf } from "./peers.ts";
import { VOCABULARIES, vocabulary } from "./vocabularies.ts";
import { longTest, sized } from "../../support/long.ts";

/** Payloads that texts are cut into. */
const PAYLOADS = [1, 7, 32, 256, 1344];

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

for (const name of VOCABULARIES) {
  longTest(
    `createEncoder() of ${name} gives the ids of its peer: texts, adversarial cases, hostile strings, cut anywhere`,
    async () => {
      const encoder = createEncoder(await vocabulary(name));
      const next = random(name.length);
      const texts = [
        ...corpusSlice(sized(12_000, 6000)).map(({ text }) => text),
        ...adversarialTexts().map(({ bytes }) => decode(bytes.subarray(0, sized(12_000, 3000)))),
        ...Array.from({ length: sized(400, 100) }, () => hostileText(next)),
      ].map((text) => text.toWellFormed());
      const peer = await peerOf(name);
      const utf8 = new TextEncoder();
      try {
        const expected = await peer.encode(texts);
        for (const [at, text] of texts.entries()) {
          const ids = encoder.encode(text);
          assert.deepEqual(Array.from(ids), expected[at], `text ${at}: ${JSON.stringify(text.slice(0, 80))}`);
          const bytes = utf8.encode(text);
          const payload = PAYLOADS[at % PAYLOADS.length]!;
          const stream = encoder.stream();
          const parts: number[] = [];
          for (let from = 0; from < bytes.length; from += payload) {
            parts.push(...stream.push(bytes.subarray(from, from + payload)));
          }
          parts.push(...stream.end());
          assert.deepEqual(parts, expected[at], `text ${at} in parts of ${payload}`);
        }
      } finally {
        peer.close();
      }
    },
    !["cl100k_base", "bert"].includes(name),
  );
}

Deno.test("createEncoder() takes any bytes as a decoder of UTF-8 would", async () => {
  const encoder = createEncoder(await vocabulary("cl100k_base"));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 255 }),
          fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0),
        ),
        {
          maxLength: 60,
        },
      ),
      fc.integer({ min: 1, max: 9 }),
      (numbers, payload) => {
        const bytes = Uint8Array.from(numbers);
        const expected = encoder.encode(decoder.decode(bytes));
        assert.deepEqual(encoder.encode(bytes), expected);
        const stream = encoder.stream();
        const parts: number[] = [];
        for (let at = 0; at < bytes.length; at += payload) {
          parts.push(...stream.push(bytes.subarray(at, at + payload)));
        }
        parts.push(...stream.end());
        assert.deepEqual(parts, Array.from(expected));
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("createEncoder() matches the special tokens that are allowed, wherever the text is cut", async () => {
  const tables = await vocabulary("cl100k_base");
  const { Tiktoken } = await import("tiktoken");
  const { readFileSync } = await import("node:fs");
  const path = new URL("../../../node_modules/tiktoken/encoders/cl100k_base.json", import.meta.url);
  const { bpe_ranks, special_tokens, pat_str } = JSON.parse(readFileSync(path, "utf8"));
  const peer = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  const encoder = createEncoder(tables, { special: "all" });
  const part = fc.constantFrom(
    "<|endoftext|>",
    "<|endof",
    "text|>",
    "<|fim_prefix|>",
    "<",
    "|",
    " hello",
    "\n\n ",
    "7 ",
    "<|endoftext|",
  );
  try {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), (parts, payload) => {
        const text = parts.join("");
        const expected = Array.from(peer.encode(text, "all"));
        assert.deepEqual(Array.from(encoder.encode(text)), expected);
        const bytes = new TextEncoder().encode(text);
        const stream = encoder.stream();
        const ids: number[] = [];
        for (let at = 0; at < bytes.length; at += payload) {
          ids.push(...stream.push(bytes.subarray(at, at + payload)));
        }
        ids.push(...stream.end());
        assert.deepEqual(ids, expected);
      }),
      { numRuns: 500 },
    );
  } finally {
    peer.free();
  }
  assert.throws(() => createEncoder(tables, { special: ["<|nothing|>"] }), /Cannot allow special token/);
});

longTest(
  "TextFlow counts no more than 20 times the lookups of mixed text, a byte, whatever the text",
  async () => {
    for (const name of ["cl100k_base", "o200k_base"] as const) {
      const tables = await vocabulary(name);
      const perByte = (text: string) => {
        const encoder = createEncoder(tables);
        encoder.encode(text);
        const { automaton, pairs, points } = encoder.lookups();
        return (automaton + pairs + points) / text.length;
      };
      const mixed = perByte(corpusSlice(60_000).map(({ text }) => text).join("\n"));
      const hard = {
        spaces: " ".repeat(100_000),
        "one letter": "a".repeat(100_000),
        digits: "1234567890".repeat(10_000),
        newlines: "\n".repeat(100_000),
        "spaces and newlines": "\n    ".repeat(20_000),
        base64: Array.from(
          { length: 100_000 },
          (_, at) =>
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(at * at * 31 + at) % 61],
        ).join(""),
      };
      for (const [what, text] of Object.entries(hard)) {
        assert(
          perByte(text) <= 20 * mixed,
          `${name}, ${what}: ${perByte(text)} lookups a byte, mixed text ${mixed}`,
        );
      }
    }
  },
);

Deno.test("TextFlow with a window gives what is right until it escapes by name, and holds no more than the window", async () => {
  const tables = await vocabulary("cl100k_base");
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const flow = new TextFlow(engineTables(tables), counts, new Compatibility(tables.bpe!));
  const text = new TextEncoder().encode("A word before. \n" + " ".repeat(600) + "\n after");
  for (let at = 0; at < text.length; at++) {
    flow.take(text, at, at + 1);
    assert(flow.held < WINDOW);
  }
  assert.equal(flow.escape, 2);
  const ids = Array.from(flow.list.tokens.subarray(0, flow.list.count), (token) => token >> 1);
  const whole = Array.from(createEncoder(tables).encode(text));
  assert.deepEqual(ids, whole.slice(0, ids.length));
  assert.deepEqual(
    decodeBytes(tables, ids),
    text.subarray(0, flow.list.lengths.subarray(0, flow.list.count).reduce((sum, length) => sum + length, 0)),
  );
});

Deno.test("createEncoder() sees code points again whose piece is final, and comes to an end", async () => {
  const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join(
    "\n",
  );
  const pattern = "xyz|x(?=y)|[^x]|x";
  const vocabulary = await compileVocabulary(readTiktoken(ranks, "again", { pattern, special: {} }));
  const { encode } = createEncoder(vocabulary);
  for (const text of ["xyw", "axywxyz", "xyxyxyw"]) {
    assert.deepEqual([...encode(text)], [...new TextEncoder().encode(text)]);
  }
});
