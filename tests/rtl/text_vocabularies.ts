/**
 * Small vocabularies for the tokenizer in hardware: one trained on this repository's words, and one made so that
 * flows escape in every way.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { compileBpe } from "../../kernels/tokenize/compile/bpe.ts";
import { byteStrings } from "../../kernels/tokenize/compile/strings.ts";
import type { PieceTables, Vocabulary } from "../../kernels/tokenize/vocabulary.ts";

/** Text of this repository. */
export const PROSE = ["rtl.md", "packets.md", "images.md"].map((name) =>
  readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8")
).join("\n");

/** A compiled vocabulary of tokens in the order of their ranks; ids run the other way, so that they differ. */
export async function vocabularyOf(
  name: string,
  tokens: readonly Uint8Array[],
  pieces: PieceTables | null,
  merges: "ranks" | "twice" = "ranks",
): Promise<Vocabulary> {
  const strings = byteStrings([...tokens]);
  const ids = Int32Array.from(tokens, (_, token) => tokens.length - 1 - token);
  const bpe = await compileBpe({
    strings,
    ids,
    merges: "ranks",
    units: "bytes",
    wholeFirst: merges === "twice",
  });
  return {
    name,
    checksum: 0,
    algorithm: "bpe",
    idLimit: tokens.length,
    bytes: strings.bytes,
    offsets: strings.offsets,
    decoding: { kind: "bytes", leadingSpaces: 0 },
    normalization: [],
    pieces,
    bpe,
    wordPiece: null,
    special: [],
    around: { before: [], after: [] },
  };
}

const BYTES = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

/** Piece tables of transitions by state: class to state; the last class is the end of the text. */
function tablesOf(
  classes: readonly ((char: string) => boolean)[],
  rows: readonly (readonly number[])[],
  accept: readonly number[],
  final: readonly number[],
): PieceTables {
  const rowsOf = new Map<string, number>();
  const classOf: number[] = [];
  const blockOf = Uint16Array.from({ length: 0x1100 }, (_, high) => {
    const block = Array.from({ length: 256 }, (_, low) => {
      const point = high * 256 + low;
      const char = point >= 0xd800 && point < 0xe000 ? "\u{fffd}" : String.fromCodePoint(point);
      const found = classes.findIndex((is) => is(char));
      return found < 0 ? classes.length : found;
    });
    const key = block.join();
    if (!rowsOf.has(key)) {
      rowsOf.set(key, rowsOf.size);
      classOf.push(...block);
    }
    return rowsOf.get(key)!;
  });
  return {
    states: rows.length,
    classes: rows[0]!.length,
    start: 0,
    transitions: Int16Array.from(rows.flat()),
    accept: Int8Array.from(accept),
    final: Uint8Array.from(final),
    drop: new Uint8Array(rows.length),
    blockOf,
    classOf: Uint8Array.from(classOf),
  };
}

/** Words, numbers, signs, each with a space before it, and white space but for its last: GPT-2's pattern without
 * contractions. */
export const wordPieces = (): PieceTables => {
  const is = (pattern: RegExp) => (char: string) => pattern.test(char);
  const [letters, digits, signs, space, white, run, ended] = [1, 2, 3, 4, 5, 6, 7];
  return tablesOf(
    [is(/^\p{L}$/u), is(/^\p{N}$/u), is(/^ $/), is(/^\p{White_Space}$/u)],
    //  letter    digit   space  white  sign   end
    [
      [letters, digits, space, white, signs, -1],
      [letters, -1, -1, -1, -1, -1],
      [-1, digits, -1, -1, -1, -1],
      [-1, -1, -1, -1, signs, -1],
      [letters, digits, run, run, signs, ended],
      [-1, -1, run, run, -1, ended],
      [-1, -1, run, run, -1, ended],
      [-1, -1, -1, -1, -1, -1],
    ],
    [-1, 0, 0, 0, 0, 0, 1, 0],
    [0, 0, 0, 0, 0, 0, 0, 1],
  );
};

/** Words of prose: tokens are what is merged most often, as in the training of BPE. */
export async function trainedVocabulary(merges = 1000, name = "trained"): Promise<Vocabulary> {
  const words = new Map<string, number>();
  const latin = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
  for (const [word] of PROSE.matchAll(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu)) {
    words.set(latin(word), (words.get(latin(word)) ?? 0) + 1);
  }
  const rows = [...words].map(([word, count]) => ({ parts: [...word], count }));
  const tokens = [...BYTES];
  for (let n = 0; n < merges; n++) {
    const counts = new Map<string, number>();
    for (const { parts, count } of rows) {
      for (let i = 0; i + 1 < parts.length; i++) {
        const pair = parts[i]! + parts[i + 1]!;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    let best = "";
    for (const [pair, count] of counts) if (count > (counts.get(best) ?? 0)) best = pair;
    if (best === "") break;
    tokens.push(Uint8Array.from(best, (char) => char.charCodeAt(0)));
    for (const { parts } of rows) {
      for (let i = 0; i + 1 < parts.length; i++) {
        if (parts[i]! + parts[i + 1]! === best) parts.splice(i, 2, best);
      }
    }
  }
  return await vocabularyOf(name, tokens, wordPieces());
}

/**
 * Pieces of `x*(y*z)?` whose y are a piece of their own where no z follows, so that look-ahead has no end, and
 * tokens of up to 128 x, so that many ways stay open. A final `!` and anything else are pieces alone.
 *
 * @param longest Length of the longest token of x, a power of two.
 */
export function escapingVocabulary(longest = 128): Promise<Vocabulary> {
  const char = (wanted: string) => (char: string) => char === wanted;
  const tokens = [...BYTES];
  for (let length = 2; length <= longest; length *= 2) tokens.push(new Uint8Array(length).fill(120));
  tokens.push(new TextEncoder().encode("yz"), new TextEncoder().encode("xyz"));
  return vocabularyOf(
    "escaping",
    tokens,
    tablesOf(
      [char("x"), char("y"), char("z"), char("!")],
      // x   y   z   !  other end
      [
        [1, 4, 3, 3, 3, -1],
        [1, 2, 3, -1, -1, -1],
        [-1, 2, 3, -1, -1, -1],
        [-1, -1, -1, -1, -1, -1],
        [-1, 4, 3, -1, -1, -1],
      ],
      [-1, 0, -1, 0, 0],
      [0, 0, 0, 1, 0],
    ),
  );
}

/** Tokens that merges never make, for pieces that are tokens as a whole; all of a text is a piece. */
export function wholeVocabulary(pieces: PieceTables | null = wordPieces()): Promise<Vocabulary> {
  const text = (word: string) => new TextEncoder().encode(word);
  const words = [
    "in",
    "ng",
    "ing",
    "th",
    "the",
    "ther",
    " th",
    " t",
    "rthe",
    "abcdef",
    " whole",
    "wholething",
  ];
  return vocabularyOf("whole", [...BYTES, ...words.map(text)], pieces, "twice");
}

/** Runs of one letter, of 1, 2, 4 and up to 128, in which a piece that is a token becomes that token. */
export function runVocabulary(): Promise<Vocabulary> {
  const runs = Array.from({ length: 7 }, (_, n) => new Uint8Array(2 ** (n + 1)).fill(0x78));
  return vocabularyOf("runs", [...BYTES, ...runs], null, "twice");
}
