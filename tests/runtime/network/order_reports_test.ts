import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { Arrivals } from "../../../runtime/network/arrivals.ts";
import { FlowOrder } from "../../../runtime/network/flow_order.ts";
import { RoundTrip } from "../../../runtime/network/round_trip.ts";
import { RequestRing } from "../../../runtime/network/request_ring.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";
import { datagramAt } from "../../../runtime/network/socket/batch.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { noise } from "../../support/images.ts";
import { sized } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { sameTensor, test } from "../helpers.ts";
import { openParties, sendSample } from "./parties.ts";

const NONE = new Uint8Array();

function staged(total: number, answersOf?: Uint32Array): SelectiveRepeat {
  const repeat = new SelectiveRepeat(total, new RequestRing(64, 4), new RoundTrip(), { answersOf });
  for (let n = 0; repeat.room > 0; n++) repeat.stage(Uint8Array.of(n));
  return repeat;
}

function take(repeat: SelectiveRepeat, now: number, most = 64): number[] {
  const packets = repeat.list();
  repeat.take(packets, most, now);
  return Array.from({ length: packets.count }, (_, n) => datagramAt(packets, n)[0]!);
}

Deno.test("SelectiveRepeat.hold() repeats the request that the NIC lacks, after the path's variation, and no other", () => {
  const repeat = staged(8);
  take(repeat, 0);
  repeat.acknowledge(1, NONE, 100);
  assert(repeat.hold(1, Uint8Array.of(0b110), 101));
  assert.equal(repeat.expire(102), false);
  assert.deepEqual(take(repeat, 102), []);
  const at = repeat.deadline;
  assert.equal(at, 101 + 100);
  assert.equal(repeat.expire(at), false);
  assert.deepEqual(take(repeat, at), [1]);
  // Answers to held requests come after that of the repeated one. They are not lost.
  assert.equal(repeat.acknowledge(2, NONE, at + 100), 1);
  assert.deepEqual(take(repeat, at + 100), []);
  assert.deepEqual([repeat.timeouts, repeat.resent], [0, 1]);
});

Deno.test("SelectiveRepeat.hold() repeats nothing that arrives in time, and ignores older reports", () => {
  const repeat = staged(8);
  take(repeat, 0);
  repeat.hold(0, Uint8Array.of(0b10), 50);
  assert(repeat.hold(2, NONE, 51));
  assert.equal(repeat.hold(0, Uint8Array.of(0b1110), 52), false);
  assert.equal(repeat.hold(9, NONE, 53), false);
  repeat.acknowledge(2, NONE, 60);
  repeat.expire(150);
  assert.deepEqual(take(repeat, 150), []);
});

Deno.test("SelectiveRepeat.hold() counts requests without answers as arrived once the NIC has taken them", () => {
  const repeat = staged(100, Uint32Array.from({ length: 100 }, (_, n) => n % 80 === 79 ? 1 : 0));
  take(repeat, 0);
  assert.equal(repeat.room, 0);
  repeat.hold(60, Uint8Array.of(0b10), 10);
  // Request 61 is held, so it is not on the path.
  assert.deepEqual([repeat.first, repeat.room, repeat.inFlight], [60, 36, 3]);
});

Deno.test("SelectiveRepeat.hold() leaves the window to others while the NIC holds a request, and a timeout does not repeat it", () => {
  const repeat = staged(8);
  take(repeat, 0);
  repeat.acknowledge(1, NONE, 100);
  repeat.hold(1, Uint8Array.of(0b1111_1110), 101);
  assert.equal(repeat.inFlight, 1);
  let now = repeat.deadline;
  for (let n = 0; n < 3; n++) {
    repeat.expire(now);
    assert.deepEqual(take(repeat, now), [1]);
    now = repeat.deadline;
  }
});

Deno.test("SelectiveRepeat takes held requests back once an answer shows that the device has them, without a report of the NIC", () => {
  const repeat = staged(8);
  take(repeat, 0);
  repeat.hold(0, Uint8Array.of(0b1111_1110), 50);
  // The report on the first request's arrival at the NIC is lost, and so are all answers but the first.
  assert.equal(repeat.acknowledge(1, NONE, 100), 1);
  assert.equal(repeat.inFlight, 7);
  repeat.expire(repeat.deadline);
  assert.deepEqual(take(repeat, 1000), [1, 2, 3]);
});

Deno.test("a request that is due and held is repeated, because the device's queue refused it", () => {
  const order = new FlowOrder();
  for (const sequence of [1, 2]) order.offer(sequence, Uint8Array.of(sequence));
  // Request 0 is given to the device, and its queue is full before request 1.
  assert.equal(order.offer(0, Uint8Array.of(0)), "due");
  order.advance();
  const { first, bitmap } = order.report();
  assert.deepEqual([first, [...bitmap]], [1, [0b10]]);
  const repeat = staged(8);
  take(repeat, 0);
  repeat.acknowledge(1, NONE, 100);
  // A NIC of another version may set the bit of the first one.
  repeat.hold(1, Uint8Array.of(0b11), 101);
  repeat.expire(repeat.deadline);
  assert.deepEqual(take(repeat, 300), [1]);
});

Deno.test("SelectiveRepeat.expire() repeats held requests where nothing else is left", () => {
  const repeat = staged(3);
  take(repeat, 0);
  repeat.hold(0, Uint8Array.of(0b110), 50);
  // The first request arrives without a report on the others.
  repeat.acknowledge(0, Uint8Array.of(0b1), 100);
  repeat.hold(1, Uint8Array.of(0b10), 101);
  for (let n = 0; n < 5 && !repeat.isDone; n++) {
    assert(repeat.deadline < Infinity);
    const now = repeat.deadline;
    repeat.expire(now);
    const sent = take(repeat, now);
    if (n > 1) assert(sent.includes(1));
  }
});

/** Time that a datagram takes in the simulated network. */
const DELAY_MS = 50;

/** Sends one sequential flow of 1,000 requests over lossy paths with a delay, by a simulated clock. */
function simulate(seed: number, loss: number, hasReports = true, refusals = 0) {
  const next = random(seed);
  const total = 1000;
  const path = new RoundTrip();
  const order = new FlowOrder();
  // A device whose queue is full at times, as one of many answers, has requests without answers too.
  const answersOf = refusals === 0
    ? undefined
    : Uint32Array.from({ length: total }, (_, n) => n % 3 === 2 ? 1 : 0);
  const arrivals = new Arrivals({ flow: 1, requests: total, answersOf });
  const repeat = new SelectiveRepeat(total, new RequestRing(64, 4), path, { answersOf });
  const events: { at: number; run: () => void }[] = [];
  let now = 0, written = 0, lost = 0, timeouts = 0;
  const send = (run: () => void) => {
    if (next() % 1_000_000 < loss * 1_000_000) lost++;
    else events.push({ at: now + DELAY_MS, run });
  };
  const answered = new Set<number>();
  const onAnswer = (sequence: number) => {
    if (!answered.has(sequence)) arrivals.count(sequence, 1);
    answered.add(sequence);
    const { first, bitmap } = arrivals.report();
    send(() => repeat.acknowledge(first, bitmap, now));
  };
  const onRequest = (sequence: number) => {
    const place = order.offer(sequence, Uint8Array.of(sequence));
    if (place === "repeat") return send(() => onAnswer(sequence));
    if (place === "due") {
      for (let n = sequence; n === sequence || order.due !== undefined; n++) {
        if (refusals > 0 && next() % 1000 < 1000 * refusals) break;
        order.advance();
        if (answersOf?.[n] === 0) continue;
        order.keep(n, Uint8Array.of(n));
        send(() => onAnswer(n));
      }
    }
    const { first, bitmap } = order.report();
    const isReported = place === "held" || (refusals > 0 && (place === "late" || place === "due"));
    if (isReported && hasReports) send(() => repeat.hold(first, bitmap, now));
  };
  while (!repeat.isDone) {
    const before = repeat.timeouts;
    repeat.expire(now);
    if (repeat.timeouts > before) timeouts++;
    while (repeat.room > 0) repeat.stage(Uint8Array.of(written & 255, written++ >> 8));
    const packets = repeat.list();
    repeat.take(packets, 16, now);
    for (let n = 0; n < packets.count; n++) {
      const [low, high] = datagramAt(packets, n);
      send(() => onRequest(low! + 256 * high!));
    }
    if (packets.count > 0) continue;
    events.sort((a, b) => a.at - b.at);
    const event = events[0];
    if (event !== undefined && event.at <= repeat.deadline) {
      events.shift();
      now = event.at;
      event.run();
    } else now = repeat.deadline;
    assert(now < 1e6);
  }
  return { lost, timeouts, resent: repeat.resent, ms: now };
}

Deno.test("a sequential flow through 1% loss and 50 ms delay is repeated by reports, and not by timeouts", () => {
  const count = (hasReports: boolean) => {
    const all = { lost: 0, timeouts: 0, resent: 0 };
    for (let seed = 0; seed < sized(20, 8); seed++) {
      const run = simulate(seed, 0.01, hasReports);
      all.lost += run.lost;
      all.timeouts += run.timeouts;
      all.resent += run.resent;
    }
    return all;
  };
  const [reported, silent] = [count(true), count(false)];
  // What is left are repeats that are lost too, and the last requests, which no later one shows.
  assert(reported.timeouts <= 0.02 * reported.lost, JSON.stringify(reported));
  assert(reported.resent <= 1.5 * reported.lost, JSON.stringify(reported));
  assert(silent.timeouts > 5 * reported.timeouts, JSON.stringify([reported, silent]));
  const without = simulate(0, 0);
  assert.deepEqual([without.resent, without.timeouts], [0, 0]);
});

Deno.test("a sequential flow ends although reports come late and the device's queue refuses requests that are held", () => {
  for (let seed = 0; seed < sized(60, 15); seed++) {
    const run = simulate(seed, 0.2, true, 0.02);
    assert(run.ms < 300_000, JSON.stringify(run));
  }
});

/** Rows of 9 packets, of which 13 are needed for the first row of the result. */
const WIDE = { steps: [{ op: "resize", size: [24, 40], match: "pillow", filter: "bicubic" }] } as const;

test("an image in rows crosses although its first answer needs more requests than a NIC holds", async () => {
  const input = noise(1, 80, 4000, 3, 3);
  const plan = compile(WIDE as never, { input, device: MODEL_PROFILE, layout: "rows" }) as never;
  const sample = {
    name: "wide rows",
    compile: () => plan,
    inputs: [input],
    check: (_: unknown, output: unknown) =>
      sameTensor(output as Tensor, referencePipeline(WIDE as never, input)),
  };
  await using parties = await openParties({
    plans: [{ plan }],
    faults: { loss: 0.05, reordering: 0.1 },
    seed: 4,
  });
  await sendSample(parties, sample, plan);
  const { reports, dropped } = parties.nic().counts();
  assert(reports > 0);
  assert.equal(dropped["window"] ?? 0, 0);
});
