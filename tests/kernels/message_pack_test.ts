import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import assert from "node:assert/strict";
import { readMessagePack } from "../../kernels/plan/message_pack.ts";

const key = fc.string({ unit: "grapheme", maxLength: 8 }).filter((name) => name !== "__proto__");
const leaf = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).filter((one) => !Object.is(one, -0)),
  fc.constantFrom(0, 127, 128, 255, 256, 65535, 65536, -1, -32, -33, -128, -129, -32768, -32769, 2 ** 32),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: "grapheme", maxLength: 40 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 18 }),
    fc.dictionary(key, tie("value"), { maxKeys: 18, noNullPrototype: true }),
  ),
}));

Deno.test("readMessagePack() gives back what a general encoder wrote", () => {
  fc.assert(fc.property(value, (one) => assert.deepEqual(readMessagePack(encode(one)), one)), {
    numRuns: 200,
    seed: 1,
  });
  for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
    assert.equal(readMessagePack(encode("é".repeat(length))), "é".repeat(length));
  }
  const long = Array.from({ length: 70_000 }, (_, n) => n);
  assert.deepEqual(readMessagePack(encode(long)), long);
  assert.deepEqual(
    readMessagePack(encode(Number.MAX_SAFE_INTEGER, { forceIntegerToFloat: false })),
    2 ** 53 - 1,
  );
});

Deno.test("readMessagePack() throws a RangeError for what is cut short, goes on, or is no plain data", () => {
  const bytes = encode({ a: [1, "bc", null, -7.5], d: true });
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => readMessagePack(bytes.slice(0, length)), RangeError);
  }
  assert.throws(() => readMessagePack(Uint8Array.of(...bytes, 0)), /1 bytes follow/);
  // A map with a number and with __proto__ as keys, binary data, and an extension.
  for (
    const wrong of [[0x81, 1, 1], [0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 1], [0xc4, 0], [
      0xd4,
      1,
      1,
    ]]
  ) {
    assert.throws(() => readMessagePack(Uint8Array.from(wrong)), RangeError);
  }
});

Deno.test("readMessagePack() throws nothing but RangeErrors for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readMessagePack(bytes);
      } catch (error) {
        assert(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 2000, seed: 2 },
  );
});
