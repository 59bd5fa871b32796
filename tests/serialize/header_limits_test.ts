import assert from "node:assert/strict";
import { crc32c, crc32cPlain } from "../../serialize/crc32c.ts";
import { createEngine, MAX_ENGINE_BYTES } from "../../serialize/engine.ts";
import {
  FLAG,
  type Header,
  HEADER_BYTES,
  KIND,
  MAX_PACKETS,
  MAX_PAYLOAD,
  newHeader,
  readHeader,
  writeHeader,
} from "../../serialize/header.ts";
import {
  packetBytes,
  packetCrcPlain,
  readPacket,
  readPacketBytes,
  reserveSlots,
  slotAddress,
  slotBytesFor,
} from "../../serialize/packets.ts";
import { cutRows, locate, type Partition } from "../../serialize/partition.ts";
import { refusal } from "../support/failure.ts";
import { packetOf } from "../support/flows.ts";

const view = new DataView(new ArrayBuffer(MAX_PAYLOAD + 2 * HEADER_BYTES));

/** Writes a header and reads it back; what was read, and the refusal. */
function again(change: Partial<Header>, spoil: () => void = () => {}, at = 0, available = 9000) {
  const written = { ...newHeader(), sequence: 1, packets: 3, length: 1, ...change };
  writeHeader(view, at, written);
  spoil();
  const read = newHeader();
  return { written, read, refused: readHeader(view, at, available, read) };
}

Deno.test("kinds, flags and limits have the numbers that devices know", () => {
  assert.deepEqual(KIND, { cells: 1, samples: 2, tiles: 3, text: 4, tokens: 5 });
  assert.deepEqual(FLAG, { first: 1, last: 2, endOfText: 4, escape: 8, checked: 16 });
  assert.deepEqual([HEADER_BYTES, MAX_PAYLOAD, MAX_PACKETS], [64, 8192, 16_777_216]);
});

Deno.test("readHeader() accepts each field up to its limit", () => {
  const all = 2 ** 32 - 1;
  const accepted: Partial<Header>[] = [
    { length: MAX_PAYLOAD },
    { length: 5, overlap: 5 },
    { packets: MAX_PACKETS },
    { packets: MAX_PACKETS, sequence: MAX_PACKETS - 1, flags: FLAG.last },
    { packets: 1, sequence: 0, flags: FLAG.first | FLAG.last },
    { position: 2 ** 48 - 1 },
    { flow: all, plan: all, epoch: all },
    { flags: FLAG.endOfText | FLAG.escape | FLAG.checked },
    ...Object.values(KIND).map((kind) => ({ kind })),
  ];
  for (const change of accepted) {
    const { written, read, refused } = again(change);
    assert.deepEqual([refused, read], [null, written]);
  }
});

Deno.test("readHeader() refuses each field one beyond its limit, by name", () => {
  const refused: [Partial<Header>, string][] = [
    [{ length: 0 }, "length"],
    [{ length: MAX_PAYLOAD + 1 }, "length"],
    [{ length: 5, overlap: 6 }, "overlap"],
    [{ packets: 0 }, "packets"],
    [{ packets: MAX_PACKETS + 1 }, "packets"],
    [{ sequence: 3 }, "sequence"],
    [{ flags: FLAG.first }, "sequence"],
    [{ flags: FLAG.last }, "sequence"],
    [{ sequence: 0 }, "sequence"],
    [{ sequence: 2 }, "sequence"],
    [{ position: 2 ** 48 }, "position"],
    [{ flags: 32 }, "flags"],
    [{ kind: 0 as Header["kind"] }, "kind"],
    [{ kind: 6 as Header["kind"] }, "kind"],
    [{ kind: 33 as Header["kind"] }, "kind"],
  ];
  for (const [change, name] of refused) {
    const { read, refused } = again(change);
    assert.equal(refused, name);
    assert.deepEqual(read, newHeader(), "a refused packet leaves the header as it was");
  }
});

Deno.test("readHeader() wants the bytes that header and payload have", () => {
  const at = 32;
  assert.equal(again({ length: 9 }, undefined, at, HEADER_BYTES + 9).refused, null);
  assert.equal(again({ length: 9 }, undefined, at, HEADER_BYTES + 8).refused, "truncated");
  assert.equal(again({ length: 9 }, undefined, at, HEADER_BYTES).refused, "truncated");
  assert.equal(again({ length: 0 }, undefined, at, HEADER_BYTES).refused, "length");
  assert.equal(again({ length: 0 }, undefined, at, HEADER_BYTES - 1).refused, "truncated");
});

Deno.test("readHeader() wants zeros in the reserved field, and in the CRC of an unchecked packet", () => {
  assert.equal(again({}, () => view.setUint8(47, 1)).refused, "reserved");
  assert.equal(again({}, () => view.setUint8(40, 1)).refused, "crc");
  assert.equal(again({ flags: FLAG.checked }, () => view.setUint8(40, 1)).refused, null);
  assert.equal(again({}, () => view.setUint8(48, 1)).refused, null);
});

Deno.test("writeHeader() clears the CRC and all that follows it, and no byte behind the header", () => {
  new Uint8Array(view.buffer).fill(0xa5);
  again({}, undefined, 8);
  const bytes = [...new Uint8Array(view.buffer)];
  assert.deepEqual(bytes.slice(48, 72), Array(24).fill(0));
  assert.deepEqual([bytes[7], bytes[72]], [0xa5, 0xa5]);
});

Deno.test("readPacket() and readPacketBytes() agree on CRCs, whatever follows the packet", () => {
  const slots = reserveSlots(createEngine(2 ** 14), 2, 64);
  const at = slotAddress(slots, 1);
  const header = newHeader();
  const both = (packet: Uint8Array) => {
    slots.engine.bytes.set(packet, at);
    const padded = new Uint8Array(packet.length + 9).fill(7);
    padded.set(packet, 4);
    const found = readPacket(slots, 1, header);
    assert.equal(readPacketBytes(padded.subarray(4), newHeader()), found);
    return found;
  };
  const flags = FLAG.first | FLAG.last | FLAG.checked;
  const packet = packetOf({ flags }, Uint8Array.of(1, 2, 3));
  assert.equal(both(packet), null);
  assert.deepEqual(packetBytes(slots, 1), packet);
  for (const place of [8, 40, 64, 66]) {
    const spoiled = packet.slice();
    spoiled[place]! ^= 1;
    assert.equal(both(spoiled), "crc");
  }
  const unchecked = packetOf({ flags: FLAG.first | FLAG.last }, Uint8Array.of(1, 2, 3));
  assert.equal(both(unchecked), null);
  unchecked[66]! ^= 1;
  assert.equal(both(unchecked), null);
  assert.equal(packetCrcPlain(packet), new DataView(packet.buffer).getUint32(40, true));
});

Deno.test("slotBytesFor() rounds header and payload up to 64 bytes", () => {
  assert.deepEqual([1, 64, 65, 128, 129].map(slotBytesFor), [128, 128, 192, 192, 256]);
  assert.equal(slotBytesFor(MAX_PAYLOAD), MAX_PAYLOAD + 64);
  for (const payload of [0, MAX_PAYLOAD + 1]) {
    assert.throws(() => slotBytesFor(payload), refusal("size", /payload/));
  }
});

Deno.test("reserveSlots() accepts 1 to 2^20 slots, of which each has its bytes", () => {
  const engine = createEngine(2 ** 16);
  const slots = reserveSlots(engine, 3, 65);
  assert.deepEqual([slots.slots, slots.slotBytes, slotAddress(slots, 2) - slots.address], [3, 192, 384]);
  assert(engine.reserve(1) >= slots.address + 3 * 192);
  for (const count of [0, 2 ** 20 + 1]) {
    assert.throws(() => reserveSlots(engine, count, 1), refusal("size", /slot count/));
  }
  // 2^20 slots are accepted, and the engine has no room for them.
  assert.throws(() => reserveSlots(engine, 2 ** 20, 1), refusal("size", /are left/));
  assert.equal(reserveSlots(engine, 1, 1).slots, 1);
});

Deno.test("createEngine() reserves at 64 bytes, to its last byte, in memory of its capacity", () => {
  for (const capacity of [-1, MAX_ENGINE_BYTES + 1]) {
    assert.throws(() => createEngine(capacity), refusal("size", /capacity/));
  }
  assert.equal(MAX_ENGINE_BYTES, 2 ** 30);
  for (const capacity of [0, 1, 43_648, 43_649, 100_000]) {
    const engine = createEngine(capacity);
    const free = engine.bytes.length - 21_760;
    assert(free >= capacity + 128 && free < capacity + 128 + 65_536, `${capacity}`);
    assert.equal(engine.reserve(0), 21_760);
    assert.equal(engine.view.buffer, engine.bytes.buffer);
    const left = engine.bytes.length - 21_760;
    assert.throws(() => engine.reserve(left + 1), refusal("size", new RegExp(`${left} bytes are left`)));
    assert.equal(engine.reserve(left), 21_760);
    assert.throws(() => engine.reserve(1), refusal("size", / 0 bytes are left/));
  }
  const engine = createEngine(2 ** 18);
  assert.equal(engine.reserve(1, 65_536) % 65_536, 0);
  for (const alignment of [32, 2 ** 17]) {
    assert.throws(
      () => engine.reserve(1, alignment),
      refusal("size", /expected a whole number from 6 to 16/),
    );
  }
  assert.equal(engine.reserve(1) % 65_536, 64);
  // What goes beyond the end by its alignment alone has nothing left.
  assert.throws(() => createEngine(0).reserve(1, 65_536), refusal("size", / 0 bytes are left/));
});

Deno.test("crc32c() takes eight bytes at a time and the rest one by one", () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, at) => 255 - at * 5);
  for (let from = 0; from < 9; from++) {
    for (let to = from; to <= 40; to++) {
      const part = bytes.subarray(from, to);
      assert.equal(crc32c(part), crc32cPlain(part));
      assert.equal(crc32c(bytes.subarray(to), crc32c(bytes.subarray(0, to))), crc32cPlain(bytes));
    }
  }
  assert.equal(crc32c(new Uint8Array(0)), 0);
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

Deno.test("cutRows() accepts each size up to its limit and refuses one beyond", () => {
  const sides: [(value: number) => Partition, least: number, most: number][] = [
    [(width) => cutRows(width, 1, 1, 2 ** 16), 1, 2 ** 24],
    [(height) => cutRows(1, height, 1, 2 ** 16), 1, 2 ** 24],
    [(images) => cutRows(1, 1, images, 1), 1, 2 ** 24],
    [(most) => cutRows(1, 1, 1, most), 1, 2 ** 16],
    [(multiple) => cutRows(8, 1, 1, 8, multiple), 1, 8],
  ];
  for (const [cut, least, most] of sides) {
    for (const value of [least, most]) cut(value);
    for (const value of [least - 1, most + 1]) assert.throws(() => cut(value), refusal("size", /Cannot use/));
  }
  assert.equal(cutRows(2 ** 12, 2 ** 12, 1, 1).packets, MAX_PACKETS);
  assert.throws(() => cutRows(2 ** 12, 2 ** 12 + 1, 1, 1), refusal("size", /maximum of 16777216/));
});

Deno.test("cutRows() puts whole rows into packets, or cuts rows into equal parts of whole bus words", () => {
  const shape = (...args: Parameters<typeof cutRows>) => {
    const { packetsPerRow, rowsPerPacket, itemsPerPacket, packets } = cutRows(...args);
    return [packetsPerRow, rowsPerPacket, itemsPerPacket, packets];
  };
  assert.deepEqual(shape(10, 7, 2, 30), [1, 3, 30, 6]);
  assert.deepEqual(shape(10, 7, 2, 29), [1, 2, 20, 8]);
  assert.deepEqual(shape(10, 2, 1, 30), [1, 2, 20, 1]);
  assert.deepEqual(shape(10, 7, 1, 30, 1, 1), [1, 1, 10, 7]);
  assert.deepEqual(shape(10, 7, 1, 10), [1, 1, 10, 7]);
  assert.deepEqual(shape(10, 7, 1, 9), [2, 1, 5, 14]);
  assert.deepEqual(shape(10, 7, 1, 9, 4), [2, 1, 8, 14]);
  assert.deepEqual(shape(9, 1, 1, 5, 2), [3, 1, 4, 3]);
});

Deno.test("locate() gives what is left to the last packet of a row and of an image", () => {
  const spans = (cut: Partition) =>
    Array.from({ length: cut.packets }, (_, sequence) => {
      const span = { first: 0, count: 0 };
      locate(cut, sequence, span);
      return [span.first, span.count];
    });
  assert.deepEqual(spans(cutRows(5, 2, 1, 3)), [[0, 3], [3, 2], [5, 3], [8, 2]]);
  assert.deepEqual(spans(cutRows(2, 3, 2, 5)), [[0, 4], [4, 2], [6, 4], [10, 2]]);
});
