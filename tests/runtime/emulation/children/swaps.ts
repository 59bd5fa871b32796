/**
 * Table swaps over XRT: what reaches the card, in which order, and that nothing stays.
 */

import assert from "node:assert/strict";
import type { ImagePipeline } from "../../../../kernels/image/pipeline.ts";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CardEvent, PACKETS_STATUS_BYTES } from "../events.ts";
import { referencePipeline } from "../../../../kernels/image/reference.ts";
import { compile } from "../../../../kernels/compile.ts";
import { createRtlDevice } from "../../../../runtime/device/rtl/device.ts";
import type { ImagePlan } from "../../../../kernels/image/plan/plan.ts";
import { rtlPageCycles } from "../../../../kernels/image/rtl/page_clock.ts";
import { schedulePages } from "../../../../kernels/image/plan/schedule.ts";
import { Session } from "../../../../runtime/session.ts";
import { windowPackets } from "../../../../kernels/image/plan/packets.ts";
import { slotBytesFor } from "../../../../serialize/packets.ts";
import type { Tensor } from "../../../../serialize/tensor.ts";
import { noise } from "../../../support/images.ts";
import { sameTensor } from "../../helpers.ts";
import { openDevice, testEnd } from "./cards.ts";

const PIPELINE: ImagePipeline = { steps: [{ op: "resize", size: [23, 19] }] };

/** Runs a plan with pages some times in one session, and gives the card's events of each run. */
async function traced(images: Tensor, runs: number) {
  const folder = mkdtempSync(join(tmpdir(), "onpath-trace-"));
  const trace = join(folder, "trace");
  const events = (): CardEvent[] =>
    readFileSync(trace, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  try {
    const { device, card } = await openDevice({ trace });
    const plan = compile(PIPELINE, { input: images, device, form: "row-pages", layout: "cells" });
    const marks = [events().length];
    const session = await Session.open(plan, device);
    marks.push(events().length);
    const expected = referencePipeline(PIPELINE, images);
    const counters = [];
    let resent = 0;
    for (let n = 0; n < runs; n++) {
      const { output, report } = await session.run(images);
      sameTensor(output, expected);
      counters.push(report.counters);
      resent += report.resent;
      marks.push(events().length);
    }
    await device.close();
    assert.equal(card.device.freed, true);
    const all = events();
    return { plan, counters, resent, all, parts: marks.map((from, n) => all.slice(from, marks[n + 1])) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An event in short: what the host asked of the card. Buffers of XRT's own, and ends, are left out. */
function short({ what, name, bytes }: CardEvent): string {
  return what === "start" ? `start ${name}` : `${what} ${bytes}`;
}

const ASKED = ["toDevice", "fromDevice", "start"];

function asked(events: readonly CardEvent[]): string[] {
  return events.filter(({ what }) => ASKED.includes(what)).map(short);
}

/**
 * Transfers are made by the host's own thread and starts by libxrt's scheduler, so each kind has its order,
 * and of the two kinds: nothing starts before the transfers that it needs, and no answer is read before the
 * start that makes it.
 */
function sameExchange(events: readonly CardEvent[], expected: readonly string[]): void {
  const actual = asked(events);
  const starts = (all: readonly string[]) => all.filter((each) => each.startsWith("start"));
  const transfers = (all: readonly string[]) => all.filter((each) => !each.startsWith("start"));
  assert.deepEqual(transfers(actual), transfers(expected));
  assert.deepEqual(starts(actual), starts(expected));
  const before = (all: readonly string[], at: number, kind: typeof starts) => kind(all.slice(0, at)).length;
  // Of each kind the nth is the same in both, so what stood in front of it can be counted.
  const place = (each: string, nth: number, kind: typeof starts) =>
    actual.findIndex((other, at) => other === each && before(actual, at, kind) === nth);
  expected.forEach((each, at) => {
    const [own, other] = each.startsWith("start") ? [starts, transfers] : [transfers, starts];
    if (each.startsWith("toDevice")) return;
    const found = place(each, before(expected, at, own), own);
    assert(before(actual, found, other) >= before(expected, at, other), `${each} comes too early`);
  });
}

function pageDma(plan: ImagePlan): string {
  return `toDevice ${Math.ceil(plan.body.pages!.bytes / 64) * 64}`;
}

Deno.test("load and runs with pages: every register start and every DMA, in its order", async () => {
  const images = noise(2, 31, 41, 3, 1);
  const { plan, parts: [load, first, second] } = await traced(images, 2);
  const { count, slots } = plan.body.pages!;
  assert(slots < count, "pages are swapped");
  // Tables: the columns' weights, 8 bytes an entry in whole words of 64, then a list of one entry.
  sameExchange(load!, [
    "start onpath_image_host_0",
    `toDevice ${Math.ceil(19 * 8 / 64) * 64}`,
    "toDevice 64",
    "start tables_onpath_image_host_0",
  ]);
  const packets = plan.body.layout.cut.packets;
  const answer = slotBytesFor(
    plan.body.layout.answers.itemsPerPacket * plan.body.output.planes * plan.body.output.itemBytes,
  );
  const exchange = (loads: number) => [
    // The first entry of the list says which epoch may begin before the first load.
    `toDevice ${64 * (loads + 1)}`,
    "start tables_onpath_image_host_0",
    `toDevice ${packets * slotBytesFor(plan.body.layout.payload)}`,
    "start packets_onpath_image_host_0",
    `fromDevice ${PACKETS_STATUS_BYTES}`,
    `fromDevice ${packets * answer}`,
  ];
  const { work, residency } = schedulePages(plan, [[0, packets - 1]]);
  assert.equal(work.length, count);
  // Every page goes to the card's memory once, before the list that takes it on chip.
  sameExchange(first!, [
    ...Array.from({ length: residency.loads.length }, () => pageDma(plan)),
    ...exchange(residency.loads.length),
  ]);
  // The next request finds the pages in the card's memory, and those on chip that the last one left.
  const again = schedulePages(plan, [[0, packets - 1]], residency.resident);
  assert(again.residency.loads.length < residency.loads.length);
  sameExchange(second!, exchange(again.residency.loads.length));
});

Deno.test("pages are brought in the order of their first use, each to a place of its own", async () => {
  const { plan, parts: [, first] } = await traced(noise(1, 31, 41, 3, 2), 1);
  const stride = Math.ceil(plan.body.pages!.bytes / 64) * 64;
  const dma = first!.filter((event) => short(event) === pageDma(plan));
  const base = Math.min(...dma.map(({ address }) => address!));
  const { work } = schedulePages(plan, [[0, plan.body.layout.cut.packets - 1]]);
  assert.deepEqual(dma.map(({ address }) => (address! - base) / stride), work.map(({ page }) => page));
});

Deno.test("pages of later windows are brought while packets of earlier ones are at work", async () => {
  const images = noise(400, 31, 41, 3, 3);
  const { plan, resent, parts: [, first, second] } = await traced(images, 2);
  // Batches come in their order, so none is late for its page.
  assert.equal(resent, 0);
  const windows = Math.ceil(plan.body.layout.cut.packets / windowPackets(plan));
  assert(windows > 1, `${windows} windows`);
  const places = (events: readonly CardEvent[], wanted: string) =>
    asked(events).flatMap((each, at) => each === wanted ? [at] : []);
  const pages = places(first!, pageDma(plan));
  const lists = places(first!, "start tables_onpath_image_host_0");
  const runs = places(first!, "start packets_onpath_image_host_0");
  assert.equal(pages.length, plan.body.pages!.count, "each page is brought once");
  // Lists and packets are started by XRT on two movers. Packets that overtake their list wait for it.
  assert.equal(lists.length, windows);
  // Some come between the start of the first window's packets and the next window's list: nothing waits for them.
  assert(pages.some((at) => at > runs[0]! && at < runs[1]!));
  assert(pages.filter((at) => at < lists[0]!).length < plan.body.pages!.count);
  assert.deepEqual(places(second!, pageDma(plan)), []);
});

Deno.test("swaps are those of the plan and of the RTL device", async () => {
  const images = noise(3, 31, 41, 3, 4);
  const { plan, counters } = await traced(images, 2);
  await using rtl = await createRtlDevice();
  const session = await Session.open(
    compile(PIPELINE, { input: images, device: rtl, form: "row-pages" }),
    rtl,
  );
  for (const { swaps, stalls, packets, dropped, lookups } of counters) {
    const { report: { counters: other } } = await session.run(images);
    assert.deepEqual({ swaps, packets, dropped, lookups }, {
      swaps: other.swaps,
      packets: other.packets,
      dropped: other.dropped,
      lookups: other.lookups,
    });
    // XRT starts the list before the packets, so at most two pages are on chip before the first packet comes.
    const early = other.stalls! - stalls!;
    assert(early <= 2 * rtlPageCycles(plan.body.pages!.bytes), `${early} stalls less`);
  }
  assert.equal(counters[0]!.swaps, plan.body.cost.swaps);
});

Deno.test("nothing stays allocated on the card, whichever plans it has had", async () => {
  const { all } = await traced(noise(2, 31, 41, 3, 5), 3);
  const held = new Set<number>();
  for (const { what, address } of all) {
    if (what === "allocate") {
      assert(!held.has(address!));
      held.add(address!);
    } else if (what === "free") assert(held.delete(address!));
  }
  assert.deepEqual([...held], []);
  assert.equal(all.at(-1)!.what, "close");
  assert.deepEqual(all.filter(({ what }) => what === "failure" || what === "refuse"), []);
});

Deno.test("a session that runs again and again allocates nothing more", async () => {
  const { parts } = await traced(noise(2, 31, 41, 3, 6), 4);
  const [, , ...later] = parts;
  for (const part of later.slice(0, -1)) {
    assert.deepEqual(part.filter(({ what }) => what === "allocate" || what === "free"), []);
  }
});

testEnd();
