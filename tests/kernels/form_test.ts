import assert from "node:assert/strict";
import { checkForm, MAX_FORM_DEPTH } from "../../kernels/plan/form.ts";

/** Lists in lists; the innermost holds 0. */
function nested(depth: number): Uint8Array {
  return new Uint8Array(depth + 1).fill(0x91, 0, depth);
}

Deno.test("checkForm() accepts lists and maps 16 deep and refuses 17", () => {
  checkForm(nested(MAX_FORM_DEPTH));
  assert.throws(() => checkForm(nested(MAX_FORM_DEPTH + 1)), /more than 16 nested lists and maps/);
  const maps = (depth: number) => Uint8Array.from([...Array(depth).fill([0x81, 0]).flat(), 0]);
  checkForm(maps(MAX_FORM_DEPTH));
  assert.throws(() => checkForm(maps(MAX_FORM_DEPTH + 1)), /more than 16 nested lists and maps/);
});

Deno.test("checkForm() accepts as many announced items as there are bytes and refuses one more", () => {
  const list = (items: number) => Uint8Array.of(0xdc, 0, items, 0, 0, 0);
  checkForm(list(3));
  assert.throws(() => checkForm(list(4)), /4 items announced, 3 bytes left/);
  const map = (entries: number) => Uint8Array.of(0xde, 0, entries, 0, 0, 0, 0);
  checkForm(map(2));
  assert.throws(() => checkForm(map(3)), /6 items announced, 4 bytes left/);
});

Deno.test("checkForm() accepts lists of 2^16 items only where they are asked for", () => {
  const list = (items: number, holds = items) => {
    const bytes = new Uint8Array(5 + holds);
    bytes[0] = 0xdd;
    new DataView(bytes.buffer).setUint32(1, items);
    return bytes;
  };
  checkForm(list(65536), { longLists: true });
  assert.throws(() => checkForm(list(65536)), /byte 0xdd at 0 is of an unsupported type/);
  assert.throws(() => checkForm(list(65537, 65536), { longLists: true }), /65537 items announced/);
  assert.throws(() => checkForm(list(2 ** 32 - 1, 4), { longLists: true }), /4294967295 items announced/);
});
