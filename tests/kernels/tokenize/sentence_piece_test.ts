import fc from "fast-check";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import {
  MAX_SENTENCE_PIECE_BYTES,
  readSentencePiece,
} from "../../../kernels/tokenize/formats/sentence_piece.ts";
import { plainTokenizer } from "../../../kernels/tokenize/reference.ts";
import { createTokenizer } from "../../../kernels/tokenize/tokenizer/tokenizer.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { longTest } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { corpus, hostileText } from "../../support/texts.ts";
import { goldenIds, modelFile, MODELS } from "./unigram_files.ts";

for (const name of MODELS) {
  Deno.test(`readSentencePiece() gives the ids of SentencePiece: ${name}`, async () => {
    const source = await readSentencePiece(modelFile(name), name);
    const vocabulary = await compileVocabulary(source);
    const encoder = createEncoder(vocabulary);
    const plain = plainTokenizer(source);
    const { texts, ids } = goldenIds();
    texts.forEach((text, at) => {
      assert.deepEqual(Array.from(encoder.encode(text)), ids[name][at], JSON.stringify(text));
      assert.deepEqual(plain(text), ids[name][at], JSON.stringify(text));
    });
    assert(texts.length > 90);
    const tokenizer = createTokenizer(vocabulary);
    assert.equal(tokenizer.decode(tokenizer.encode("Hello, world.")), "Hello, world.");
  });
}

/** Encodes texts with the Python package of Debian. */
const PYTHON = `
import json, sys, sentencepiece
model, texts = json.load(open(sys.argv[1]))
processor = sentencepiece.SentencePieceProcessor(model_proto=bytes.fromhex(model))
print(json.dumps([processor.encode(text) for text in texts]))
`;

function hasSentencePiece(): boolean {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import sentencepiece"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

longTest(
  "readSentencePiece() gives the ids of Debian's SentencePiece: 10 MB, 20,000 hostile texts",
  async () => {
    if (!hasSentencePiece()) return console.log("    skipped: python3-sentencepiece is not installed");
    const next = random(3);
    const all = [
      ...corpus().map(({ text }) => text),
      ...Array.from({ length: 20_000 }, () => hostileText(next).toWellFormed()),
    ];
    // SentencePiece takes a NUL as the end of a key, and a map could differ behind it.
    const texts = all.map((text) => text.replaceAll("\0", ""));
    for (const name of MODELS) {
      const file = await Deno.makeTempFile();
      try {
        const model = Array.from(modelFile(name), (byte) => byte.toString(16).padStart(2, "0")).join("");
        await Deno.writeTextFile(file, JSON.stringify([model, texts]));
        const output = execFileSync("/usr/bin/python3", ["-c", PYTHON, file], { maxBuffer: 2 ** 30 });
        const expected = JSON.parse(output.toString()) as number[][];
        const encoder = createEncoder(
          await compileVocabulary(await readSentencePiece(modelFile(name), name)),
        );
        const wrong = texts.filter((text, at) => encoder.encode(text).join() !== expected[at]!.join());
        assert.deepEqual(
          wrong.slice(0, 3).map((text) => text.slice(0, 80)),
          [],
          `${wrong.length} of ${texts.length}`,
        );
      } finally {
        await Deno.remove(file);
      }
    }
  },
);

/** A field of a protobuf message. */
function field(number: number, wire: number, bytes: readonly number[]): number[] {
  const tag = number * 8 + wire;
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)];
  return [...varint(tag), ...wire === 2 ? varint(bytes.length) : [], ...bytes];
}

const text = (words: string) => [...new TextEncoder().encode(words)];

/** A piece, without a score. */
const piece = (words: string, type: number) =>
  field(1, 2, [...field(1, 2, text(words)), ...field(3, 0, [type])]);

Deno.test("readSentencePiece() refuses what it does not reproduce, by name", async () => {
  const small = [piece("<unk>", 2), piece("a", 1)].flat();
  const trainer = (...fields: number[][]) => field(2, 2, fields.flat());
  const cases: [number[], RegExp][] = [
    [[], /it has no pieces/],
    [[...small, ...trainer(field(3, 0, [3]))], /model type 3/],
    [[...small, ...trainer(field(3, 0, [2]))], /BPE without byte fallback/],
    [[...small, ...trainer(field(3, 0, [2]), field(35, 0, [1]))], /byte 0 has no piece/],
    [[...small, ...trainer(field(24, 0, [1]))], /white space as a suffix/],
    [[...small, ...field(3, 2, field(5, 0, [0]))], /white space that is not escaped/],
    [[...small, ...piece("x", 4)], /a user-defined piece/],
    [[...small, ...piece("x", 5)], /an unused piece/],
    [[...small, ...piece("x", 6)], /a byte piece without a byte/],
    [[...small, ...piece("x", 9)], /a piece of an unknown type/],
    [piece("a", 1), /other than one unknown piece/],
    [[...small, ...piece("", 1)], /an empty piece/],
    [[...small, ...field(1, 2, [255])], /breaks off or is malformed/],
    [[...small, 10, 255], /breaks off or is malformed/],
    [[...small, 11], /breaks off or is malformed/],
  ];
  for (const [bytes, message] of cases) {
    await assert.rejects(readSentencePiece(Uint8Array.from(bytes), "mine"), refusal("file", message));
  }
  await assert.rejects(
    readSentencePiece("a" as unknown as Uint8Array, "mine"),
    refusal("file", /expected a Uint8Array/),
  );
  const long = new Uint8Array(MAX_SENTENCE_PIECE_BYTES + 1);
  await assert.rejects(readSentencePiece(long, "mine"), refusal("size", /expected at most 67108864/));
  const vocabulary = await compileVocabulary(await readSentencePiece(Uint8Array.from(small), "mine"));
  assert.deepEqual([...createEncoder(vocabulary).encode("aab")], [0, 1, 1, 0]);
});

Deno.test("readSentencePiece() reads any change of a file, or refuses it by the project's error", async () => {
  const file = modelFile("bpe");
  let read = 0, refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), async (at, byte, end) => {
      const copy = file.slice(0, Math.max(end, file.length - 2000));
      if (at < copy.length) copy[at] = byte;
      try {
        await readSentencePiece(copy, "changed");
        read++;
      } catch (error) {
        assert(error instanceof OnpathError, String(error));
        refused++;
      }
    }),
    { numRuns: 30 },
  );
  assert(refused > 0 && read + refused === 30, `${read} read, ${refused} refused`);
});
