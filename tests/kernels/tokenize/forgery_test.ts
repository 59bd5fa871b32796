import fc from "fast-check";
import assert from "node:assert/strict";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { others, resealed, tiny } from "./small_vocabularies.ts";
import { unigramJson } from "./unigram_files.ts";
import { longTest } from "../../support/long.ts";

type Numbers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
type Part = "pieces" | "bpe" | "wordPiece" | "unigram";

/** A change of the decoded tables: an array by its number, where it is, and what becomes of the numbers there. */
interface Change {
  readonly array: number;
  readonly at: number;
  readonly count: number;
  readonly from: number;
  readonly value: number;
}

const TEXTS = ["a", "abc ab é漢 zzzz", " a\n\n  b", "\u{1F600}bcab", "a".repeat(200), `${"bc".repeat(90)} `];

/** All arrays of a vocabulary's tables, with a copy of the vocabulary that holds them. */
function opened(vocabulary: Vocabulary): { copy: Vocabulary; arrays: Numbers[] } {
  const copy = structuredClone(vocabulary);
  const arrays = (["pieces", "bpe", "wordPiece", "unigram"] as Part[]).flatMap((part) =>
    Object.values(copy[part] ?? {}).filter((field) =>
      ArrayBuffer.isView(field) && (field as Numbers).length > 0
    )
  );
  return { copy, arrays: arrays as Numbers[] };
}

/** Sets numbers of an array: to a value that stands elsewhere in it, or one more or less than there. */
function apply(arrays: Numbers[], { array, at, count, from, value }: Change): void {
  const numbers = arrays[array % arrays.length]!;
  const place = at % numbers.length;
  const set = numbers[from % numbers.length]! + value;
  numbers.fill(set, place, Math.min(numbers.length, place + count));
}

/** Whether a file is accepted; then every text is encoded, or refused by the project's own error. */
function accepts(file: Uint8Array): boolean {
  let read;
  try {
    read = decodeVocabulary(file);
  } catch (error) {
    refusal("file")(error);
    return false;
  }
  try {
    const encoder = createEncoder(read);
    for (const text of TEXTS) encoder.encode(text);
    const stream = encoder.stream();
    for (const text of TEXTS) stream.push(text);
    stream.end();
  } catch (error) {
    if (!(error instanceof OnpathError)) throw error;
    assert.match(error.message, /a piece gives back \d+ code points/);
  }
  return true;
}

/** The file of a changed vocabulary, or null where it cannot be written. */
function forged(vocabulary: Vocabulary, changes: readonly Change[]): Uint8Array | null {
  const { copy, arrays } = opened(vocabulary);
  for (const change of changes) apply(arrays, change);
  try {
    return encodeVocabulary(copy);
  } catch (error) {
    // The writer follows parents, and a forged circle of them has no end.
    if (error instanceof OnpathError || error instanceof RangeError) return null;
    throw error;
  }
}

const change = fc.record({
  array: fc.nat(31),
  at: fc.nat(2 ** 20),
  count: fc.constantFrom(1, 1, 1, 2, 7, 300),
  from: fc.nat(2 ** 20),
  value: fc.constantFrom(0, 0, 0, 1, -1),
});

longTest(
  "decodeVocabulary() refuses a forged file, or createEncoder() encodes every text with it",
  async () => {
    const unigram = await compileVocabulary(readTokenizerJson(unigramJson("xlm-r", true), "unigram"));
    let accepted = 0, refused = 0;
    for (const vocabulary of [await tiny(), ...await others(), unigram]) {
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
          const file = forged(vocabulary, changes);
          if (file === null) return;
          if (accepts(file)) accepted++;
          else refused++;
        }),
        { numRuns: 250, seed: 1 },
      );
    }
    assert(
      accepted > 10 && refused > 10,
      `${accepted} accepted and ${refused} refused: one side is not tested`,
    );
  },
);

Deno.test("decodeVocabulary() refuses an automaton of pieces that dies before the first piece ends", async () => {
  const { copy } = opened(await tiny());
  const { transitions, classes, accept } = copy.pieces!;
  transitions.fill(0, 0, classes - 1);
  accept[0] = -1;
  assert.throws(
    () => decodeVocabulary(encodeVocabulary(copy)),
    refusal("file", /before its first piece ends/),
  );
});

Deno.test("decodeVocabulary() refuses an automaton of pieces that gives back all it has taken", async () => {
  const { copy } = opened(await tiny());
  const { transitions, accept, start, classes } = copy.pieces!;
  const state = transitions[start * classes]!;
  accept[state] = 0;
  decodeVocabulary(encodeVocabulary(copy));
  accept[state] = 1;
  assert.throws(
    () => decodeVocabulary(encodeVocabulary(copy)),
    refusal("file", /gives back 1 of 1 code points/),
  );
});

Deno.test("decodeVocabulary() refuses a code point of the class that is the end of the text", async () => {
  const { copy } = opened(await tiny());
  copy.pieces!.classOf[97] = copy.pieces!.classes - 1;
  assert.throws(
    () => decodeVocabulary(encodeVocabulary(copy)),
    refusal("file", /classOf contains \d+, expected at most/),
  );
});

/** The cell of a token. */
function cellOf({ bpe }: Vocabulary, text: string): number {
  let cell = 0;
  for (const byte of new TextEncoder().encode(text)) cell = bpe!.base[cell]! + byte;
  return cell;
}

Deno.test("decodeVocabulary() refuses a failure link to an equally long, a longer and a too short path", async () => {
  const vocabulary = await tiny();
  for (
    const [from, to] of [["ab", "bc"], ["bc", "ab"], ["ab", "abc"], ["abc", "c"], ["abc", ""], [
      "ab",
      "a",
    ]] as const
  ) {
    const { copy } = opened(vocabulary);
    copy.bpe!.fail[cellOf(copy, from)] = cellOf(copy, to);
    assert.throws(
      () => decodeVocabulary(encodeVocabulary(copy)),
      refusal("file", /the failure link of cell/),
    );
  }
});

Deno.test("decodeVocabulary() refuses an id that is two tokens", async () => {
  const [characters, words] = await others();
  for (const vocabulary of [await tiny(), characters!]) {
    const { copy } = opened(vocabulary);
    copy.bpe!.ids[copy.bpe!.tokens - 1] = copy.bpe!.ids[copy.bpe!.tokens - 2]!;
    assert.throws(() => decodeVocabulary(encodeVocabulary(copy)), refusal("file", /two tokens have the id/));
  }
  const { copy } = opened(words!);
  const cells = [...copy.wordPiece!.whole.keys()].filter((cell) => copy.wordPiece!.whole[cell]! >= 0);
  copy.wordPiece!.whole[cells[0]!] = copy.wordPiece!.whole[cells[1]!]!;
  assert.throws(() => decodeVocabulary(encodeVocabulary(copy)), refusal("file", /two tokens have the id/));
});

Deno.test("decodeVocabulary() refuses a token whose parts have other bytes, and one that is never made", async () => {
  const vocabulary = await tiny();
  const token = (text: string) => vocabulary.bpe!.whole[cellOf(vocabulary, text)]!;
  const forgery = (change: (copy: Vocabulary) => void) => {
    const { copy } = opened(vocabulary);
    change(copy);
    return () => decodeVocabulary(encodeVocabulary(copy));
  };
  const ab = token("ab"), abc = token("abc");
  assert.throws(
    forgery(({ bpe }) => bpe!.left[ab] = token("c")),
    refusal("file", /does not consist of/),
  );
  // "a" and "bc" have the bytes of "abc", but "ab" merges before.
  assert.throws(
    forgery(({ bpe }) => (bpe!.left[abc] = token("a"), bpe!.right[abc] = token("bc"))),
    refusal("file", /another merge comes first/),
  );
});

Deno.test("createEncoder() names tables that give no token or no piece, and comes to an end", async () => {
  const vocabulary = await tiny();
  const tokens = opened(vocabulary).copy;
  tokens.bpe!.longest.fill(-1);
  tokens.bpe!.whole.fill(-1);
  assert.throws(() => createEncoder(tokens).encode("abc"), refusal("table", /a prefix has no last token/));
  const bytes = opened(vocabulary).copy;
  bytes.bpe!.check.fill(-1);
  assert.throws(() => createEncoder(bytes).encode("abc"), refusal("table", /a byte has no path/));
  const pieces = opened(vocabulary).copy;
  pieces.pieces!.transitions.fill(0, 0, pieces.pieces!.classes - 1);
  pieces.pieces!.accept[0] = -1;
  assert.throws(() => createEncoder(pieces).encode("a"), refusal("table", /a piece has no bytes/));
});

/** A file with another head. */
function withHead(file: Uint8Array, head: Uint8Array): Uint8Array {
  const body = file.subarray(20 + new DataView(file.buffer, file.byteOffset).getUint32(16, true));
  const out = new Uint8Array(20 + head.length + body.length);
  out.set(file.subarray(0, 16));
  new DataView(out.buffer).setUint32(16, head.length, true);
  out.set(head, 20);
  out.set(body, 20 + head.length);
  return resealed(out);
}

Deno.test("decodeVocabulary() refuses a head of nested lists that announce 33,000,000 items each", async () => {
  const file = encodeVocabulary(await tiny());
  const list = [0xdd, 0x01, 0xf7, 0x8a, 0x40];
  for (const depth of [1, 7, 40]) {
    const head = Uint8Array.from({ length: depth * 5 }, (_, at) => list[at % 5]!);
    assert.throws(
      () => decodeVocabulary(withHead(file, head)),
      refusal("file", /33000000 items announced/),
    );
  }
});

Deno.test("decodeVocabulary() refuses arrays that the head announces and that do not follow", async () => {
  const { cells, ...sizes } = { cells: 2 ** 22, states: 16384, classes: 256 };
  const { copy } = opened(await tiny());
  const huge = { ...copy, bpe: { ...copy.bpe!, check: new Int32Array(cells) } };
  const body = encodeVocabulary(huge);
  const end = 20 + new DataView(body.buffer).getUint32(16, true);
  for (const length of [0, 39, 4000]) {
    const file = new Uint8Array(end + length);
    file.set(body.subarray(0, end));
    assert.throws(
      () => decodeVocabulary(resealed(file)),
      refusal("file", /announces arrays of \d+ bytes or more/),
    );
  }
  const pieces = { ...copy.pieces!, ...sizes };
  const wide = encodeVocabulary({ ...copy, pieces }).slice(0, 400);
  assert.throws(() => decodeVocabulary(resealed(wide)), refusal("file", /announces arrays of/));
});
