// What the card's memory and the movers add to a kernel, from the start of a run until XRT would see it done.
import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { HEADER_BYTES } from "../../serialize/header.ts";
import { tensor, toBytes } from "../../serialize/tensor.ts";
import { randomBytes } from "../support/random.ts";
import { openLinked } from "./linked.ts";
import { packetsOf } from "./plans.ts";

/** Cycles from a burst's address to its first beat: the range that HBM has, and a slower memory. */
const LATENCIES = [32, 48, 150];

Deno.test("linked_image: 1280x720 to 224 takes under 1.05 of the kernel's cycles, at the latency of HBM", async () => {
  const pixels = randomBytes(720 * 1280 * 3, 1);
  const image = tensor(pixels, { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" });
  const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [224, 224] }] };
  const plan = compile(pipeline, { input: image, device: RTL_PROFILE });
  const packets = packetsOf(plan, image);
  const slot = Math.ceil(Math.max(...packets.map(({ length }) => length)) / 64) * 64;
  const expected = toBytes(referencePipeline(pipeline, image));
  const card = await openLinked();
  card.load(plan);
  for (const latency of LATENCIES) {
    card.manners({ pause: 0, latency, seed: 1 });
    const before = card.counts().cycles;
    const began = card.clock();
    card.startPackets(packets, slot);
    card.finish();
    const cycles = card.clock() - began;
    const own = card.counts().cycles - before;
    const samples = card.answers().flatMap((answer) => [...answer.subarray(HEADER_BYTES)]);
    assert.deepEqual(Uint8Array.from(samples), expected);
    assert(cycles > own && cycles < 1.05 * own, `${cycles} cycles at ${latency}, the kernel's are ${own}`);
  }
});
