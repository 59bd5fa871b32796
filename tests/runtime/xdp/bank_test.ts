import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import type { KernelImage, Program } from "../../../kernels/program.ts";
import { IMAGE_ARGUMENTS } from "../../../kernels/rtl/registers.ts";
import { BANK_BYTES, makeBank, MAX_XDP_PAYLOAD } from "../../../runtime/xdp/bank.ts";
import { MAX_PAGE_BYTES } from "../../../runtime/xdp/pages.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { refusal } from "../../support/failure.ts";
import { noise } from "../../support/images.ts";
import { programOf } from "../../support/program.ts";

/** Byte of the first result in a bank. */
const RESULTS = 200;
/** Bytes of the stage of cells, of the flag of pairs, and of the first term of a whole pixel. */
const [FIRST, PAIRS, WHOLE] = [16, 52, 262_344 + 131_072] as const;

const resize = programOf(
  compile({ steps: [{ op: "resize", size: [9, 9] }] }, {
    input: noise(1, 20, 30, 3, 1),
    device: XDP_PROFILE,
  }),
);

/** A program whose image has other contents. */
function changed(change: (image: KernelImage) => Partial<KernelImage>): Program {
  const image = resize.image();
  return { ...resize, image: () => ({ ...image, ...change(image) }) };
}

function withArguments(image: KernelImage, change: Readonly<Record<string, number>>): Partial<KernelImage> {
  return { values: IMAGE_ARGUMENTS.map(({ name }, index) => change[name] ?? image.values[index]!) };
}

Deno.test("makeBank() expands the tables of a lookup to a result for each item", () => {
  const memo = memoize((a, b) => 1000 * a + b, { input: [{ bits: 5 }, "u8"], output: "u16" });
  const input = tensor(new Uint8Array(64), { dtype: "u8", shape: [32, 2] });
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device: XDP_PROFILE });
  const { bytes } = makeBank(programOf(plan, { memo }));
  assert.equal(bytes.length, BANK_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [a, b] of [[0, 0], [31, 255], [7, 9]] as const) {
    assert.equal(view.getUint16(RESULTS + 2 * (a | b << 8), true), 1000 * a + b);
    // Bits beyond an operand are ignored.
    assert.equal(view.getUint16(RESULTS + 2 * (a | 32 | b << 8), true), 1000 * a + b);
  }
});

Deno.test("makeBank() looks two items of a byte up at once where both results fit into 4 bytes", () => {
  const input = tensor(new Uint8Array(64), { dtype: "u8", shape: [64] });
  for (const [output, bytes] of [["u8", 1], ["u16", 2], ["f32", 4]] as const) {
    const memo = memoize((x) => 255 - x, { input: "u8", output });
    const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device: XDP_PROFILE });
    const view = new DataView(makeBank(programOf(plan, { memo })).bytes.buffer);
    assert.equal(view.getUint32(PAIRS, true), bytes < 4 ? 1 : 0);
    if (bytes === 1) assert.equal(view.getUint16(RESULTS + 2 * (7 | 9 << 8), true), 248 | 246 << 8);
    if (bytes === 2) assert.equal(view.getUint32(RESULTS + 4 * (7 | 9 << 8), true), 248 | 246 << 16);
    if (bytes === 4) assert.equal(view.getFloat32(RESULTS + 4 * 7, true), 248);
  }
});

Deno.test("makeBank() has terms of whole pixels for 256 weights, and half terms for more or for long terms", () => {
  const stage = (entries: Uint32Array) => {
    const program = changed((image) => ({
      tables: image.tables.map((each) => each.table === 1 ? { ...each, entries } : each),
    }));
    const view = new DataView(makeBank(program).bytes.buffer);
    return [view.getUint32(FIRST, true), view];
  };
  const terms = Uint32Array.from({ length: 16 * 256 }, (_, entry) => 3 * entry);
  const [whole, view] = stage(terms) as [number, DataView];
  assert.equal(whole, 4);
  for (const [weight, pixel] of [[0, 0], [255, 255], [7, 0x95]] as const) {
    const expected = 16 * terms[16 * weight + (pixel >> 4)]! + terms[16 * weight + (pixel & 15)]!;
    assert.equal(view.getUint32(WHOLE + 4 * (256 * weight + pixel), true), expected);
  }
  assert.equal(stage(new Uint32Array(16 * 257))[0], 1);
  // A term is 17 times this half term: 2^32 - 1.
  assert.equal(stage(new Uint32Array(16).fill(252_645_135))[0], 4);
  assert.equal(stage(new Uint32Array(16).fill(252_645_136))[0], 1);
});

Deno.test("makeBank() looks up samples of a crop alone, each of which stays as it is", () => {
  const input = noise(1, 9, 7, 3, 5);
  const program = programOf(
    compile({ steps: [{ op: "crop", top: 1, left: 2, height: 4, width: 5 }] }, {
      input,
      device: XDP_PROFILE,
    }),
  );
  const view = new DataView(makeBank(program).bytes.buffer);
  assert.deepEqual([view.getUint32(FIRST, true), view.getUint32(FIRST + 4, true)], [0, 1]);
  for (let entry = 0; entry < 3 * 256; entry++) assert.equal(view.getUint8(RESULTS + entry), entry & 255);
});

Deno.test("makeBank() refuses builds, pages and memory that the program lacks, by name", () => {
  const refuses = (change: (image: KernelImage) => Partial<KernelImage>, pattern: RegExp) =>
    assert.throws(() => makeBank(changed(change)), refusal("device", pattern));
  refuses(() => ({ build: "rows" }), /the build "rows"/);
  refuses(() => ({ memory: new Uint8Array(1) }), /external memory/);
  const pages = (bytes: number) => ({
    pages: { count: 1, bytes, order: () => [0], make: () => new Uint8Array(bytes) },
  });
  refuses(() => pages(4), /pages without a table of columns/);
  refuses((image) => withArguments(image, { paged: 1 }), /pages without a table of columns/);
  const paged = (bytes: number) => (image: KernelImage) => ({
    ...withArguments(image, { paged: 1 }),
    ...pages(bytes),
  });
  refuses(paged(MAX_PAGE_BYTES + 4), /pages of 32772 bytes, above 32768/);
  makeBank(changed(paged(MAX_PAGE_BYTES)));
});

Deno.test("makeBank() takes payloads and tables up to the program's memory, and refuses one more", () => {
  const takes = (change: (image: KernelImage) => Partial<KernelImage>) => void makeBank(changed(change));
  const longest = MAX_XDP_PAYLOAD - MAX_XDP_PAYLOAD % 16;
  takes((image) => withArguments(image, { longest }));
  const refuse = (longest: number, pattern: RegExp) =>
    assert.throws(
      () => makeBank(changed((image) => withArguments(image, { longest }))),
      refusal("device", pattern),
    );
  refuse(longest + 16, /payloads of 1984 bytes|payloads of \d+ bytes, above 1984/);
  const table = (entries: number) => (image: KernelImage) => ({
    tables: image.tables.map((each) =>
      each.table === 1 ? { ...each, entries: new Uint32Array(entries) } : each
    ),
  });
  takes(table(16384));
  assert.throws(
    () => makeBank(changed(table(16385))),
    refusal("table", /16385 entries of terms, expected at most 16384/),
  );
});
