import fc from "fast-check";
import assert from "node:assert/strict";
import { type Channels, itemBytes, type SeparableMap, toDenseMap } from "../../serialize/sampling.ts";
import { crc32c, crc32cPlain } from "../../serialize/crc32c.ts";
import { createEngine } from "../../serialize/engine.ts";
import { createImageWriter } from "../../serialize/image_writer.ts";
import { cutRows, firstItem, itemCount } from "../../serialize/partition.ts";
import { HEADER_BYTES, KIND, newHeader } from "../../serialize/header.ts";
import { OnpathError } from "../../serialize/errors.ts";
import {
  packetBytes,
  packetCrcPlain,
  readPacket,
  readPacketBytes,
  reserveSlots,
} from "../../serialize/packets.ts";
import { Reassembler } from "../../serialize/reassembler.ts";
import { tensor, toLayout } from "../../serialize/tensor.ts";

Deno.test("CRC-32C equals RFC 3720's examples in every form", () => {
  const cases: [Uint8Array, number][] = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ];
  const engine = createEngine(64);
  const at = engine.reserve(32);
  for (const [bytes, expected] of cases) {
    engine.bytes.set(bytes, at);
    assert.equal(crc32cPlain(bytes), expected);
    assert.equal(crc32c(bytes), expected);
    assert.equal(engine.functions.crc32c(at, 32, 0) >>> 0, expected);
  }
});

Deno.test("the engine's CRC-32C equals the plain one at every length and alignment", () => {
  const engine = createEngine(40_000);
  const at = engine.reserve(40_000);
  for (let i = 0; i < 40_000; i++) engine.bytes[at + i] = (i * i * 31 + (i >> 3)) & 255;
  const check = (offset: number, length: number, seed: number) => {
    const expected = crc32cPlain(engine.bytes.subarray(at + offset, at + offset + length), seed);
    assert.equal(engine.functions.crc32c(at + offset, length, seed) >>> 0, expected, `${offset} ${length}`);
    assert.equal(crc32c(engine.bytes.subarray(at + offset, at + offset + length), seed), expected);
  };
  for (let length = 0; length < 1500; length++) check(length % 17, length, 0);
  fc.assert(
    fc.property(
      fc.nat(63),
      fc.nat(30_000),
      fc.nat(0xffffffff),
      (offset, length, seed) => check(offset, length, seed),
    ),
  );
});

Deno.test("cutRows() tiles the flow and never lets a packet cross a row or an image", () => {
  const size = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(
      size,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 4 }),
      size,
      (w, h, n, most) => {
        const multiple = Math.min(most, 2);
        const cut = cutRows(w, h, n, most, multiple);
        let next = 0;
        for (let i = 0; i < cut.packets; i++) {
          const first = firstItem(cut, i);
          const count = itemCount(cut, i);
          assert.equal(first, next);
          assert(count >= 1 && count <= most);
          const last = first + count - 1;
          if (Math.floor(first / w) !== Math.floor(last / w)) assert.equal(first % w + count % w, 0);
          assert.equal(Math.floor(first / (w * h)), Math.floor(last / (w * h)));
          next += count;
        }
        assert.equal(next, w * h * n);
      },
    ),
  );
});

const axis = (source: number) =>
  fc.array(
    fc.tuple(fc.integer({ min: -1, max: source - 1 }), fc.integer({ min: -1, max: source - 1 }), fc.nat(6)),
    {
      minLength: 1,
      maxLength: 40,
    },
  ).map((entries) => ({
    low: Int32Array.from(entries, ([low]) => low),
    high: Int32Array.from(entries, ([, high]) => high),
    phase: Uint16Array.from(entries, ([, , phase]) => phase),
    phases: 7,
  }));

Deno.test("createImageWriter() writes separable maps as it writes dense ones", () => {
  const scene = fc.record({
    h: fc.integer({ min: 1, max: 12 }),
    w: fc.integer({ min: 1, max: 12 }),
    n: fc.integer({ min: 1, max: 3 }),
    channels: fc.constantFrom<Channels>(1, 3, 4),
    kind: fc.constantFrom(KIND.cells, KIND.samples),
    planar: fc.boolean(),
  }).chain((base) =>
    fc.record({ base: fc.constant(base), y: axis(base.h), x: axis(base.w), seed: fc.nat(1000) })
  );
  fc.assert(
    fc.property(scene, ({ base: { h, w, n, channels, kind, planar }, y, x, seed }) => {
      const map: SeparableMap = { form: "separable", stride: x.phases, y, x };
      const data = Uint8Array.from({ length: n * h * w * channels }, (_, i) => (i * 37 + seed) & 255);
      const stored = planar ? "NCHW" : "NHWC";
      const shape = planar ? [n, channels, h, w] : [n, h, w, channels];
      const image = toLayout(tensor(data, { dtype: "u8", shape, layout: stored }), "NHWC");
      const item = itemBytes(kind, channels);
      const cut = cutRows(x.low.length, y.low.length, n, Math.floor(256 / item), 1);
      const fill = [9, 8, 7, 6].slice(0, channels);
      const write = (form: SeparableMap | ReturnType<typeof toDenseMap>) => {
        const engine = createEngine(cut.packets * 320 + 20_000);
        const slots = reserveSlots(engine, cut.packets, 256);
        createImageWriter(engine, {
          kind,
          images: n,
          height: h,
          width: w,
          channels,
          map: form,
          fill,
          cut,
          plan: 5,
          checksum: "crc32c",
        }).write(image, 3, 0, cut.packets, slots);
        const header = newHeader();
        return Array.from({ length: cut.packets }, (_, i) => {
          assert.equal(readPacket(slots, i, header), null);
          return packetBytes(slots, i).slice();
        });
      };
      assert.deepEqual(write(map), write(toDenseMap(map, w)));
    }),
    { numRuns: 150 },
  );
});

/** Packets of a small flow, as a device would answer them. */
function answers(): { packets: Uint8Array<ArrayBuffer>[]; reassembler: Reassembler; data: Uint8Array } {
  const cut = cutRows(40, 6, 1, 16, 1);
  const engine = createEngine(cut.packets * 128 + 10_000);
  const slots = reserveSlots(engine, cut.packets, 48);
  const data = Uint8Array.from({ length: 40 * 6 * 3 }, (_, i) => (i * 11) & 255);
  const whole = (length: number) => {
    const low = Int32Array.from({ length }, (_, i) => i);
    return { low, high: low, phase: new Uint16Array(length), phases: 1 };
  };
  createImageWriter(engine, {
    kind: KIND.samples,
    images: 1,
    height: 6,
    width: 40,
    channels: 3,
    map: { form: "separable", stride: 1, y: whole(6), x: whole(40) },
    fill: [0, 0, 0],
    cut,
    plan: 77,
    checksum: "crc32c",
  }).write(tensor(data, { dtype: "u8", shape: [6, 40, 3], layout: "HWC" }), 2, 0, cut.packets, slots);
  const reassembler = new Reassembler();
  reassembler.open(2, { plan: 77, cut, planes: 1, itemBytes: 3, checksum: "crc32c" });
  return {
    packets: Array.from({ length: cut.packets }, (_, i) => packetBytes(slots, i).slice()),
    reassembler,
    data,
  };
}

Deno.test("Reassembler takes any order, drops duplicates and names gaps", () => {
  const { packets, reassembler, data } = answers();
  const order = packets.map((_, i) => (i * 5 + 3) % packets.length);
  assert.equal(new Set(order).size, packets.length);
  for (const i of order.slice(0, -2)) {
    assert.equal(reassembler.acceptBytes(packets[i]!), "accepted");
    assert.equal(reassembler.acceptBytes(packets[i]!), "duplicate");
  }
  const left = order.slice(-2).sort((a, b) => a - b);
  assert.deepEqual(reassembler.gaps(2).flatMap(([a, b]) => a === b ? [a] : [a, b]), left);
  assert.throws(() => reassembler.take(2), (error) => error instanceof OnpathError && error.code === "gap");
  for (const i of left) reassembler.acceptBytes(packets[i]!);
  assert.deepEqual(reassembler.take(2), data);
  assert.deepEqual(reassembler.counts, { accepted: packets.length, duplicate: packets.length - 2 });
});

Deno.test("Reassembler never takes a packet with a flipped bit", () => {
  const { packets, reassembler } = answers();
  const packet = packets[4]!;
  for (let bit = 0; bit < 8 * packet.length; bit++) {
    const copy = packet.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    assert(!["accepted", "duplicate"].includes(reassembler.acceptBytes(copy)), `bit ${bit}`);
  }
  assert.equal(reassembler.missing(2), packets.length);
});

Deno.test("readPacketBytes() refuses every truncation and never throws on noise", () => {
  const { packets } = answers();
  const header = newHeader();
  for (let length = 0; length < packets[0]!.length; length++) {
    assert.equal(readPacketBytes(packets[0]!.subarray(0, length), header), "truncated");
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readPacketBytes(bytes, header) !== null),
  );
  assert.equal(packetCrcPlain(packets[0]!), new DataView(packets[0]!.buffer).getUint32(40, true));
  assert(packets[0]!.length > HEADER_BYTES);
});

Deno.test("Reassembler.whenComplete() ends with a timeout, a signal or a drop", async () => {
  const { reassembler } = answers();
  await assert.rejects(reassembler.whenComplete(2, { timeoutMs: 5 }), { code: "timeout" });
  await assert.rejects(reassembler.whenComplete(2, { signal: AbortSignal.abort(new Error("stop")) }), /stop/);
  const waiting = reassembler.whenComplete(2);
  reassembler.drop(2);
  await assert.rejects(waiting, { code: "gap" });
});

Deno.test("writing and reassembling a second image makes no view a packet", () => {
  const { packets, reassembler } = answers();
  const engine = createEngine(packets.length * 128 + 10_000);
  const slots = reserveSlots(engine, packets.length, 64);
  packets.forEach((packet, i) => engine.bytes.set(packet, slots.address + i * slots.slotBytes));
  const takeAll = () => packets.forEach((_, i) => assert.equal(reassembler.accept(slots, i), "accepted"));
  takeAll();
  reassembler.take(2);
  const cut = cutRows(40, 6, 1, 16, 1);
  reassembler.open(2, { plan: 77, cut, planes: 1, itemBytes: 3, checksum: "crc32c" });
  const subarray = Uint8Array.prototype.subarray;
  let views = 0;
  Uint8Array.prototype.subarray = function (this: Uint8Array, ...range: [number?, number?]) {
    views++;
    return subarray.apply(this, range);
  } as typeof subarray;
  try {
    takeAll();
  } finally {
    Uint8Array.prototype.subarray = subarray;
  }
  assert.equal(views, 0);
});
