import fc from "fast-check";
import assert from "node:assert/strict";
import { fromBFloat16Bits, fromFloat16Bits, toBFloat16Bits, toFloat16Bits } from "../../serialize/dtype.ts";

Deno.test("toFloat16Bits() gives back every binary16", () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = fromFloat16Bits(bits);
    if (Number.isNaN(value)) assert((toFloat16Bits(value) & 0x7fff) === 0x7e00);
    else assert.equal(toFloat16Bits(value), bits);
  }
});

Deno.test("toBFloat16Bits() gives back every bfloat16", () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = fromBFloat16Bits(bits);
    assert.equal(toBFloat16Bits(value), Number.isNaN(value) ? 0x7fc0 : bits);
  }
});

for (
  const [name, to, from, greatest] of [
    ["toFloat16Bits", toFloat16Bits, fromFloat16Bits, 0x7bff],
    ["toBFloat16Bits", toBFloat16Bits, fromBFloat16Bits, 0x7f7f],
  ] as const
) {
  Deno.test(`${name}() rounds to the nearest, ties to even`, () => {
    // Between neighbours: the middle goes to the even one, anything else to the nearer one.
    fc.assert(fc.property(fc.nat(greatest - 1), fc.boolean(), (bits, negative) => {
      const sign = negative ? -1 : 1;
      const [low, high] = [from(bits), from(bits + 1)];
      const middle = (low + high) / 2;
      const expected = (pattern: number) => pattern + (negative ? 0x8000 : 0);
      assert.equal(to(sign * middle), expected(bits + (bits & 1)));
      assert.equal(to(sign * Math.fround(low + (high - low) / 4)), expected(bits));
      assert.equal(to(sign * Math.fround(low + 3 * (high - low) / 4)), expected(bits + 1));
    }));
  });
}

Deno.test("toFloat16Bits() overflows to infinity from the tie on", () => {
  assert.deepEqual([65519.99, 65520, Infinity, -1e9].map(toFloat16Bits), [0x7bff, 0x7c00, 0x7c00, 0xfc00]);
});
