import fc from "fast-check";
import assert from "node:assert/strict";
import type { NormalizedDType } from "../../kernels/image/normalize/spec.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { cellBytes } from "../../serialize/sampling.ts";
import { HEADER_BYTES } from "../../serialize/header.ts";
import { packetBytes } from "../../serialize/packets.ts";
import { toBytes } from "../../serialize/tensor.ts";
import { anyChannels, inLayout, noise } from "../support/images.ts";
import { sized } from "../support/long.ts";
import { readPhoto } from "../support/photos.ts";
import { load, packetsOf, sealed } from "./plans.ts";
import { scramble } from "./scramble.ts";
import { programOf } from "../support/program.ts";

/** What the model device makes of packets, in order. */
async function modelAnswers(
  device: Device,
  plan: ImagePlan,
  sent: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const { requests, answers } = reservePackets(plan);
  await device.load(programOf(plan));
  const given: Uint8Array[] = [];
  // One at a time: some are random, and their numbers say nothing.
  for (const packet of sent) {
    requests.engine.bytes.set(packet, requests.address);
    if (await device.exchange({ input: requests, count: 1, output: answers }) === 1) {
      given.push(packetBytes(answers, 0).slice());
    }
  }
  return given;
}

const pauses = fc.record({
  send: fc.constantFrom(0, 0, 5, 12),
  take: fc.constantFrom(0, 0, 5, 12),
  seed: fc.nat(),
});

const anyNormalize = fc.record({
  dtype: fc.constantFrom<NormalizedDType>("u8", "i8", "f16", "bf16", "f32"),
  layout: fc.constantFrom("HWC", "CHW"),
});

/** Scales whose tables the RTL holds, with ties and without. */
const anyResize = fc.record({
  match: fc.constantFrom("exact", "torchvision", "opencv"),
  size: fc.constantFrom([9, 12, 7, 11], [8, 8, 4, 4], [16, 40, 15, 24], [1, 9, 5, 4], [13, 21, 13, 7], [
    30,
    20,
    44,
    31,
  ]),
  form: fc.constantFrom("nibble", "universal"),
});

Deno.test("RTL: resize, normalize and both equal the model bit for bit, packet by packet", async () => {
  await using model = createModelDevice(RTL_PROFILE);
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      anyChannels,
      fc.tuple(fc.option(anyResize), fc.option(anyNormalize)).filter(([a, b]) => a !== null || b !== null),
      pauses,
      fc.nat(1e6),
      async (channels, [resize, normalize], pauses, seed) => {
        const [h, w, h2, w2] = resize?.size ?? [20, 29, 0, 0];
        const steps: ImagePipeline["steps"][number][] = [];
        if (resize) steps.push({ op: "resize", size: [h2, w2], match: resize.match });
        if (normalize) {
          const mean = [0.4, 0.5, 0.6, 0.7].slice(0, channels);
          steps.push({ op: "normalize", mean, std: mean.map((m) => m / 3), range: "0-1", ...normalize });
        }
        const input = inLayout(noise(3, h!, w!, channels, seed), "NHWC");
        const form = resize?.match === "opencv" ? undefined : resize?.form as "nibble" | undefined;
        const plan = compile({ steps }, { input, device: RTL_PROFILE, tolerance: 1, form });
        const sent = scramble(plan, packetsOf(plan, input), seed);
        const { answers, drops } = load(plan).run(sent, pauses);
        assert.deepEqual(answers, await modelAnswers(model, plan, sent));
        assert.equal(answers.length, sent.length);
        assert(drops.every((count) => count === 0));
        seen.add(`${channels} ${plan.body.stages[0]!.form} ${normalize?.dtype} ${normalize?.layout}`);
      },
    ),
    { numRuns: sized(250, 80) },
  );
  assert(seen.size > sized(50, 30), "the cases do not differ");
});

Deno.test("RTL: a weight index out of range drops its packet and no other", async () => {
  await using model = createModelDevice(RTL_PROFILE);
  for (const channels of [1, 3, 4] as const) {
    const input = noise(1, 9, 12, channels, 3);
    const plan = compile({ steps: [{ op: "resize", size: [27, 36] }] }, { input, device: RTL_PROFILE });
    const rtl = load(plan);
    const indexes = plan.body.tables[0]!.entries;
    for (let at = 0; at < 9; at++) {
      const sent = scramble(plan, packetsOf(plan, input).slice(0, 3), at);
      const field = HEADER_BYTES + at * cellBytes(channels) + 4 * channels;
      new DataView(sent[1]!.buffer).setUint32(field, at % 2 === 0 ? indexes : 2 ** 32 - 1, true);
      sealed(sent[1]!);
      const { answers, drops } = rtl.run(sent, { take: at });
      assert.deepEqual(answers, await modelAnswers(model, plan, sent));
      assert.equal(answers.length, 2);
      assert.equal(drops[15], 1);
    }
  }
});

Deno.test("RTL: samples of each form wait until the store of answers is full, and none changes", async () => {
  await using model = createModelDevice(RTL_PROFILE);
  for (const match of ["exact", "opencv"] as const) {
    const input = noise(1, 90, 120, 3, 5);
    const plan = compile({ steps: [{ op: "resize", size: [135, 180], match }] }, {
      input,
      device: RTL_PROFILE,
    });
    const sent = packetsOf(plan, input);
    const { answers, cycles } = load(plan).run(sent, { take: 15, seed: 1 });
    assert.deepEqual(answers, await modelAnswers(model, plan, sent));
    const beats = answers.reduce((sum, answer) => sum + Math.ceil(answer.length / 32), 0);
    assert(cycles > 12 * beats, `${match}: ${cycles} cycles for ${beats} beats: the stores are not full`);
  }
});

Deno.test("RTL: the photograph, cut by the planner, equals the reference at 1.02 of two pixels a cycle", async () => {
  const photo = await readPhoto("astronaut.png");
  const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [224, 224] }] };
  const plan = compile(pipeline, { input: photo, device: RTL_PROFILE });
  const sent = packetsOf(plan, photo);
  const { answers, cycles } = load(plan).run(sent);
  const samples = Uint8Array.from(answers.flatMap((answer) => [...answer.subarray(HEADER_BYTES)]));
  assert.deepEqual(samples, toBytes(referencePipeline(pipeline, photo)));
  const ideal = sent.reduce((sum, packet) => sum + Math.ceil(packet.length / 32), 0);
  assert(cycles <= 1.02 * ideal);
});

Deno.test("RTL: normalize gives a beat every cycle, whatever a sample becomes", () => {
  for (const dtype of ["u8", "f16", "f32"] as const) {
    for (const layout of ["HWC", "CHW"]) {
      const steps = [{ op: "normalize", range: "0-1", dtype, layout }] as ImagePipeline["steps"];
      const input = noise(1, 224, 224, 3, 1);
      const plan = compile({ steps }, { input, device: RTL_PROFILE });
      const sent = packetsOf(plan, input);
      const { run } = load(plan);
      const alone = run(sent.slice(0, 1)).cycles;
      const { answers, cycles } = run(sent);
      // Behind the first packet every cycle brings a beat, headers too: there is no bubble anywhere.
      const beats = answers.slice(1).reduce((sum, answer) => sum + Math.ceil(answer.length / 32), 0);
      assert.equal(cycles, alone + beats, `${dtype} ${layout}`);
    }
  }
});
