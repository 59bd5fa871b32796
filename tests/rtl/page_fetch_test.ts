import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { KERNELS } from "../../kernels/image/kernels.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { schedulePages } from "../../kernels/image/plan/schedule.ts";
import { scheduledWindows } from "../../kernels/image/plan/windows.ts";
import { rtlPagedCycles } from "../../kernels/image/rtl/page_cycles.ts";
import type { PageLoad } from "../../kernels/program.ts";
import { type PageCommand, pageCommands } from "../../kernels/rtl/page_commands.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { packetBytes } from "../../serialize/packets.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { noise } from "../support/images.ts";
import { programOf } from "../support/program.ts";
import { type Linked, openLinked } from "./linked.ts";

/** What a run of a whole flow needs: its packets, one list of all its page loads, and the answers of the model. */
async function flowOf(plan: ImagePlan, input: Tensor, perWord: PageCommand["perWord"] = 8) {
  const { requests, answers, writer } = reservePackets(plan);
  const { packets } = plan.body.layout.cut;
  const schedule = schedulePages(plan, [[0, packets - 1]]);
  const [window, more] = [...scheduledWindows(schedule, packets)];
  assert(window !== undefined && more === undefined && packets <= requests.slots, "one window");
  let count = 0;
  for (const { first, last, epoch } of window.ranges) {
    writer.write(input, 5, first, last - first + 1, requests, count, epoch);
    count += last - first + 1;
  }
  const { kernel, params, form } = plan.body.stages[0]!;
  const pages: PageLoad[] = window.loads.map((load) => ({
    ...load,
    bytes: KERNELS[kernel]!.page!(params, form, load.page),
  }));
  await using model = createModelDevice(RTL_PROFILE);
  await model.load(programOf(plan));
  assert.equal(await model.exchange({ input: requests, count, output: answers, pages }), count);
  const bytes = (slots: typeof requests) =>
    Array.from({ length: count }, (_, n) => packetBytes(slots, n).slice());
  const commands = pageCommands(pages, window.ranges.at(-1)!.epoch, perWord);
  return { packets: bytes(requests), expected: bytes(answers), commands, slot: requests.slotBytes, schedule };
}

type Flow = Awaited<ReturnType<typeof flowOf>>;

function pagedPlan(input: Tensor, size: readonly [number, number]): ImagePlan {
  return compile({ steps: [{ op: "resize", size: [...size] }] }, {
    input,
    device: RTL_PROFILE,
    form: "row-pages",
  });
}

/** Runs a flow, its list and its packets started one behind the other. Returns what the kernel counted. */
function runFlow(card: Linked, { packets, commands, slot, expected }: Flow) {
  card.list(commands);
  const before = card.counts();
  card.startList();
  card.startPackets(packets, slot);
  card.finish();
  assert.deepEqual(card.answers(), expected);
  const after = card.counts();
  assert.deepEqual(after.drops, before.drops, "nothing is dropped");
  return {
    cycles: after.cycles - before.cycles,
    stalls: after.stalls - before.stalls,
    swaps: after.swaps - before.swaps,
  };
}

/** Images, height and width, channels, and the size of the output: from pages of 2 beats to pages of 336. */
const PLANS = [
  [1, 31, 41, 3, [23, 19]],
  [2, 31, 41, 3, [23, 19]],
  [7, 31, 41, 3, [23, 19]],
  [3, 40, 60, 1, [37, 53]],
  [2, 29, 64, 4, [31, 17]],
  [5, 9, 7, 3, [13, 11]],
  [16, 9, 7, 3, [13, 11]],
  [1, 100, 90, 3, [64, 64]],
  [2, 75, 101, 3, [50, 60]],
  [1, 50, 333, 3, [24, 224]],
  [1, 31, 639, 3, [20, 168]],
  [4, 31, 639, 1, [20, 168]],
  [1, 17, 33, 3, [40, 29]],
  [6, 12, 50, 3, [9, 84]],
  [2, 61, 47, 4, [43, 22]],
  [3, 33, 500, 1, [16, 100]],
  [1, 64, 64, 3, [48, 48]],
  [2, 23, 31, 3, [46, 62]],
  [1, 81, 27, 1, [50, 200]],
  [4, 19, 90, 4, [14, 42]],
  [10, 7, 160, 3, [5, 84]],
  [2, 45, 77, 3, [32, 96]],
] as const;

/** From HBM's, without load, to far more. */
const LATENCIES = [32, 64, 100, 300] as const;

/** Bursts of writes that the harness' memory holds until they are confirmed. */
const OPEN_WRITES = 16;

Deno.test("onpath_pages: cycles, stalls and swaps of the card's RTL are the predicted ones, whatever memory's latency", async () => {
  const card = await openLinked();
  const runs = { all: 0, hidden: 0 };
  for (const [images, height, width, channels, size] of PLANS) {
    const input = noise(images, height, width, channels, height);
    const plan = pagedPlan(input, size);
    const flow = await flowOf(plan, input);
    for (const latency of LATENCIES) {
      // Answers to shorter packets wait for memory to confirm earlier ones.
      if (latency / OPEN_WRITES > flow.slot / 32) continue;
      card.manners({ pause: 0, latency, seed: 1 });
      card.load(plan);
      const found = runFlow(card, flow);
      const windowPackets = flow.packets.length;
      const { cycles, stalls, swaps } = rtlPagedCycles(plan, flow.schedule, { latency, windowPackets });
      // A beat of an answer waits a cycle for the address that is written before it.
      const late = flow.expected.at(-1)!.length > 128 ? 1 : 0;
      assert.deepEqual(
        found,
        { cycles: cycles + late, stalls, swaps },
        `${images} x ${height} x ${width} to ${size}, latency ${latency}`,
      );
      runs.all++;
      if (stalls <= latency + plan.body.pages!.bytes / 32) runs.hidden++;
    }
  }
  assert(runs.all >= 3 * PLANS.length, `${runs.all} runs`);
  assert(
    runs.hidden > 10 && runs.hidden < runs.all - 10,
    `${runs.hidden} runs stall for their first page alone`,
  );
});

Deno.test("onpath_pages: answers are the model's whatever memory does, with words of eight entries and of one", async () => {
  const card = await openLinked();
  for (const perWord of [8, 1] as const) {
    for (const [at, [images, height, width, channels, size]] of PLANS.slice(0, 8).entries()) {
      const input = noise(images, height, width, channels, height);
      const plan = pagedPlan(input, size);
      card.manners({ pause: 3 * (at % 4), latency: 1 + 40 * (at % 3), seed: at });
      card.load(plan);
      const flow = await flowOf(plan, input, perWord);
      const { swaps } = runFlow(card, flow);
      assert.equal(swaps, plan.body.cost.swaps);
      assert.equal(card.errors(), 0);
    }
  }
});

Deno.test("onpath_pages: packets that come before their list wait for it, and none is dropped", async () => {
  const card = await openLinked();
  const input = noise(2, 31, 41, 3, 1);
  const plan = pagedPlan(input, [23, 19]);
  const flow = await flowOf(plan, input);
  card.manners({ pause: 2, latency: 32, seed: 5 });
  card.load(plan);
  card.list(flow.commands);
  card.startPackets(flow.packets, flow.slot);
  assert(!card.wait(4096), "no packet may pass before its page is there");
  const { stalls } = card.counts();
  assert(stalls > 3000, `${stalls} stalls`);
  card.startList();
  card.finish();
  assert.deepEqual(card.answers(), flow.expected);
  assert.deepEqual(card.counts().drops, {});
});

Deno.test("onpath_pages: beats of a page that memory refuses are counted, and the run ends", async () => {
  const card = await openLinked();
  const input = noise(1, 31, 41, 3, 1);
  const plan = pagedPlan(input, [23, 19]);
  const flow = await flowOf(plan, input);
  card.load(plan);
  card.list(flow.commands);
  card.poison(3);
  card.startList();
  card.startPackets(flow.packets, flow.slot);
  card.finish();
  assert.equal(card.errors(), 1);
  assert.equal(card.answers().length, flow.packets.length);
  assert.notDeepEqual(card.answers(), flow.expected);
});

Deno.test("onpath_pages: a page's latency is met once, at the beginning of a list", async () => {
  const card = await openLinked();
  const input = noise(8, 31, 639, 3, 1);
  const plan = pagedPlan(input, [20, 168]);
  const flow = await flowOf(plan, input);
  const stallsAt = (latency: number) => {
    card.manners({ pause: 0, latency, seed: 1 });
    card.load(plan);
    return runFlow(card, flow).stalls;
  };
  const [fast, slow] = [stallsAt(32), stallsAt(232)];
  // 20 pages; a mover that waits for each descriptor and page would stall for 40 latencies.
  assert.equal(plan.body.cost.swaps, 20);
  assert.equal(slow - fast, 200);
});
