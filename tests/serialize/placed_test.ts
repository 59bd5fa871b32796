import assert from "node:assert/strict";
import { createEngine } from "../../serialize/engine.ts";
import { type Header, newHeader } from "../../serialize/header.ts";
import { packetBytes, readPacket, reserveSlots } from "../../serialize/packets.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import { answersOf, placementOf } from "../support/flows.ts";

const placement = placementOf({ images: 1, most: 4 });
const { packets } = placement.cut;
const { output, packets: expected } = answersOf(6, placement, 1);
const slots = reserveSlots(createEngine(2 ** 15), packets, 64);

Deno.test("PlacedOutgoing writes the packets of a flow, as many as there is room for", () => {
  for (const room of [1, 5, packets, packets + 3]) {
    const outgoing = new PlacedOutgoing(6, placement, output);
    const found: Uint8Array[] = [];
    assert.equal(outgoing.write(slots, 0, 0), 0);
    while (outgoing.isDue) {
      const count = outgoing.write(slots, 0, room);
      assert.equal(count, Math.min(room, packets - found.length));
      for (let slot = 0; slot < count; slot++) found.push(packetBytes(slots, slot).slice());
    }
    assert.deepEqual(found, expected);
    assert.equal(outgoing.write(slots, 0, room), 0);
  }
});

Deno.test("PlacedOutgoing writes into the slots behind the first, without CRC where the link checks", () => {
  const link = placementOf({ images: 1, most: 4, checksum: "link" });
  const outgoing = new PlacedOutgoing(6, link, output);
  slots.engine.bytes.fill(0, slots.address);
  assert.equal(outgoing.write(slots, 2, 3), 3);
  const header = newHeader();
  assert.equal(readPacket(slots, 1, header), "magic");
  const flags: number[] = [];
  for (let slot = 2; slot < 5; slot++) {
    assert.equal(readPacket(slots, slot, header), null);
    flags.push(header.flags);
  }
  assert.deepEqual(flags, [1, 0, 0]);
});

Deno.test("PlacedOutgoing.resend() makes ranges due under a flow number, and leaves the list as it was", () => {
  const outgoing = new PlacedOutgoing(6, placement, output);
  outgoing.write(slots, 0, packets);
  const ranges: [number, number][] = [[1, 3], [packets - 1, packets - 1]];
  outgoing.resend({ flow: 8, ranges });
  assert.equal(outgoing.isDue, true);
  assert.equal(outgoing.write(slots, 0, 9), 4);
  const sent: Pick<Header, "flow" | "sequence">[] = [];
  for (let slot = 0; slot < 4; slot++) {
    const header = newHeader();
    readPacket(slots, slot, header);
    sent.push({ flow: header.flow, sequence: header.sequence });
  }
  assert.deepEqual(sent, [1, 2, 3, packets - 1].map((sequence) => ({ flow: 8, sequence })));
  assert.deepEqual(ranges, [[1, 3], [packets - 1, packets - 1]]);
});

Deno.test("PlacedIncoming lists what is missing, one gap a packet too, and gives the result of all", () => {
  const incoming = new PlacedIncoming(6, placement, (bytes) => ({ bytes }));
  const take = (sequence: number) => {
    slots.engine.bytes.set(expected[sequence]!, slots.address);
    return incoming.accept(slots, 0);
  };
  assert.deepEqual([incoming.packets, incoming.missingCount, incoming.done], [packets, packets, false]);
  assert.deepEqual(incoming.missing(), { flow: 6, ranges: [[0, packets - 1]] });
  for (let sequence = 1; sequence < packets; sequence += 2) assert.equal(take(sequence), "accepted");
  const even = Array.from({ length: packets / 2 }, (_, at) => [2 * at, 2 * at]);
  assert.deepEqual(incoming.missing(), { flow: 6, ranges: even });
  for (let sequence = 0; sequence < packets - 2; sequence += 2) take(sequence);
  assert.deepEqual([incoming.done, incoming.missingCount], [false, 1]);
  assert.equal(take(1), "duplicate");
  assert.equal(take(packets - 2), "accepted");
  assert.deepEqual([incoming.done, incoming.missing()], [true, null]);
  assert.deepEqual(incoming.result(), { bytes: output });
});
