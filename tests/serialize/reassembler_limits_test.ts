import assert from "node:assert/strict";
import { createEngine } from "../../serialize/engine.ts";
import { FLAG, KIND } from "../../serialize/header.ts";
import { reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { outputBytes, Reassembler } from "../../serialize/reassembler.ts";
import { refusal } from "../support/failure.ts";
import { answerHeader, answersOf, packetOf, placementOf } from "../support/flows.ts";

const placement = placementOf({ images: 1 });
const bytes = outputBytes(placement);
const { packets } = placement.cut;

Deno.test("Reassembler.open() reserves up to the limit of bytes, and refuses one more", () => {
  const exact = new Reassembler({ bytes: 2 * bytes });
  exact.open(0, placement);
  exact.open(1, placement);
  assert.throws(() => exact.open(2, placement), refusal("size", /the limits are/));
  const short = new Reassembler({ bytes: 2 * bytes - 1 });
  short.open(0, placement);
  assert.throws(() => short.open(1, placement), refusal("size"));
  assert.throws(() => short.missing(1), refusal("size", /it is not open/));
});

Deno.test("Reassembler.take() and drop() give a flow's bytes back, once", () => {
  const reassembler = new Reassembler({ bytes });
  for (let flow = 0; flow < 3; flow++) {
    reassembler.open(flow, placement);
    for (const packet of answersOf(flow, placement, 1).packets) reassembler.acceptBytes(packet);
    reassembler.take(flow);
  }
  for (let flow = 3; flow < 6; flow++) {
    reassembler.open(flow, placement);
    reassembler.drop(flow);
    reassembler.drop(flow);
  }
  reassembler.open(7, placement);
  assert.throws(() => reassembler.open(8, placement), refusal("size"));
});

Deno.test("Reassembler.open() accepts the limit of flows, 64 by default, and refuses one more", () => {
  for (const limits of [{ flows: 1 }, { flows: 3 }, {}]) {
    const reassembler = new Reassembler(limits);
    const most = limits.flows ?? 64;
    for (let flow = 0; flow < most; flow++) reassembler.open(flow, placement);
    assert.throws(() => reassembler.open(most, placement), refusal("size"));
    reassembler.drop(0);
    reassembler.open(most, placement);
  }
});

Deno.test("Reassembler reserves 1 GiB by default and not a byte more", () => {
  const large = placementOf({ width: 2 ** 15, height: 2 ** 14, images: 1, most: 2 ** 15, itemBytes: 1 });
  assert.equal(outputBytes(large), 2 ** 29);
  const reassembler = new Reassembler();
  reassembler.open(0, large);
  reassembler.open(1, large);
  assert.throws(() => reassembler.open(2, placementOf({ width: 1, height: 1, images: 1 })), refusal("size"));
});

Deno.test("Reassembler accepts limits of 1 to 2^20 flows and 1 to 2^40 bytes", () => {
  new Reassembler({ flows: 1, bytes: 1 });
  new Reassembler({ flows: 2 ** 20, bytes: 2 ** 40 });
  for (const flows of [0, 2 ** 20 + 1, NaN]) {
    assert.throws(() => new Reassembler({ flows }), refusal("size", /flow limit/));
  }
  for (const limit of [0, 2 ** 40 + 1, 1.5]) {
    assert.throws(() => new Reassembler({ bytes: limit }), refusal("size", /byte limit/));
  }
});

Deno.test("Reassembler.open() refuses a flow that is open and memory of another length, and keeps its bytes", () => {
  const reassembler = new Reassembler({ bytes });
  for (const length of [bytes - 1, bytes + 1]) {
    assert.throws(
      () => reassembler.open(0, placement, new Uint8Array(length)),
      refusal("size", /the memory has/),
    );
  }
  const memory = new Uint8Array(bytes);
  reassembler.open(0, placement, memory);
  assert.throws(() => reassembler.open(0, placement), refusal("size", /already open/));
  const { packets, output } = answersOf(0, placement, 2);
  for (const packet of packets) reassembler.acceptBytes(packet);
  assert.equal(reassembler.take(0), memory);
  assert.deepEqual(memory, output);
});

Deno.test("Reassembler.gaps() lists at most as many ranges as asked for, each whole", () => {
  const wide = placementOf({ width: 40, height: 100, images: 1, most: 1 });
  const { packets } = answersOf(0, wide, 3);
  const reassembler = new Reassembler();
  reassembler.open(0, wide);
  assert.deepEqual(reassembler.gaps(0), [[0, packets.length - 1]]);
  for (let at = 2; at < packets.length; at += 3) reassembler.acceptBytes(packets[at]!);
  const all = reassembler.gaps(0, packets.length);
  assert.equal(all.length, Math.ceil(packets.length / 3));
  assert.deepEqual(all.slice(0, 3), [[0, 1], [3, 4], [6, 7]]);
  assert.deepEqual(reassembler.gaps(0, 2), all.slice(0, 2));
  assert.deepEqual(reassembler.gaps(0, 1), all.slice(0, 1));
  assert.deepEqual(reassembler.gaps(0), all.slice(0, 1024));
  assert.equal(reassembler.gaps(0).length, 1024);
});

Deno.test("Reassembler.take() names at most eight gaps, single packets without a range", () => {
  const { packets } = answersOf(0, placementOf({ width: 10, images: 1, most: 1 }), 4);
  const reassembler = new Reassembler();
  reassembler.open(0, placementOf({ width: 10, images: 1, most: 1 }));
  packets.forEach((packet, at) => at > 1 && at % 2 === 1 && reassembler.acceptBytes(packet));
  assert.throws(
    () => reassembler.take(0),
    refusal("gap", /21 of 40 packets are missing, first 0-2, 4, 6, 8, 10, 12, 14, 16$/),
  );
});

Deno.test("Reassembler counts what it refuses, by the check that failed", () => {
  const reassembler = new Reassembler();
  reassembler.open(1, placement);
  const header = answerHeader(1, placement, 1);
  const payload = new Uint8Array(header.length);
  const accept = (change: Partial<typeof header>, data = payload) =>
    reassembler.acceptBytes(packetOf({ ...header, ...change }, data));
  assert.equal(accept({ flow: 2 }), "flow");
  assert.equal(accept({ plan: 1 }), "plan");
  assert.equal(accept({ packets: packets + 1 }), "plan");
  assert.equal(accept({ flags: header.flags & ~FLAG.checked }), "crc");
  assert.equal(accept({ kind: KIND.cells }), "place");
  assert.equal(accept({ position: header.position + 1 }), "place");
  assert.equal(accept({}, payload.subarray(1)), "truncated");
  assert.equal(accept({ length: header.length - 3 }, payload.subarray(3)), "place");
  assert.equal(accept({ position: header.position + 1 }), "place");
  assert.deepEqual(reassembler.counts, { flow: 1, plan: 2, crc: 1, place: 4, truncated: 1 });
  assert.equal(reassembler.missing(1), packets);
  assert.equal(accept({}), "accepted");
  assert.equal(reassembler.lastFlow, 1);
  assert.equal((reassembler.counts as { accepted?: number }).accepted, 1);
  assert.equal(reassembler.missing(1), packets - 1);
});

Deno.test("Reassembler takes packets without CRC where the placement leaves the check to the link", () => {
  const link = placementOf({ images: 1, checksum: "link" });
  const reassembler = new Reassembler();
  reassembler.open(1, link);
  const { packets, output } = answersOf(1, link, 5);
  for (const packet of packets) assert.equal(reassembler.acceptBytes(packet), "accepted");
  assert.deepEqual(reassembler.take(1), output);
});

Deno.test("Reassembler puts payloads in their places, from slots and from bytes, whatever the planes", () => {
  for (const planes of [1, 3]) {
    for (const images of [1, 3]) {
      const each = placementOf({ planes, images, itemBytes: planes === 1 ? 3 : 2 });
      const { packets, output } = answersOf(4, each, planes + images);
      const longest = Math.max(...packets.map(({ length }) => length - 64));
      const reassembler = new Reassembler();
      for (let run = 0; run < 3; run++) {
        // Slots at one address of several engines: what is kept of one must not be taken for another.
        const slots = reserveSlots(createEngine(2 ** 16), packets.length, longest);
        packets.forEach((packet, at) => slots.engine.bytes.set(packet, slotAddress(slots, at)));
        reassembler.open(4, each);
        packets.forEach((_, at) => assert.equal(reassembler.accept(slots, at), "accepted"));
        assert.deepEqual(reassembler.take(4), output);
        slots.engine.bytes.fill(0, slots.address);
      }
      reassembler.open(4, each);
      packets.forEach((packet) => reassembler.acceptBytes(packet));
      assert.deepEqual(reassembler.take(4), output);
    }
  }
});

Deno.test("Reassembler.whenComplete() resolves with the last packet, at once where there is none left", async () => {
  const reassembler = new Reassembler();
  reassembler.open(1, placement);
  const { packets } = answersOf(1, placement, 6);
  let done = 0;
  const waits = [1, 2].map(async () => {
    await reassembler.whenComplete(1);
    done++;
  });
  for (const packet of packets.slice(0, -1)) reassembler.acceptBytes(packet);
  await Promise.resolve();
  assert.equal(done, 0);
  reassembler.acceptBytes(packets.at(-1)!);
  await Promise.all(waits);
  assert.equal(done, 2);
  await reassembler.whenComplete(1, { timeoutMs: 1 });
  reassembler.take(1);
  await assert.rejects(reassembler.whenComplete(1), refusal("size", /it is not open/));
});

Deno.test("Reassembler.drop() ends all waits for the flow and ignores unknown flows", async () => {
  const reassembler = new Reassembler();
  reassembler.open(1, placement);
  const waits = [reassembler.whenComplete(1), reassembler.whenComplete(1)];
  reassembler.drop(2);
  reassembler.drop(1);
  for (const wait of waits) await assert.rejects(wait, refusal("gap", /it was dropped/));
  assert.throws(() => reassembler.gaps(1), refusal("size", /it is not open/));
});
