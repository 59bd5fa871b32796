import assert from "node:assert/strict";
import { compositionPairs } from "../../kernels/text_normalize/unicode_tables.ts";
import { unicodeSet } from "../../kernels/unicode/properties.ts";
import { whiteSpace } from "../../kernels/unicode/white_space.ts";

Deno.test("whiteSpace() is the property White_Space of the tables", () => {
  assert.deepEqual(whiteSpace(), unicodeSet("White_Space"));
});

Deno.test("compositionPairs() are those that the JavaScript engine composes, and all of them", () => {
  const pairs = compositionPairs();
  assert.equal(pairs.size, 961);
  for (const [code, [first, second]] of pairs) {
    const made = String.fromCodePoint(first, second).normalize("NFC");
    assert.equal(made, String.fromCodePoint(code), code.toString(16));
  }
  // The four whose beginning has two code points that decompose to it.
  assert.deepEqual(pairs.get(0x1fa), [0xc5, 0x301]);
  assert.deepEqual(pairs.get(0x1fb4), [0x3ac, 0x345]);
});
