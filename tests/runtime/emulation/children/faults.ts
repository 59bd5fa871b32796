/**
 * Faults of an emulated card: each is one clear error within the timeout, or is made good, and the next
 * device is as good as new.
 */

import assert from "node:assert/strict";
import type { ImagePipeline } from "../../../../kernels/image/pipeline.ts";
import process from "node:process";
import { referencePipeline } from "../../../../kernels/image/reference.ts";
import { compile } from "../../../../kernels/compile.ts";
import { createEncoder } from "../../../../kernels/tokenize/encode.ts";
import { openCardKernel } from "../../../../runtime/device/xrt/device/card_kernel.ts";
import { createCardPackets } from "../../../../runtime/device/xrt/device/card_packets.ts";
import { createEngine } from "../../../../serialize/engine.ts";
import { reserveSlots } from "../../../../serialize/packets.ts";
import { vocabulary } from "../../../kernels/tokenize/vocabularies.ts";
import { offload } from "../../../../runtime/offload.ts";
import { Session } from "../../../../runtime/session.ts";
import { refusal } from "../../../support/failure.ts";
import { noise } from "../../../support/images.ts";
import { sameTensor, settle } from "../../helpers.ts";
import { openDevice, type Opened, testEnd } from "./cards.ts";

const PIPELINE: ImagePipeline = { steps: [{ op: "resize", size: [40, 40] }] };
const IMAGE = noise(1, 20, 30, 3, 1);
const EXPECTED = referencePipeline(PIPELINE, IMAGE);
const VOCABULARY = await vocabulary("r50k_base");
const TEXT = "Words of floccinaucinihilipilification are read from the card's memory, one at a time.";

/** The longest that a run may take here, in milliseconds. */
const TIMEOUT_MS = 1500;

async function run({ device }: Opened, timeoutMs = 20_000) {
  const plan = compile(PIPELINE, { input: IMAGE, device, layout: "cells" });
  const { output, report } = await offload(plan, IMAGE, device, { timeoutMs });
  sameTensor(output, EXPECTED);
  return report;
}

/** A process exists; signal 0 asks and does nothing. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function asGoodAsNew(): Promise<void> {
  const next = await openDevice();
  await run(next);
  await next.device.close();
  assert(!exists(next.card.pid));
}

Deno.test("death in the middle of a run: one error that says so, and the next device works", async () => {
  const opened = await openDevice({ faults: "death" });
  await assert.rejects(run(opened), refusal("device", /card is gone, its process ended during/));
  await assert.rejects(run(opened), refusal("device", /card is gone/));
  await opened.device.close();
  assert(!exists(opened.card.pid));
  await asGoodAsNew();
});

Deno.test("a device process that is killed between runs: the next run says so", async () => {
  const opened = await openDevice();
  await run(opened);
  process.kill(opened.card.pid, "SIGKILL");
  while (opened.card.gone() === undefined) await settle();
  await assert.rejects(run(opened), refusal("device", /card is gone/));
  await opened.device.close();
  await asGoodAsNew();
});

Deno.test("killing one of two cards leaves the other as it is", async () => {
  const [one, other] = [await openDevice({ index: 0, faults: "death" }), await openDevice({ index: 1 })];
  const [lost, kept] = await Promise.allSettled([run(one), run(other)]);
  assert.equal(lost.status, "rejected");
  assert.equal(kept.status, "fulfilled");
  await one.device.close();
  await run(other);
  await other.device.close();
});

for (const fault of ["stall", "hang"] as const) {
  Deno.test(`${fault}: an error at the timeout, the process is ended, and the next device works`, async () => {
    const opened = await openDevice({ faults: fault });
    await assert.rejects(run(opened, TIMEOUT_MS), refusal("timeout"));
    await opened.device.close();
    assert(!exists(opened.card.pid));
    await asGoodAsNew();
  });
}

Deno.test("a signal ends a run that stalls with its reason", async () => {
  const opened = await openDevice({ faults: "stall" });
  const { device } = opened;
  const plan = compile(PIPELINE, { input: IMAGE, device, layout: "cells" });
  const session = await Session.open(plan, device);
  const reason = new Error("enough");
  const controller = new AbortController();
  const running = session.run(IMAGE, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(running, (error) => error === reason);
  await device.close();
  await asGoodAsNew();
});

Deno.test("a refused allocation is one error, and the device can be used on", async () => {
  // XRT allocates twice for itself, then the lists of tables come.
  const opened = await openDevice({ faults: "refusal@2" });
  await assert.rejects(run(opened), refusal("device", /allocate/));
  await run(opened);
  await opened.device.close();
});

Deno.test("a wrong byte in an answer is found by its CRC and the packet sent again", async () => {
  const opened = await openDevice({ faults: "wrong,wrong@1" });
  const { resent, outcomes } = await run(opened);
  assert(resent > 0 && resent < 20, `${resent} packets were sent again`);
  assert.equal(outcomes.accepted, 20);
  await opened.device.close();
});

Deno.test("a lost answer is sent for again", async () => {
  const opened = await openDevice({ faults: "loss" });
  assert.equal((await run(opened)).resent, 1);
  await opened.device.close();
});

Deno.test("a refused word of a vocabulary is one error that counts it, and the next run is right", async () => {
  const { device } = await openDevice({ faults: "poison" });
  const encoder = createEncoder(VOCABULARY);
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: VOCABULARY, device });
  const read = async () => {
    const session = await Session.open(plan, device, { vocabulary: VOCABULARY });
    return (await session.run(TEXT)).output.ids;
  };
  await assert.rejects(
    read(),
    refusal("device", /memory refused 1 words that onpath_tokenize_host read$/),
  );
  assert.deepEqual(await read(), encoder.encode(TEXT));
  await device.close();
});

Deno.test("a refused beat of a page is one error, and the next run is right", async () => {
  const { device } = await openDevice({ faults: "poison" });
  const images = noise(2, 31, 41, 3, 1);
  const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [23, 19] }] };
  const plan = compile(pipeline, { input: images, device, form: "row-pages", layout: "cells" });
  await assert.rejects(offload(plan, images, device), refusal("device", /memory refused 1 beats/));
  await device.close();
  const next = await openDevice();
  sameTensor((await offload(plan, images, next.device)).output, referencePipeline(pipeline, images));
  await next.device.close();
});

Deno.test("slots without a beat: the mover refuses the run, and the host says so", async () => {
  const { card } = await openDevice();
  const kernel = openCardKernel(card.device, "terms", 0);
  // The host has no such slots, so the argument is changed on its way.
  const mover = new Proxy(kernel.packets, {
    get: (target, name) => {
      if (name !== "run") return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
      return () => {
        const run = target.run();
        const set = run.set.bind(run);
        run.set = (which, value) => set(which, which === "slot" ? 32 : value);
        return run;
      };
    },
  });
  const engine = createEngine(2 ** 20);
  const [input, output] = [reserveSlots(engine, 2, 64), reserveSlots(engine, 2, 64)];
  await assert.rejects(
    createCardPackets(card.device, mover).exchange({ input, count: 2, output }, 1, {}),
    refusal("device", /mover refused the run, its slots for packets have no beat of 64 bytes$/),
  );
  kernel.close();
  await card.close();
});

Deno.test("a slow card is waited for", async () => {
  const opened = await openDevice({ faults: "slow" });
  assert.equal((await run(opened)).resent, 0);
  await opened.device.close();
});

Deno.test("closing a device whose run stalls ends it", async () => {
  const opened = await openDevice({ faults: "stall" });
  const lost = run(opened, TIMEOUT_MS).catch((error) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await opened.device.close();
  assert(await lost instanceof Error);
  await asGoodAsNew();
});

testEnd();
