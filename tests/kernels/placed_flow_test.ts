import assert from "node:assert/strict";
import { PlacedFlow } from "../../kernels/placed_flow.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import { OFFSET } from "../../serialize/header.ts";
import { refusal } from "../support/failure.ts";
import { answersOf, placementOf } from "../support/flows.ts";

const placement = placementOf({ images: 1, most: 4 });
const { packets } = placement.cut;
const { output } = answersOf(0, placement, 1);

/** A flow whose answers are its requests. */
function open(requests?: number) {
  const { requests: slots } = reservePlanSlots({
    request: 64,
    answer: 64,
    answersPerRequest: 1,
    inFlight: packets,
  });
  const flow = new PlacedFlow({
    requests,
    send: (number) => new PlacedOutgoing(number, placement, output),
    receive: (number) => new PlacedIncoming(number, placement, (bytes) => bytes),
  });
  const number = () => slots.engine.view.getUint32(slots.address + OFFSET.flow, true);
  return { flow, slots, number };
}

Deno.test("PlacedFlow sends all, then what is missing, and counts tries that lost something", () => {
  const { flow, slots, number } = open();
  assert.equal(flow.write(slots, 0, packets - 1), packets - 1);
  assert(flow.owns(number()) && !flow.owns((number() + 1) % 2 ** 32));
  flow.settle();
  assert.deepEqual([flow.idle, flow.done], [0, false], "a packet is due still");
  assert.equal(flow.write(slots, packets - 1, 1), 1);
  for (let slot = 2; slot < packets; slot++) assert.equal(flow.accept(slots, slot), "accepted");
  assert.deepEqual([flow.progress, flow.done], [{ done: packets - 2, total: packets }, false]);
  flow.settle();
  assert.deepEqual([flow.idle, flow.counts], [1, { sent: packets, resent: 0 }]);
  assert.equal(flow.write(slots, 0, packets), 2);
  assert.deepEqual(flow.counts, { sent: packets + 2, resent: 2 });
  for (const slot of [0, 1]) flow.accept(slots, slot);
  flow.settle();
  assert.deepEqual([flow.idle, flow.done], [1, true]);
  assert.deepEqual(flow.result(), output);
});

Deno.test("PlacedFlow.restart() makes what is missing due, and counts no try", () => {
  const { flow, slots } = open();
  flow.write(slots, 0, packets);
  flow.accept(slots, 0);
  flow.restart();
  assert.deepEqual([flow.idle, flow.done, flow.write(slots, 0, packets)], [0, false, packets - 1]);
  for (let slot = 0; slot < packets - 1; slot++) flow.accept(slots, slot);
  flow.restart();
  assert.deepEqual([flow.done, flow.write(slots, 0, packets)], [true, 0]);
});

Deno.test("PlacedFlow counts packets beyond its requests as sent again", () => {
  const { flow, slots } = open(3);
  flow.write(slots, 0, 3);
  assert.equal(flow.counts.resent, 0);
  flow.write(slots, 0, 2);
  assert.equal(flow.counts.resent, 2);
});

Deno.test("PlacedFlow.gap() names tries, gaps and refused answers, at most eight gaps", () => {
  const { flow, slots } = open();
  flow.write(slots, 0, packets);
  assert.match(flow.gap(3, { accepted: 5, duplicate: 2 }).message, /after 3 tries$/);
  for (let slot = 1; slot < packets; slot += 2) flow.accept(slots, slot);
  const error = flow.gap(2, { crc: 4, flow: 1, accepted: 1 });
  refusal("gap", /after 2 tries \(refused answers: crc 4, flow 1\)/)(error);
  assert.equal(error.details["missing"], packets / 2);
  assert.equal((error.details["gaps"] as unknown[]).length, Math.min(8, packets / 2));
  assert.deepEqual(error.details["refused"], { crc: 4, flow: 1 });
});

Deno.test("reservePlanSlots() has slots for all requests and all their answers, of the longer payload", () => {
  for (const [request, answer] of [[10, 200], [200, 10]] as const) {
    const { requests, answers } = reservePlanSlots({ request, answer, answersPerRequest: 3, inFlight: 5 });
    assert.deepEqual([requests.slots, answers.slots], [5, 15]);
    assert.deepEqual([requests.slotBytes, answers.slotBytes], [320, 320]);
    assert.equal(requests.engine, answers.engine);
    assert(answers.address >= requests.address + 5 * 320);
  }
});
