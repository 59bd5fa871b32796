import fc from "fast-check";
import assert from "node:assert/strict";
import { KERNELS } from "../../kernels/image/kernels.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { pageCommands, pageWords } from "../../kernels/rtl/page_commands.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { scheduledWindows } from "../../kernels/image/plan/windows.ts";
import { schedulePages } from "../../kernels/image/plan/schedule.ts";
import type { PageLoad } from "../../kernels/program.ts";
import { packetBytes } from "../../serialize/packets.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { anyChannels, noise } from "../support/images.ts";
import { load } from "./plans.ts";
import { programOf } from "../support/program.ts";

/** A plan whose tables have pages. */
function pagedPlan(input: Tensor, size: readonly [number, number], match = "exact"): ImagePlan {
  return compile({ steps: [{ op: "resize", size: [...size], match: match as "exact" }] }, {
    input,
    device: RTL_PROFILE,
    tolerance: 1,
    form: "row-pages",
  });
}

/** A page's bytes. */
function pageOf({ body: { stages } }: ImagePlan, page: number): Uint8Array<ArrayBuffer> {
  const { kernel, params, form } = stages[0]!;
  return KERNELS[kernel]!.page!(params, form, page);
}

/** The windows of a flow: slots with packets, and what is loaded beside them. */
function* windowsOf(plan: ImagePlan, input: Tensor, most: number) {
  const { requests, answers, writer } = reservePackets(plan, most);
  const schedule = schedulePages(plan, [[0, plan.body.layout.cut.packets - 1]]);
  for (const { ranges, loads } of scheduledWindows(schedule, most)) {
    let count = 0;
    for (const { first, last, epoch } of ranges) {
      writer.write(input, 5, first, last - first + 1, requests, count, epoch);
      count += last - first + 1;
    }
    const pages: PageLoad[] = loads.map((load) => ({ ...load, bytes: pageOf(plan, load.page) }));
    yield { requests, answers, count, pages, lastEpoch: ranges.at(-1)!.epoch };
  }
}

/** Counts of the drops that happen to pages. */
function pageDrops(drops: readonly number[]): Record<string, number> {
  return Object.fromEntries(["weight", "page", "epoch"].map((name) => [
    name,
    drops[DROP_REASONS.indexOf(name as "page")]!,
  ]));
}

Deno.test("RTL: swaps during traffic: answers equal the model's in windows of any length, whatever pauses", async () => {
  let swaps = 0;
  await fc.assert(
    fc.asyncProperty(
      anyChannels,
      fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 40 })),
      fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 })),
      fc.constantFrom("exact", "torchvision"),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 3, max: 40 }),
      fc.record({ send: fc.constantFrom(0, 0, 6, 12), take: fc.constantFrom(0, 0, 6, 12), seed: fc.nat() }),
      fc.constantFrom<1 | 8>(1, 8),
      async (channels, [height, width], size, match, images, most, pauses, perWord) => {
        const input = noise(images, height, width, channels, height);
        const plan = pagedPlan(input, size, match);
        await using model = createModelDevice(RTL_PROFILE);
        await model.load(programOf(plan));
        const { card, run } = load(plan);
        for (const { requests, answers, count, pages, lastEpoch } of windowsOf(plan, input, most)) {
          assert.equal(await model.exchange({ input: requests, count, output: answers, pages }), count);
          card.queue(pageCommands(pages, lastEpoch, perWord));
          const sent = Array.from({ length: count }, (_, slot) => packetBytes(requests, slot));
          const before = card.counters();
          const { answers: given, drops } = run(sent, pauses);
          assert.deepEqual(
            given,
            Array.from({ length: count }, (_, slot) => packetBytes(answers, slot).slice()),
          );
          assert.deepEqual(pageDrops(drops), { weight: 0, page: 0, epoch: 0 });
          swaps += card.counters().swaps - before.swaps;
        }
      },
    ),
    { numRuns: 100 },
  );
  assert(swaps > 300, `${swaps} swaps`);
});

/** A plan of some pages on the RTL, with its packets by their page: one of each page. */
function openPaged() {
  const input = noise(1, 4, 8, 3, 1);
  const plan = pagedPlan(input, [7, 5]);
  const { requests, writer } = reservePackets(plan);
  const { phase } = { phase: schedulePages(plan, [[0, plan.body.layout.cut.packets - 1]]).work };
  const packet = (page: number, epoch: number) => {
    const { ranges } = phase.find((work) => work.page === page)!;
    writer.write(input, 5, ranges[0]![0], 1, requests, 0, epoch);
    return packetBytes(requests, 0).slice();
  };
  const staged = (page: number, slot: number, after: number, before: number): PageLoad => {
    return { page, slot, bytes: pageOf(plan, page), after, before };
  };
  return { plan, packet, staged, ...load(plan) };
}

Deno.test("RTL: a packet whose page does not stand in a bank is dropped, also while another takes its place", () => {
  for (const bank of [0, 1]) {
    const { card, run, packet, staged } = openPaged();
    card.queue(pageCommands([staged(0, bank, -1, 0), staged(1, bank, 0, 2)], 2));
    const { answers, drops } = run([packet(0, 0), packet(1, 0), packet(0, 1), packet(0, 2), packet(1, 2)]);
    // Page 0 serves epoch 0; in epoch 1 page 1 is written over it, and from epoch 2 on it is there.
    assert.equal(answers.length, 2);
    assert.deepEqual(pageDrops(drops), { weight: 0, page: 3, epoch: 0 });
  }
});

Deno.test("RTL: a page is kept from run to run, and a start forgets it", () => {
  const { card, run, packet, staged, plan } = openPaged();
  card.queue(pageCommands([staged(2, 1, -1, 0)], 0));
  assert.equal(run([packet(2, 0)]).answers.length, 1);
  // The next flow needs no load: only its epoch is announced.
  card.queue(pageCommands([], 1));
  const { answers, cycles } = run([packet(2, 1)]);
  assert.equal(answers.length, 1);
  assert(cycles < 60, `${cycles} cycles`);
  load(plan);
  card.queue(pageCommands([], 0));
  assert.deepEqual(pageDrops(run([packet(2, 0)]).drops), { weight: 0, page: 1, epoch: 0 });
});

Deno.test("RTL: packets of an epoch that is over are dropped whole, and those around them pass", () => {
  const { card, run, packet, staged } = openPaged();
  card.queue(pageCommands([staged(0, 0, -1, 3), staged(1, 1, -1, 4)], 4));
  const { answers, drops } = run([packet(0, 3), packet(1, 4), packet(0, 3), packet(0, 3), packet(1, 4)]);
  assert.equal(answers.length, 3);
  assert.deepEqual(pageDrops(drops), { weight: 0, page: 0, epoch: 2 });
});

Deno.test("RTL: an epoch waits for its page and for no other, the stall is counted", () => {
  for (const perWord of [1, 8] as const) {
    const { card, run, packet, staged, plan } = openPaged();
    const words = 2 + pageWords(pageOf(plan, 0).length, perWord);
    card.queue(pageCommands([staged(0, 0, -1, 0), staged(1, 1, -1, 1)], 1, perWord));
    const before = card.counters();
    const { answers } = run([packet(0, 0), packet(1, 1)]);
    assert.equal(answers.length, 2);
    const { stalls, swaps } = card.counters();
    assert.equal(swaps - before.swaps, 2);
    // Both wait for the words of both pages, but for what runs meanwhile: some ten cycles a packet.
    const waited = stalls - before.stalls;
    assert(waited > 2 * words - 40 && waited < 2 * words, `${waited} stalls, pages of ${words} words`);
  }
});

Deno.test("RTL: a packet whose page never comes waits, and a reset frees the stream", () => {
  const { card, packet, staged, plan } = openPaged();
  card.queue(pageCommands([staged(0, 0, -1, 0), staged(1, 0, 5, 1)], 1));
  card.input.set(packet(0, 0));
  card.input.set(packet(1, 1), packet(0, 0).length);
  card.ends.set([packet(0, 0).length, packet(0, 0).length + packet(1, 1).length]);
  assert.throws(() => card.run(2, {}, 5000), /did not end/);
  assert(card.counters().stalls > 1000);
  card.reset();
  const again = load(plan);
  card.queue(pageCommands([staged(1, 0, -1, 0)], 0));
  assert.equal(again.run([packet(1, 0)]).answers.length, 1);
});
