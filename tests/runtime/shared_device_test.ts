import assert from "node:assert/strict";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import type { Device } from "../../runtime/device/device.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { hostileText } from "../support/texts.ts";
import { random } from "../support/random.ts";
import { tiny } from "../kernels/tokenize/small_vocabularies.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice, gate } from "./faulty_device.ts";
import { sameTensor, settle, test } from "./helpers.ts";
import { expected, openSession, planFor } from "./session_samples.ts";

/** A model that records the plans that were loaded. */
function watchedModel(): { device: Device; loads: number[] } {
  const model = createModelDevice();
  const loads: number[] = [];
  const device: Device = {
    ...model,
    load: (program, options) => {
      loads.push(program.plan.id);
      return model.load(program, options);
    },
  };
  return { device, loads };
}

const PAGED = { steps: [{ op: "resize", size: [23, 19] }] } as const;
const ROWS = { steps: [{ op: "resize", size: [23, 19], match: "pillow" }] } as const;
const STEPS = [{ op: "nfkc" }, { op: "lower_case" }] as const;
const WORDS = "abc Über abc, c e\u0301 ab  bc. ".repeat(60);

/** A way to use a device: runs once and checks the result. */
type Use = (round: number) => Promise<void>;

/** Sessions of every kind on one device. Those of text take many exchanges a run. */
async function usesOf(device: Device): Promise<Record<string, Use>> {
  const vocabulary = await tiny();
  const encoder = createEncoder(vocabulary);
  const small = { device, payload: 16, packets: 2 };
  const cells = await openSession(device);
  const image = async (pipeline: typeof PAGED | typeof ROWS, plan: ImagePlan): Promise<Use> => {
    const session = await Session.open(plan, device);
    return async (round) => {
      const input = noise(2, 31, 41, 3, round);
      sameTensor((await session.run(input)).output, referencePipeline(pipeline, input));
    };
  };
  const input = noise(2, 31, 41, 3, 0);
  const tokens = async (mode: "stateful" | "overlap"): Promise<Use> => {
    const plan = compile({ steps: [{ op: "tokenize", mode }] }, { ...small, vocabulary });
    const session = await Session.open(plan, device, { vocabulary });
    return async (round) => {
      const text = hostileText(random(round)).toWellFormed() + WORDS;
      const { ids } = (await session.run(text)).output;
      assert.deepEqual([...ids], [...encoder.encode(text)]);
    };
  };
  const stateful = compile({ steps: [{ op: "tokenize" }] }, { ...small, vocabulary });
  const streaming = await Session.open(stateful, device, { vocabulary });
  const stream: Use = async () => {
    const { push, end } = streaming.stream();
    const ids: number[] = [];
    for (let at = 0; at < WORDS.length; at += 100) ids.push(...await push(WORDS.slice(at, at + 100)));
    ids.push(...await end());
    assert.deepEqual(ids, [...encoder.encode(WORDS)]);
  };
  const normalizing = await Session.open(
    compile({ steps: [{ op: "normalize_text", steps: STEPS }] }, small),
    device,
  );
  const normalize: Use = async (round) => {
    const text = hostileText(random(round)).toWellFormed() + WORDS;
    const { output } = await normalizing.run(text);
    assert.equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(output), normalizeText(text, STEPS));
  };
  return {
    cells: async (round) =>
      sameTensor((await cells.run(smallImage(round))).output, expected(smallImage(round))),
    pages: await image(PAGED, compile(PAGED, { input, device, form: "row-pages", layout: "cells" })),
    rows: await image(ROWS, compile(ROWS, { input, device })),
    stateful: await tokens("stateful"),
    overlap: await tokens("overlap"),
    stream,
    normalize,
  };
}

test("sessions with different plans on one device, one run after another: every result is right", async () => {
  const { device, loads } = watchedModel();
  const uses = await usesOf(device);
  for (let round = 0; round < 3; round++) for (const use of Object.values(uses)) await use(round);
  // Two plans in a row are never the same, so every run of a plan but the stream's loads it.
  assert(loads.length >= 3 * 6, `${loads.length} loads`);
  await device.close();
});

for (
  const names of [
    ["cells", "pages"],
    ["pages", "rows"],
    ["rows", "stream"],
    ["pages", "stateful"],
    ["stateful", "normalize"],
    ["stream", "overlap"],
    ["cells", "pages", "rows", "stateful", "overlap", "stream", "normalize"],
  ]
) {
  test(`concurrent runs of ${names.join(", ")} on one device: every result is right`, async () => {
    const { device, loads } = watchedModel();
    const uses = await usesOf(device);
    const before = loads.length;
    await Promise.all(names.flatMap((name) => [1, 2, 3].map((round) => uses[name]!(round))));
    assert(loads.length - before >= names.length - 1, `${loads.length - before} loads`);
    await device.close();
  });
}

test("a session gives the device to others in the middle of a long run", async () => {
  const { device, loads } = watchedModel();
  const { stateful, normalize } = await usesOf(device);
  const before = loads.length;
  await Promise.all([stateful!(1), normalize!(2)]);
  // Either run alone takes more exchanges than a turn has, so each is loaded again before it is complete.
  assert(loads.length - before >= 4, `${loads.length - before} loads`);
  await device.close();
});

test("offload() several times at once on one device: every result is right", async () => {
  await using device = createModelDevice();
  const input = noise(2, 31, 41, 3, 7);
  const paged = compile(PAGED, { input, device, form: "row-pages", layout: "cells" });
  const results = await Promise.all([
    offload(planFor(device), smallImage(1), device),
    offload(paged, input, device),
    offload(planFor(device), smallImage(2), device),
    offload(paged, input, device),
  ]);
  for (const [at, image] of [[0, smallImage(1)], [2, smallImage(2)]] as const) {
    sameTensor(results[at].output, expected(image));
  }
  for (const at of [1, 3] as const) sameTensor(results[at].output, referencePipeline(PAGED, input));
});

test("a session that fails leaves the device to the others", async () => {
  await using device = faultyDevice(({ number, answer }) =>
    number === 0 ? Promise.reject(new Error("lost")) : answer()
  );
  const [one, two] = [await openSession(device), await openSession(device)];
  const results = await Promise.allSettled([one.run(smallImage(1)), two.run(smallImage(2))]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "fulfilled"]);
  sameTensor((await one.run(smallImage(3))).output, expected(smallImage(3)));
});

test("Session.open() and run() that wait for another session's turn leave at once when their signal fires", async () => {
  const held = gate<void>();
  await using device = faultyDevice(async ({ answer }) => {
    await held.promise;
    return await answer();
  });
  const [busy, waiting] = [await openSession(device), await openSession(device)];
  const running = busy.run(smallImage(1));
  await settle();
  const controller = new AbortController();
  const reason = new Error("not needed any more");
  const { signal } = controller;
  const ended: unknown[] = [];
  const calls = [waiting.run(smallImage(2), { signal }), openSession(device, { signal })];
  const all = Promise.all(calls.map((call) => call.catch((error) => ended.push(error))));
  await settle();
  controller.abort(reason);
  await settle();
  assert.deepEqual(ended, [reason, reason], "a call waited for the other session though it was aborted");
  held.open();
  await all;
  sameTensor((await running).output, expected(smallImage(1)));
  sameTensor((await waiting.run(smallImage(3))).output, expected(smallImage(3)));
});

test("a session whose device was closed says so, beside another one too", async () => {
  const device = createModelDevice();
  const [one, two] = [await openSession(device), await openSession(device)];
  await device.close();
  await assert.rejects(one.run(smallImage()), refusal("device", /closed/));
  await assert.rejects(two.run(smallImage()), refusal("device", /closed/));
});
