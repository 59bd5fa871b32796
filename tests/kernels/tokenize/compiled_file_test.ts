/** Table files read by WebAssembly beside the plain reader: the same arrays, and the same files refused. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeVocabulary, readVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { createWindow } from "../../../kernels/tokenize/file/file_window.ts";
import type { BpeTables, Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { crc32c } from "../../../serialize/crc32c.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { others, resealed, tiny } from "./small_vocabularies.ts";
import { vocabularyFile } from "./vocabularies.ts";

const plainly = (file: Uint8Array) => readVocabulary(file, () => null);

/** Whether WebAssembly read the tables; the plain reader makes all arrays at once. */
function isCompiled({ bpe }: Vocabulary): boolean {
  return bpe !== null && Object.getOwnPropertyDescriptor(bpe, "base")!.get !== undefined;
}

/** Reads a file in both ways, and returns whether they take it. */
function taken(file: Uint8Array): boolean {
  let plain: Vocabulary;
  try {
    plain = plainly(file);
  } catch (error) {
    refusal("file")(error);
    assert.throws(() => decodeVocabulary(file), refusal("file"));
    return false;
  }
  const compiled = decodeVocabulary(file);
  assert(isCompiled(compiled) && !isCompiled(plain));
  assert.deepEqual(compiled, plain);
  return true;
}

for (const name of ["r50k_base", "cl100k_base", "o200k_base", "llama3", "deepseek_v3"] as const) {
  longTest(`decodeVocabulary() gives the plain reader's arrays for ${name}`, async () => {
    assert(taken(await vocabularyFile(name)));
  }, name !== "r50k_base");
}

Deno.test("decodeVocabulary() leaves other units than bytes to the plain reader", async () => {
  for (const vocabulary of await others()) {
    const file = encodeVocabulary(vocabulary);
    assert.equal(isCompiled(decodeVocabulary(file)), false);
    assert.deepEqual(decodeVocabulary(file), plainly(file));
  }
});

type Field = "base" | "check" | "fail" | "depth" | "whole" | "ids" | "left" | "right" | "longest";
const FIELDS: readonly Field[] = [
  "base",
  "check",
  "fail",
  "depth",
  "whole",
  "ids",
  "left",
  "right",
  "longest",
];

Deno.test("decodeVocabulary() refuses every forged array that the plain reader refuses, and takes no other", async () => {
  const vocabulary = await tiny();
  const counts = new Map(FIELDS.map((field) => [field, { taken: 0, refused: 0 }]));
  for (const field of FIELDS) {
    // Cells on the paths of words, and tokens of words and of some bytes. Other changes are seldom noticed.
    const { depth, check, tokens } = vocabulary.bpe!;
    const places = ["ids", "left", "right"].includes(field)
      ? Array.from({ length: 12 }, (_, n) => tokens - 1 - n)
      : [...check.keys()].filter((at) => at === 0 || depth[at]! > 1 || check.indexOf(at, 1) >= 0);
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.constantFrom(...places),
        fc.constantFrom(-1, 0, 0, 1),
        (at, from, more) => {
          const bpe = structuredClone({ ...vocabulary.bpe! });
          bpe[field][at] = bpe[field][from]! + more;
          let file;
          try {
            file = encodeVocabulary({ ...vocabulary, bpe });
          } catch (error) {
            refusal("size")(error);
            return;
          }
          counts.get(field)![taken(file) ? "taken" : "refused"]++;
        },
      ),
      { numRuns: sized(400, 60), seed: 3 },
    );
  }
  // Every array has changes that matter; the writer derives `longest` from nothing, but reads it for units.
  for (const [field, { taken, refused }] of counts) {
    assert(refused > 5 || field === "longest", `${field}: ${taken} taken, ${refused} refused`);
  }
});

Deno.test("decodeVocabulary() refuses every changed bit of arrays that the plain reader refuses", async () => {
  const file = encodeVocabulary(await tiny());
  const head = 20 + new DataView(file.buffer).getUint32(16, true);
  let refused = 0, accepted = 0;
  fc.assert(
    fc.property(fc.integer({ min: head, max: file.length - 1 }), fc.nat(7), (at, bit) => {
      const changed = file.slice();
      changed[at]! ^= 1 << bit;
      if (taken(resealed(changed))) accepted++;
      else refused++;
    }),
    { numRuns: sized(2000, 300), seed: 4 },
  );
  assert(refused > 50 && accepted > 5, `${refused} refused, ${accepted} accepted`);
});

Deno.test("createWindow() computes the checksum of a body of any length, part by part", () => {
  for (const length of [0, 1, 7, 319, 8193, 32768, 32769, 100_003]) {
    const body = Uint8Array.from({ length }, (_, at) => at * 7 + (at >> 8));
    assert.equal(createWindow(body)!.checksum(), crc32c(body), `${length} bytes`);
  }
});

Deno.test("decodeVocabulary() reads without WebAssembly, and the plain engine tokenizes", async () => {
  const file = encodeVocabulary(await tiny());
  const held = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly")!;
  let read: Vocabulary;
  try {
    Object.defineProperty(globalThis, "WebAssembly", { ...held, value: undefined });
    read = decodeVocabulary(file);
    const ids = createEncoder(read, { engine: "plain" }).encode("cab abc");
    assert.deepEqual(ids, Uint32Array.of(99, 256, 32, 258));
  } finally {
    Object.defineProperty(globalThis, "WebAssembly", held);
  }
  assert.equal(isCompiled(read), false);
});

Deno.test("createEncoder() makes an engine for each vocabulary that shares tables, and for their copies", async () => {
  const read = decodeVocabulary(encodeVocabulary(await tiny()));
  const text = "abc ab  bcab é.";
  const ids = [...createEncoder(read).encode(text)];
  const copy: BpeTables = structuredClone({ ...read.bpe! });
  for (const other of [{ ...read, name: "other" }, { ...read, bpe: copy }, { ...read, pieces: null }]) {
    const plain = createEncoder(other, { engine: "plain" });
    assert.deepEqual(createEncoder(other).encode(text), plain.encode(text));
  }
  assert.deepEqual([...createEncoder(read).encode(text)], ids);
});
