import fc from "fast-check";
import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { IMAGE_ARGUMENTS } from "../../kernels/rtl/registers.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { cellBytes } from "../../serialize/sampling.ts";
import { HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { noise } from "../support/images.ts";
import { ITEM, LONGEST, packetOf, PLAN, verdict } from "./packets.ts";
import { load, packetsOf, sealed } from "./plans.ts";
import { openRtl } from "./rtl.ts";

const echo = await openRtl("packet_echo");
echo.configure(PLAN, KIND.cells, LONGEST, ITEM);

const pauses = fc.record({
  send: fc.integer({ min: 0, max: 12 }),
  take: fc.integer({ min: 0, max: 12 }),
  seed: fc.nat(),
});

Deno.test("RTL: an answer goes to the socket of its request, whatever is dropped at the door", () => {
  const any = fc.record({
    items: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: LONGEST / ITEM })),
    seed: fc.nat(9999),
    bad: fc.constantFrom(-1, -1, 0, 20, 60, 70),
    cut: fc.constantFrom(0, 0, 0, 1, 33),
    socket: fc.nat(65535),
  });
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 60 }), pauses, (list, pauses) => {
      const packets = list.map(({ items, seed, bad, cut }) => {
        const packet = packetOf(items * ITEM, 0, 1, seed);
        if (bad >= 0) packet[bad]! ^= 1;
        return packet.slice(0, packet.length - cut);
      });
      const { answered } = echo.run(packets, pauses, list.map(({ socket }) => socket));
      const sound = list.filter((_, at) => verdict(packets[at]!) === "none");
      assert.deepEqual(answered, sound.map(({ socket }) => socket));
    }),
    { numRuns: 120 },
  );
});

Deno.test("RTL: as many short packets as have room inside keep their sockets", () => {
  const packets = Array.from({ length: 1000 }, (_, at) => packetOf(ITEM, 0, 1, at));
  const sockets = packets.map((_, at) => (at * 40503) & 0xffff);
  for (const take of [0, 15]) assert.deepEqual(echo.run(packets, { take }, sockets).answered, sockets);
});

Deno.test("RTL: a packet that the core stalls at its last beat keeps its socket, and the next ones theirs", async () => {
  // Samples of one byte that leave as they come; two packets wait in the core, whatever their length.
  const rtl = await openRtl("packet_image");
  const values: Record<string, number> = { plan: PLAN, kind: KIND.cells, longest: LONGEST, channels: 1 };
  rtl.card.start(IMAGE_ARGUMENTS.map(({ name }) => values[name] ?? 0));
  const packets = Array.from({ length: 400 }, (_, at) => packetOf(1 + at % 70, 0, 1, at));
  const sockets = packets.map((_, at) => (at * 40503) & 0xffff);
  for (const take of [0, 6, 12, 15]) {
    const { answers, answered } = rtl.run(packets, { take, seed: take + 1 }, sockets);
    assert.equal(answers.length, packets.length);
    assert.deepEqual(answered, sockets);
  }
});

Deno.test("RTL: what is dropped behind the core takes no socket from the next answer", () => {
  const input = noise(1, 60, 80, 3, 1);
  const plan = compile({ steps: [{ op: "resize", size: [30, 50] }] }, { input, device: RTL_PROFILE });
  const rtl = load(plan);
  const packets = packetsOf(plan, input);
  for (let seed = 0; seed < 8; seed++) {
    const sent = packets.map((packet) => packet.slice());
    const bad = sent.filter((_, at) => (at * 5 + seed) % 3 === 0);
    for (const packet of bad) {
      new DataView(packet.buffer).setUint32(HEADER_BYTES + cellBytes(3) - 4, 2 ** 32 - 1, true);
      sealed(packet);
    }
    const sockets = sent.map((_, at) => (at + 1) * 257);
    const { answered, drops } = rtl.run(sent, { take: seed * 2, seed }, sockets);
    assert.equal(drops[15], bad.length);
    assert.deepEqual(answered, sockets.filter((_, at) => !bad.includes(sent[at]!)));
  }
});
