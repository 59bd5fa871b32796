import assert from "node:assert/strict";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import {
  argumentAddress,
  COUNTER,
  counterAddress,
  DROP_REASONS,
  REGISTER,
} from "../../kernels/rtl/registers.ts";
import { compile } from "../../kernels/compile.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import { FLAG, HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { itemBytes } from "../../serialize/sampling.ts";
import { noise } from "../support/images.ts";
import { behaves, ITEM, LONGEST, packetOf, PLAN, seal, verdict } from "./packets.ts";
import { load, packetsOf, sealed } from "./plans.ts";
import { openRtl, type Rtl } from "./rtl.ts";
import { longTest } from "../support/long.ts";

// What `deno task mutate` found no other test to notice.

/** A kernel that gives packets back. */
async function openEcho(item = ITEM): Promise<Rtl> {
  const echo = await openRtl("packet_echo");
  echo.configure(PLAN, KIND.cells, LONGEST, item);
  return echo;
}

/** Sends packets to a card that lets none out. */
function stuff({ card }: Rtl, packets: readonly Uint8Array[], cycles = 400): void {
  let at = 0;
  packets.forEach((packet, index) => {
    card.input.set(packet, at);
    card.ends[index] = at += packet.length;
  });
  assert.throws(() => card.run(packets.length, { take: 16 }, cycles), /did not end/);
  // A run that is given up leaves a read under way, whose word the next read is given.
  card.read(REGISTER.control);
  assert.equal(card.read(counterAddress(COUNTER.present)), packets.length);
}

/** Borders of the checks on both sides, by what they do to a header. */
const FAULTS: readonly ((view: DataView) => void)[] = [
  () => {},
  (view) => view.setUint8(0, 0),
  (view) => view.setUint8(4, 2),
  ...[0, 2, 3, 4, 5, 6, 255].map((kind) => (view: DataView) => view.setUint8(5, kind)),
  ...[FLAG.first, FLAG.last, 32, 2 ** 15].map((flag) => (view: DataView) =>
    view.setUint16(6, view.getUint16(6, true) ^ flag, true)
  ),
  ...[0, 1, ITEM, 8192, 8193, 65535].map((length) => (view: DataView) => view.setUint16(20, length, true)),
  ...[0, 1].map((more) => (view: DataView) => view.setUint16(22, view.getUint16(20, true) + more, true)),
  ...[0, 1, 2 ** 24, 2 ** 24 + 1].map((packets) => (view: DataView) => view.setUint32(16, packets, true)),
  ...[6, 7, 8].map((sequence) => (view: DataView) => view.setUint32(12, sequence, true)),
  ...[1, 2 ** 15].map((high) => (view: DataView) => view.setUint16(38, high, true)),
  ...[1, 2 ** 31].map((reserved) => (view: DataView) => view.setUint32(44, reserved, true)),
  (view) => view.setUint32(24, PLAN ^ 2 ** 31, true),
];

Deno.test("RTL: two faults in a header are dropped by the name of the first, at the border of each check", async () => {
  const echo = await openEcho();
  const seen = new Set<string>();
  for (const first of FAULTS) {
    const packets: Uint8Array[] = [];
    for (const second of FAULTS) {
      for (
        const cut of [HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 5 * ITEM - 1, HEADER_BYTES + 5 * ITEM]
      ) {
        for (const checked of [true, false]) {
          const packet = packetOf(5 * ITEM, 3, 7, 5, checked);
          const view = new DataView(packet.buffer);
          first(view);
          second(view);
          packets.push(packet.slice(0, cut));
          if (!checked) continue;
          view.setUint32(OFFSET.crc, seal(packet), true);
          packets.push(packet.slice(0, cut));
        }
      }
    }
    packets.forEach((packet) => seen.add(verdict(packet)));
    behaves(packets, echo.run(packets));
  }
  // All but those of pages.
  assert.equal(seen.size, DROP_REASONS.length - 4);
});

Deno.test("RTL: items of three bytes: only a multiple of them is taken", async () => {
  const packets = Array.from({ length: 200 }, (_, at) => packetOf(at + 1, 0, 1, at));
  behaves(packets, (await openEcho(3)).run(packets), 3);
});

Deno.test("RTL: packets longer than the store, or than any count of beats, are judged as on the host", async () => {
  const echo = await openEcho();
  const short = packetOf(ITEM, 0, 1, 1);
  // What follows an announced payload is ignored, however long it is.
  const trailing = [5000, 16384, 20000, 40000].map((bytes) => {
    const packet = new Uint8Array(bytes).fill(0x4f);
    packet.set(short);
    return packet;
  });
  for (const packet of [packetOf(8192, 0, 1, 2), packetOf(60000, 0, 1, 3), ...trailing]) {
    const packets = [short, packet, short, packet, packet, short];
    behaves(packets, echo.run(packets));
  }
});

Deno.test("RTL: arguments wait for the packets inside, and packets wait for the arguments", async () => {
  const echo = await openEcho();
  stuff(echo, [packetOf(LONGEST, 0, 9, 1)]);
  const { card } = echo;
  card.write(argumentAddress(0), PLAN + 1);
  card.write(REGISTER.control, 1);
  assert.equal(card.read(REGISTER.control) & 1, 1, "the arguments were taken under a packet");
  const next = packetOf(ITEM, 0, 1, 2);
  new DataView(next.buffer).setUint32(24, PLAN + 1, true);
  card.input.set(sealed(next));
  card.ends[0] = next.length;
  assert.equal(card.run(1), 2);
  assert.equal(card.read(REGISTER.control) & 3, 2);
  assert.equal(card.counters().packets, 2);
});

/** Any table: the echo has none. */
const TABLE = 5;

Deno.test("RTL: a table waits for the packets inside, and packets wait for the table", async () => {
  const echo = await openEcho();
  const packet = packetOf(LONGEST, 0, 9, 1);
  stuff(echo, [packet]);
  assert.throws(() => echo.card.loadTable(0, [1, 2, 3]), /packets are inside/);
  // A table that comes beside packets is taken between two of them.
  echo.card.queue([{ words: [TABLE * 65536, 3], entries: new Uint8Array(12), perWord: 1 }]);
  echo.card.input.set(packet);
  echo.card.input.set(packet, packet.length);
  echo.card.ends.set([packet.length, 2 * packet.length]);
  assert.equal(echo.card.run(2), 3);
  const { words, packets, cycles } = echo.card.counters();
  assert.deepEqual({ words, packets }, { words: 4, packets: 3 });
  const beats = Math.ceil(packet.length / 32);
  assert(cycles > 4 * beats, `${cycles} cycles: the packets behind the table did not wait for those before`);
});

Deno.test("RTL: registers: done until it is read, idle, interrupts until they are cleared, arguments", async () => {
  const { card } = await openEcho();
  const status = REGISTER.interrupt + 8;
  assert.equal(card.read(REGISTER.control), 4, "card.start() has read that it is done");
  card.write(REGISTER.control, 1);
  assert.equal(card.read(status), 0, "no interrupt is raised that is not enabled");
  assert.equal(card.read(REGISTER.control), 6);
  assert.equal(card.read(REGISTER.control), 4);
  card.write(REGISTER.interrupt, 1);
  card.write(REGISTER.interrupt + 4, 3);
  card.write(REGISTER.control, 1);
  assert.deepEqual([0, 4].map((offset) => card.read(REGISTER.interrupt + offset)), [1, 3]);
  assert.equal(card.read(status), 3);
  card.write(status, 1);
  assert.equal(card.read(status), 2);
  card.write(status, 2);
  assert.equal(card.read(status), 0);
  assert.deepEqual([0, 1, 2].map((n) => card.read(argumentAddress(n))), [PLAN, KIND.cells, LONGEST]);
});

Deno.test("RTL: beats, packets and words of tables are counted while others pass", async () => {
  const echo = await openEcho();
  const before = echo.card.counters();
  const packets = Array.from({ length: 200 }, (_, at) => packetOf((1 + at % 84) * ITEM, at % 9, 9, at));
  const beats = packets.reduce((sum, packet) => sum + Math.ceil(packet.length / 32), 0);
  // The host takes slowly, so that stores fill: that is no stall for a table.
  echo.run(packets, { send: 3, take: 10 });
  echo.card.loadTable(0, new Uint8Array(77));
  const after = echo.card.counters();
  assert.deepEqual(after, {
    ...before,
    cycles: after.cycles,
    words: before.words + 78,
    beatsIn: before.beatsIn + beats,
    beatsOut: before.beatsOut + beats,
    packets: before.packets + 200,
  });
});

Deno.test("RTL: a table is loaded from any entry on", () => {
  const input = noise(1, 20, 20, 3, 1);
  const plan = compile({ steps: [{ op: "resize", size: [15, 15] }] }, { input, device: RTL_PROFILE });
  const rtl = load(plan);
  const sent = packetsOf(plan, input);
  const { answers } = rtl.run(sent);
  for (const { table, entries } of rtlProgram(plan).tables) {
    rtl.card.loadTable(table, new Uint8Array(entries.length));
    const all = Array.from(entries);
    for (const [from, to] of [[7, all.length], [3, 7], [0, 3]]) {
      // The first word of a load is its table times 2^16, and its first entry.
      rtl.card.loadTable(table + from! / 65536, all.slice(from, to));
    }
  }
  assert.deepEqual(rtl.run(sent).answers, answers);
});

longTest("RTL: answers do not depend on pauses when beats are held back all the way", () => {
  const steps: ImagePipeline["steps"] = [{ op: "resize", size: [200, 200] }, {
    op: "normalize",
    range: "0-1",
    dtype: "f32",
  }];
  const input = noise(1, 50, 50, 3, 1);
  const plan = compile({ steps }, { input, device: RTL_PROFILE });
  const rtl = load(plan);
  const step = itemBytes(plan.body.layout.kind, 3);
  const whole = packetsOf(plan, input);
  // Lengths of all remainders, one behind another: a packet's last samples may begin another beat, and where
  // the core is held back depends on all lengths before.
  for (let stride = 1; stride < 32; stride += 2) {
    const sent = whole.slice(0, 200).map((packet, at) => {
      const length = packet.length - HEADER_BYTES - at * stride % 32 * step;
      if (length <= 0) return packet;
      const shorter = packet.slice(0, HEADER_BYTES + length);
      new DataView(shorter.buffer).setUint16(20, length, true);
      return sealed(shorter);
    });
    const { answers } = rtl.run(sent);
    assert.equal(answers.length, sent.length);
    for (const take of [11, 13, 15]) assert.deepEqual(rtl.run(sent, { take, seed: stride }).answers, answers);
  }
});

Deno.test("RTL: drops at the door and behind the kernel are all counted, at once too", () => {
  const input = noise(1, 40, 40, 1, 1);
  const plan = compile({ steps: [{ op: "resize", size: [160, 160] }] }, { input, device: RTL_PROFILE });
  const rtl = load(plan);
  const wanted: Record<string, number> = { none: 0, magic: 0, weight: 0 };
  const sent = packetsOf(plan, input).map((packet, at) => {
    const name = Object.keys(wanted)[Math.floor(at * at / 7) % 3]!;
    wanted[name]!++;
    const length = itemBytes(plan.body.layout.kind, 1) * (1 + at % 11);
    const result = packet.slice(0, HEADER_BYTES + length);
    const view = new DataView(result.buffer);
    view.setUint16(20, length, true);
    if (name === "magic") result[0] = 0;
    if (name === "weight") view.setUint32(HEADER_BYTES + 4, 2 ** 31, true);
    return sealed(result);
  });
  const { answers, drops } = rtl.run(sent);
  assert.deepEqual({
    none: answers.length,
    magic: drops[DROP_REASONS.indexOf("magic")],
    weight: drops[DROP_REASONS.indexOf("weight")],
  }, wanted);
});

Deno.test("RTL: drops of one reason at the door and by the rows' intake are all counted, at once too", () => {
  const input = noise(1, 12, 90, 3, 1);
  const plan = compile({ steps: [{ op: "resize", size: [6, 40], match: "pillow" }] }, {
    input,
    device: RTL_PROFILE,
  });
  const rtl = load(plan);
  const [first] = packetsOf(plan, input);
  // Every second packet lies beyond the flow, which the intake finds; the others hold half a pixel.
  const sent = Array.from({ length: 600 }, (_, at) => {
    const length = at % 2 === 0 ? 3 * (1 + at % 70) : 3 * (1 + (at * at) % 60) + 1;
    const packet = first!.slice(0, HEADER_BYTES + length);
    const view = new DataView(packet.buffer);
    view.setUint16(OFFSET.length, length, true);
    if (at % 2 === 0) view.setUint32(OFFSET.position, 2 ** 30, true);
    return sealed(packet);
  });
  const { answers, drops } = rtl.run(sent);
  assert.equal(answers.length, 0);
  assert.equal(drops[DROP_REASONS.indexOf("items")], sent.length);
});
