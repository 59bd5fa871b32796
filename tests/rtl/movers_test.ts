import fc from "fast-check";
import assert from "node:assert/strict";
import { HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { COUNTER, counterAddress, DROP_REASONS } from "../../kernels/rtl/registers.ts";
import {
  MOVER_ERRORS,
  moverAddress,
  PACKETS_ARGUMENTS,
  PACKETS_STATUS,
  TABLE_LIST,
  writeTableListEntry,
} from "../../kernels/rtl/movers.ts";
import { randomBytes } from "../support/random.ts";
import { type Host, MEMORY_BASE, openHost, UNIT } from "./host.ts";
import { ITEM, LONGEST, packetOf, PLAN, verdict } from "./packets.ts";
import { itemArgument } from "./rtl.ts";

const host = await openHost();
host.configure([PLAN, KIND.cells, LONGEST, itemArgument(ITEM)]);

/** Where packets and answers are in most tests, and what memory is outside of what is written. */
const FROM = 64 * 63, TO = 1 << 20, FILL = 0xa5;

const manners = fc.record({
  pause: fc.integer({ min: 0, max: 12 }),
  latency: fc.integer({ min: 1, max: 90 }),
  seed: fc.nat(),
});

/** A packet that comes back, or one that is dropped for a field that is wrong. */
const packet = fc.record({
  items: fc.integer({ min: 1, max: LONGEST / ITEM }),
  seed: fc.nat(9999),
  wrong: fc.constantFrom(null, null, null, 0, 4, 24, 44),
}).map(({ items, seed, wrong }) => {
  const bytes = packetOf(items * ITEM, seed % 7, 100, seed);
  if (wrong !== null) bytes[wrong]! ^= 1;
  return bytes;
});

/** What the model of the mover does with packets of the echo: the bytes of status and slots. */
function expected(packets: readonly Uint8Array[], slot: number, answer: number, room: number): Uint8Array {
  const all = new Uint8Array(PACKETS_STATUS.bytes + room * answer).fill(FILL);
  all.fill(0, 0, PACKETS_STATUS.bytes);
  const view = new DataView(all.buffer);
  // A packet is as long as its header says, and no longer than its slot.
  const sent = packets.map((bytes) => bytes.subarray(0, slot));
  const answers = sent.filter((bytes) => verdict(bytes) === "none");
  const fitting = answers.filter(({ length }) => length <= answer);
  fitting.slice(0, room).forEach((bytes, n) => all.set(bytes, PACKETS_STATUS.bytes + n * answer));
  view.setUint32(PACKETS_STATUS.answers, Math.min(room, fitting.length), true);
  view.setUint32(PACKETS_STATUS.surplus, Math.max(0, fitting.length - room), true);
  view.setUint32(PACKETS_STATUS.tooLong, answers.length - fitting.length, true);
  return all;
}

function put(host: Host, from: number, slot: number, packets: readonly Uint8Array[]): void {
  host.memory.fill(FILL);
  packets.forEach((bytes, n) => host.memory.set(bytes.subarray(0, slot), from + n * slot));
}

/** All of memory behind the packets is as it is expected. */
function sameMemory(host: Host, to: number, bytes: Uint8Array): void {
  assert.deepEqual(host.memory.subarray(to, to + bytes.length), bytes);
  const outside = (from: number, end: number) =>
    host.memory.subarray(from, end).every((byte) => byte === FILL);
  assert(outside(TO - 4096, to) && outside(to + bytes.length, to + bytes.length + 8192), "bytes around");
}

const slots = fc.integer({ min: 2, max: 23 }).map((beats) => 64 * beats);

Deno.test("RTL movers: packets go to the kernel and answers to slots, whatever memory does, run behind run", () => {
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 24 }),
      slots,
      slots,
      fc.integer({ min: 1, max: 24 }),
      fc.nat(63),
      fc.nat(63),
      manners,
      (packets, slot, answer, room, fromBeat, toBeat, manners) => {
        host.manners(manners);
        // Bursts end at borders of 4096 bytes, wherever the slots begin.
        const from = FROM + 64 * fromBeat, to = TO + 64 * toBeat;
        put(host, from, slot, packets);
        host.packets({ from, to, count: packets.length, slot, answer, room });
        sameMemory(host, to, expected(packets, slot, answer, room));
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("RTL movers: an answer that ends sooner or later than its header says shifts no other one", async () => {
  const other = await openHost();
  other.configure([PLAN, KIND.cells, LONGEST, itemArgument(ITEM)]);
  const slot = 1408, answer = 1408, room = 12;
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: room }),
      fc.integer({ min: -400, max: 800 }),
      fc.nat(63),
      manners,
      (packets, longer, toBeat, manners) => {
        other.manners(manners);
        const to = TO + 64 * toBeat;
        put(other, FROM, slot, packets);
        other.longer(longer);
        other.packets({ from: FROM, to, count: packets.length, slot, answer, room });
        const all = expected([], slot, answer, room);
        const view = new DataView(all.buffer);
        let [stored, tooLong] = [0, 0];
        for (const bytes of packets.filter((bytes) => verdict(bytes) === "none")) {
          const payload = (bytes.length - HEADER_BYTES + longer) & 0xffff;
          const said = HEADER_BYTES + payload;
          if (said > answer) {
            tooLong++;
            continue;
          }
          const at = PACKETS_STATUS.bytes + answer * stored++;
          all.set(bytes.subarray(0, said), at);
          view.setUint16(at + 20, payload, true);
          // The rest of the answer's last beat is what the stream has there; beats that do not come are not written.
          const end = Math.min(said, Math.ceil(bytes.length / 64) * 64);
          if (end > bytes.length) {
            all.set(other.memory.subarray(to + at + bytes.length, to + at + end), at + bytes.length);
          }
        }
        view.setUint32(PACKETS_STATUS.answers, stored, true);
        view.setUint32(PACKETS_STATUS.tooLong, tooLong, true);
        sameMemory(other, to, all);
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("RTL movers: a run that sends nothing has a status of zeros", () => {
  host.manners({ pause: 0, latency: 9, seed: 1 });
  put(host, FROM, 128, []);
  host.packets({ from: FROM, to: TO, count: 0, slot: 128, answer: 128, room: 4 });
  sameMemory(host, TO, expected([], 128, 128, 4));
});

Deno.test("RTL movers: a run of dropped packets ends, and the counters of the kernel can be read meanwhile", async () => {
  const other = await openHost();
  other.configure([PLAN, KIND.cells, LONGEST, itemArgument(ITEM)]);
  other.manners({ pause: 4, latency: 20, seed: 5 });
  const packets = Array.from({ length: 30 }, (_, n) => packetOf(ITEM * (1 + n), n, 100, n).with(0, 0));
  put(other, FROM, 1408, packets);
  // The host reads the kernel's registers meanwhile, and so does what watches it.
  const seen: number[] = [];
  other.packets({ from: FROM, to: TO, count: 30, slot: 1408, answer: 1408, room: 30 }, () => {
    seen.push(other.read(UNIT.core, counterAddress(COUNTER.beatsIn)));
  });
  sameMemory(other, TO, expected(packets, 1408, 1408, 30));
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  assert(new Set(seen).size > 20, "beats come in as it runs");
  for (const [name, high] of [["from", 4], ["to", 4], ["count", 0]] as const) {
    const at = moverAddress(PACKETS_ARGUMENTS, name);
    assert.equal(other.read(UNIT.packets, at + 4), high, `the upper word of ${name}`);
  }
  assert.equal(other.read(UNIT.packets, moverAddress(PACKETS_ARGUMENTS, "to")), TO);
  assert.equal(other.read(UNIT.core, counterAddress(COUNTER.packets)), 0);
  assert.equal(other.read(UNIT.core, counterAddress(COUNTER.drops + DROP_REASONS.indexOf("magic"))), 30);
});

Deno.test("RTL movers: both words of an address are written and read alone, in either order", async () => {
  const other = await openHost();
  for (const name of ["from", "to"] as const) {
    const at = moverAddress(PACKETS_ARGUMENTS, name);
    for (const order of [[0, 4], [4, 0], [0], [4]]) {
      const values = [0x1234_5678, 0x0abc_def0].map((value) => value + order.length + order[0]!);
      const expected = [0, 4].map((offset, n) =>
        order.includes(offset) ? values[n] : other.read(UNIT.packets, at + offset)
      );
      for (const offset of order) other.write(UNIT.packets, at + offset, values[offset / 4]!);
      assert.deepEqual([0, 4].map((offset) => other.read(UNIT.packets, at + offset)), expected, `${order}`);
    }
  }
});

Deno.test("RTL movers: a beat a cycle of memory, and the kernel's own pace", () => {
  const count = 60, slot = 1408;
  const packets = Array.from({ length: count }, (_, n) => packetOf(LONGEST, n, count, n));
  for (const latency of [1, 40, 90]) {
    host.manners({ pause: 0, latency, seed: 1 });
    put(host, FROM, slot, packets);
    const cycles = host.packets({ from: FROM, to: TO, count, slot, answer: slot, room: count });
    sameMemory(host, TO, expected(packets, slot, slot, count));
    // The kernel takes 256 bits a cycle, so two for a beat of memory; what is more is the way there and back,
    // and four times memory's latency: the first beat, the last confirmation, the status and its confirmation.
    const beats = 2 * count * slot / 64;
    assert(cycles < beats + 4 * latency + 200, `${cycles} cycles for ${beats} at latency ${latency}`);
  }
});

Deno.test("RTL movers: beats that memory refuses are counted in the status and a register, and the run ends", async () => {
  const other = await openHost();
  other.configure([PLAN, KIND.cells, LONGEST, itemArgument(ITEM)]);
  const slot = 192, count = 40;
  const packets = Array.from({ length: count }, (_, n) => packetOf(8 * ITEM, n, count, n));
  let total = 0;
  const failures = (to: number) =>
    new DataView(other.memory.buffer, other.memory.byteOffset + to).getUint32(PACKETS_STATUS.failed, true);
  const check = (to: number, wanted: (found: number) => boolean) => {
    const found = failures(to);
    assert(wanted(found), `${found} beats and bursts`);
    total += found;
    assert.equal(other.read(UNIT.packets, MOVER_ERRORS), total);
  };
  for (const seed of [1, 2, 3]) {
    other.manners({ pause: 4 * (seed - 1), latency: 20, seed });
    const run = { from: FROM, to: TO, count, slot, answer: slot, room: count };
    put(other, FROM, slot, packets);
    // Seven beats of the requests, and then the answers' bursts in a page of memory.
    other.poison(FROM + 3 * 64, FROM + 10 * 64);
    other.packets(run);
    check(TO, (found) => found === 7);
    other.poison(TO + 4096, TO + 8192);
    other.packets(run);
    check(TO, (found) => found > 0);
    other.poison(0, 0);
    other.packets(run);
    check(TO, (found) => found === 0);
    sameMemory(other, TO, expected(packets, slot, slot, count));
  }
});

Deno.test("RTL movers: a run with slots of less than a beat is refused in the status, and ends", async () => {
  const other = await openHost();
  other.configure([PLAN, KIND.cells, LONGEST, itemArgument(ITEM)]);
  put(other, FROM, 128, []);
  other.packets({ from: FROM, to: TO, count: 5, slot: 32, answer: 128, room: 4 });
  const all = expected([], 128, 128, 4);
  new DataView(all.buffer).setUint32(PACKETS_STATUS.refused, 1, true);
  sameMemory(other, TO, all);
  // Answers that fit no slot are too long.
  const packets = [packetOf(ITEM, 0, 1, 1)];
  put(other, FROM, 128, packets);
  other.packets({ from: FROM, to: TO, count: 1, slot: 128, answer: 0, room: 4 });
  const status = new DataView(other.memory.buffer, other.memory.byteOffset + TO);
  assert.deepEqual([PACKETS_STATUS.answers, PACKETS_STATUS.tooLong].map((at) => status.getUint32(at, true)), [
    0,
    1,
  ]);
});

Deno.test("RTL movers: entries of tables that memory refuses are counted in a register", async () => {
  const other = await openHost();
  const view = new DataView(other.memory.buffer, other.memory.byteOffset + FROM);
  writeTableListEntry(view, 0, { words: [], address: MEMORY_BASE + (1 << 17), entries: 64, width: 8 });
  other.poison((1 << 17) + 64, (1 << 17) + 192);
  other.tables(FROM, 1);
  assert.equal(other.read(UNIT.tables, MOVER_ERRORS), 2);
});

const load = fc.record({
  words: fc.array(fc.nat(0xffffffff), { maxLength: 8 }).map((all) => all.slice(0, all.length & ~1)),
  entries: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 })),
  width: fc.constantFrom(4 as const, 8 as const),
  beat: fc.nat(127),
  seed: fc.nat(9999),
});

Deno.test("RTL movers: a list of loads is sent word by word, whatever memory and kernel do", () => {
  const DATA = 1 << 17;
  fc.assert(
    fc.property(fc.array(load, { maxLength: 12 }), fc.nat(63), manners, (loads, listBeat, manners) => {
      host.manners(manners);
      host.memory.fill(0);
      const list = FROM + 64 * listBeat;
      const view = new DataView(host.memory.buffer, host.memory.byteOffset + list);
      const wanted: bigint[] = [];
      loads.forEach(({ words, entries, width, beat, seed }, n) => {
        const address = DATA + n * 16_384 + 64 * beat;
        const bytes = randomBytes(entries * width, seed);
        host.memory.set(bytes, address);
        writeTableListEntry(view, n, { words, address: MEMORY_BASE + address, entries, width });
        for (let at = 0; at < words.length; at += 2) {
          wanted.push(BigInt(words[at]!) | BigInt(words[at + 1]!) << 32n);
        }
        const data = new DataView(bytes.buffer);
        for (let at = 0; at < entries; at++) {
          wanted.push(width === 8 ? data.getBigUint64(8 * at, true) : BigInt(data.getUint32(4 * at, true)));
        }
      });
      assert.deepEqual(host.tables(list, loads.length).words, wanted);
    }),
    { numRuns: 400 },
  );
});

Deno.test("RTL movers: entries leave at a word a cycle", () => {
  host.manners({ pause: 0, latency: 40, seed: 1 });
  const entries = 4096;
  const view = new DataView(host.memory.buffer, host.memory.byteOffset + FROM);
  for (const width of [4, 8] as const) {
    writeTableListEntry(view, 0, { words: [], address: MEMORY_BASE + (1 << 17), entries, width });
    const { words, cycles } = host.tables(FROM, 1);
    assert.equal(words.length, entries);
    assert(cycles < 1.02 * entries + 200, `${cycles} cycles for ${entries}`);
  }
  assert.equal(TABLE_LIST.bytes, HEADER_BYTES);
});
