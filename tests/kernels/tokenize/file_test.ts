import fc from "fast-check";
import assert from "node:assert/strict";
import { byteStrings } from "../../../kernels/tokenize/compile/strings.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { refusal } from "../../support/failure.ts";
import { others, resealed, tiny } from "./small_vocabularies.ts";
import { vocabularyFile } from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";
import { longTest } from "../../support/long.ts";

Deno.test("decodeVocabulary() gives back what encodeVocabulary() wrote, every array", async () => {
  for (const vocabulary of [await tiny(), ...await others()]) {
    const file = encodeVocabulary(vocabulary);
    assert.deepEqual(decodeVocabulary(file), vocabulary, vocabulary.name);
    assert.deepEqual(encodeVocabulary(decodeVocabulary(file)), file);
  }
});

longTest("encodeVocabulary() is within one and a half of the sizes in the design", async () => {
  for (const [name, megabytes] of [["r50k_base", 1.8], ["cl100k_base", 4.0], ["o200k_base", 8.3]] as const) {
    const { length } = await vocabularyFile(name);
    assert(length <= megabytes * 1e6, `${name} has ${length} bytes`);
  }
});

Deno.test("decodeVocabulary() refuses a file that is cut short, longer, or changed in any bit", async () => {
  const file = encodeVocabulary(await tiny());
  for (let length = 0; length < file.length; length += 97) {
    assert.throws(() => decodeVocabulary(file.subarray(0, length)), refusal("file"));
  }
  assert.throws(
    () => decodeVocabulary(Uint8Array.of(...file, 0)),
    refusal("file", /its body has \d+ bytes, its head announces/),
  );
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const changed = file.slice();
      changed[at]! ^= bits;
      assert.throws(() => decodeVocabulary(changed), refusal("file"));
    }),
    { numRuns: 500 },
  );
});

longTest(
  "decodeVocabulary() refuses by name, or takes what every walk comes back from, whatever was changed",
  async () => {
    let taken = 0;
    for (const vocabulary of [await tiny(), ...await others()]) {
      const file = encodeVocabulary(vocabulary);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(file.length - 17), fc.integer({ min: 1, max: 255 })), {
            minLength: 1,
            maxLength: 4,
          }),
          fc.option(fc.nat(file.length - 17), { nil: undefined }),
          (changes, cut) => {
            const changed = file.slice(0, cut === undefined ? file.length : 17 + cut);
            for (const [at, bits] of changes) if (16 + at < changed.length) changed[16 + at]! ^= bits;
            let read;
            try {
              read = decodeVocabulary(resealed(changed));
            } catch (error) {
              refusal("file")(error);
              return;
            }
            taken++;
            // An automaton that gives back more than one code point is refused by the engine.
            if (read.pieces?.accept.some((back) => back > 1)) return;
            walkTokens(read, "abc ab é漢 zzzz");
          },
        ),
        { numRuns: 400 },
      );
    }
    assert(taken > 0, "no change was taken: the property above tested nothing");
  },
);

Deno.test("decodeVocabulary() names another version and what is no table file", async () => {
  const file = encodeVocabulary(await tiny());
  const other = file.slice();
  other[4] = 9;
  assert.throws(() => decodeVocabulary(other), refusal("file", /its version is 9, expected 1/));
  assert.throws(
    () => decodeVocabulary(new TextEncoder().encode('{"model":{"type":"BPE"}}')),
    refusal("file", /OPVT/),
  );
});

Deno.test("compileVocabulary() gives one checksum to one vocabulary, and another to another", async () => {
  const [a, b] = [await tiny(), await tiny()];
  assert.equal(a.checksum, b.checksum);
  assert.equal(decodeVocabulary(encodeVocabulary(a)).checksum, a.checksum);
  const renamed = decodeVocabulary(encodeVocabulary({ ...a, name: "other" }));
  assert.notEqual(renamed.checksum, a.checksum);
  assert.deepEqual(byteStrings([]).offsets, Uint32Array.of(0));
});
