import assert from "node:assert/strict";
import { checkMap, type SeparableMap } from "../../serialize/sampling.ts";
import { createEngine } from "../../serialize/engine.ts";
import { createImageWriter } from "../../serialize/image_writer.ts";
import { cutRows } from "../../serialize/partition.ts";
import {
  HEADER_BYTES,
  KIND,
  newHeader,
  readHeader,
  type Refusal,
  writeHeader,
} from "../../serialize/header.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { reserveSlots, SLOTS_ALIGNMENT } from "../../serialize/packets.ts";
import { tensor } from "../../serialize/tensor.ts";

const FIELDS = {
  ...newHeader(),
  flow: 7,
  sequence: 2,
  packets: 9,
  length: 3,
  overlap: 1,
  plan: 5,
  position: 2 ** 40 + 3,
};

/** A sound packet of 3 bytes. */
function packet(): DataView {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + 3));
  writeHeader(view, 0, FIELDS);
  return view;
}

Deno.test("writeHeader() and readHeader() agree on every field and byte", () => {
  const header = newHeader();
  assert.equal(readHeader(packet(), 0, HEADER_BYTES + 3, header), null);
  assert.deepEqual(header, FIELDS);
  assert.deepEqual([...new Uint8Array(packet().buffer).subarray(0, 48)], [
    ...[0x4f, 0x4e, 0x50, 0x54, 1, 2, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0],
    ...[9, 0, 0, 0, 3, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0],
    ...[3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
});

const faults: [Refusal, (view: DataView) => void][] = [
  ["magic", (view) => view.setUint8(0, 0)],
  ["version", (view) => view.setUint8(4, 2)],
  ["kind", (view) => view.setUint8(5, 6)],
  ["kind", (view) => view.setUint8(5, 33)],
  ["flags", (view) => view.setUint16(6, 32, true)],
  ["packets", (view) => view.setUint32(16, 0, true)],
  ["packets", (view) => view.setUint32(16, 2 ** 24 + 1, true)],
  ["sequence", (view) => view.setUint32(12, 9, true)],
  ["sequence", (view) => view.setUint16(6, 1, true)],
  ["sequence", (view) => view.setUint16(6, 2, true)],
  ["sequence", (view) => view.setUint32(12, 0, true)],
  ["sequence", (view) => view.setUint32(12, 8, true)],
  ["length", (view) => view.setUint16(20, 0, true)],
  ["length", (view) => view.setUint16(20, 8193, true)],
  ["truncated", (view) => view.setUint16(20, 4, true)],
  ["overlap", (view) => view.setUint16(22, 4, true)],
  ["position", (view) => view.setUint16(38, 1, true)],
  ["crc", (view) => view.setUint32(40, 1, true)],
  ["reserved", (view) => view.setUint32(44, 1, true)],
];

for (const [i, [refusal, spoil]] of faults.entries()) {
  Deno.test(`readHeader() refuses a packet as "${refusal}" (fault ${i})`, () => {
    const view = packet();
    spoil(view);
    assert.equal(readHeader(view, 0, view.byteLength, newHeader()), refusal);
  });
}

const axis = (low: number[], phases = 1) => ({
  low: Int32Array.from(low),
  high: Int32Array.from(low),
  phase: new Uint16Array(low.length),
  phases,
});

Deno.test("checkMap() refuses samples outside the source and weights beyond the index", () => {
  const map = (y: number[], x: number[], phases = 1): SeparableMap => ({
    form: "separable",
    stride: 1,
    y: axis(y, phases),
    x: axis(x, phases),
  });
  checkMap(map([0, -1, 3], [2]), 4, 3);
  assert.throws(() => checkMap(map([4], [0]), 4, 3), { code: "shape", message: /row 4 at output 0/ });
  assert.throws(() => checkMap(map([0], [0, -2]), 4, 3), { code: "shape", message: /column -2 at output 1/ });
  assert.throws(() => checkMap(map([0], [0], 257), 4, 3), {
    code: "size",
    message: /stride of 1 for 257 x 257/,
  });
});

Deno.test("Engine.reserve() gives aligned addresses and refuses what does not fit", () => {
  const engine = createEngine(1000);
  const [a, b] = [engine.reserve(1), engine.reserve(1)];
  assert.deepEqual([a % 64, b - a], [0, 64]);
  assert.deepEqual([engine.reserve(1, 4096) % 4096, engine.reserve(1) % 4096], [0, 64]);
  for (const alignment of [32, 96, 2 ** 17, 0, -64]) {
    assert.throws(() => engine.reserve(1, alignment), { code: "size" });
  }
  assert.throws(() => engine.reserve(engine.bytes.length), (error) => {
    return error instanceof OnpathError && error.code === "size" && /are left/.test(error.message);
  });
});

Deno.test("Engine.reserve() keeps its room when it refuses", () => {
  const engine = createEngine(1000);
  const at = engine.reserve(1);
  assert.throws(() => engine.reserve(engine.bytes.length));
  assert.equal(engine.reserve(1), at + 64);
});

Deno.test("reserveSlots() begins at a page, whatever stands before", () => {
  const engine = createEngine(2 ** 16);
  engine.reserve(100);
  for (const slots of [reserveSlots(engine, 3, 48), reserveSlots(engine, 5, 1344)]) {
    assert.equal(slots.address % SLOTS_ALIGNMENT, 0);
  }
});

/** A writer of whole images of 4 x 40 RGB, with its slots. */
function wholeImages() {
  const engine = createEngine(20_000);
  const cut = cutRows(40, 4, 1, 16, 2);
  const slots = reserveSlots(engine, cut.packets, 256);
  const low = Int32Array.from({ length: 40 }, (_, i) => i);
  const writer = createImageWriter(engine, {
    kind: KIND.cells,
    images: 1,
    height: 4,
    width: 40,
    channels: 3,
    map: {
      form: "separable",
      stride: 1,
      y: axis([0, 1, 2, 3]),
      x: { ...axis([...low]), high: low.map((x) => Math.min(39, x + 1)) },
    },
    fill: [0, 0, 0],
    cut,
    plan: 1,
    checksum: "crc32c",
  });
  const image = tensor(new Uint8Array(480).fill(9), { dtype: "u8", shape: [4, 40, 3], layout: "HWC" });
  return { engine, cut, slots, writer, image };
}

Deno.test("ImageWriter.write() refuses another input and leaves the slots as they were", () => {
  const { engine, cut, slots, writer, image } = wholeImages();
  const before = engine.bytes.slice(slots.address, slots.address + slots.slots * slots.slotBytes);
  const wide = tensor(new Uint8Array(492), { dtype: "u8", shape: [4, 41, 3], layout: "HWC" });
  const signed = tensor(new Int8Array(480), { dtype: "i8", shape: [4, 40, 3], layout: "HWC" });
  assert.throws(() => writer.write(wide, 0, 0, cut.packets, slots), {
    code: "shape",
    message: /width 40, found 41/,
  });
  assert.throws(() => writer.write(signed, 0, 0, cut.packets, slots), { code: "dtype" });
  assert.throws(() => writer.write(image, 0, 0, cut.packets + 1, slots), { code: "size" });
  assert.throws(() => writer.write(image, 0, 0, 1, slots, cut.packets), { code: "size" });
  assert.deepEqual(engine.bytes.slice(slots.address, slots.address + before.length), before);
});

Deno.test("ImageWriter.write() makes one view a row of the input and none a packet", () => {
  const { cut, slots, writer, image } = wholeImages();
  writer.write(image, 0, 0, cut.packets, slots);
  const subarray = Uint8Array.prototype.subarray;
  let views = 0;
  Uint8Array.prototype.subarray = function (this: Uint8Array, ...range: [number?, number?]) {
    views++;
    return subarray.apply(this, range);
  } as typeof subarray;
  try {
    writer.write(image, 1, 0, cut.packets, slots);
  } finally {
    Uint8Array.prototype.subarray = subarray;
  }
  assert.equal(cut.packets, 12);
  assert.equal(views, 4);
});
