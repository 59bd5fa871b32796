import fc from "fast-check";
import assert from "node:assert/strict";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import process from "node:process";
import { compile } from "../../kernels/compile.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { offload } from "../../runtime/offload.ts";
import { openRtlCard } from "../../runtime/device/rtl/card.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { memoize } from "../../kernels/memoize/memo.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import type { PlanBuild } from "../../kernels/rtl/builds.ts";
import { compileBuild } from "../../runtime/device/rtl/build.ts";
import { missingRtlTools } from "../../scripts/rtl/tools.ts";
import { makeWave } from "../../scripts/rtl/waves.ts";
import type { OnpathError } from "../../serialize/errors.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { noise } from "../support/images.ts";
import { readVcd, valueBefore, type Vcd } from "../support/vcd.ts";
import { load, packetsOf } from "./plans.ts";
import { drive, type Rtl } from "./rtl.ts";
import { longTest } from "../support/long.ts";

// Builds with waveforms are made of the sources, once for each state of these.
const missing = process.env.CI === undefined ? await missingRtlTools() : null;
/** Registers a long test, if the tools that make waveforms are there. */
function waveTest({ name, fn }: { name: string; fn: () => Promise<void> }): void {
  if (missing === null) longTest(name, fn);
  else Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn });
}

const waves = new Map<PlanBuild, Promise<WebAssembly.Module>>();

/** A build with waveforms, compiled once. */
function compileWave(build: PlanBuild): Promise<WebAssembly.Module> {
  const made = waves.get(build) ?? makeWave(build, () => {}).then(({ wasm }) => WebAssembly.compile(wasm));
  waves.set(build, made);
  return made;
}

/** Picoseconds of half a cycle at the assumed 250 MHz. */
const HALF = 2000;
/** Cycles that a waveform may have behind its last packet's answer. */
const BEHIND = 24;

/** A plan for each build of the RTL, with an input of some dozens of packets. */
const SAMPLES = (["exact", "opencv", "pillow"] as const).map((match) => {
  const input: Tensor = noise(1, 60, 80, 3, 7);
  const steps: ImagePipeline["steps"] = [{ op: "resize", size: [32, 40], match }, {
    op: "normalize",
    range: "0-1",
    dtype: "f16",
  }];
  return { match, input, plan: compile({ steps }, { input, device: RTL_PROFILE }) };
});

/** Text that a waveform consists of. */
function collector() {
  const chunks: Uint8Array[] = [];
  return {
    write: (chunk: Uint8Array) => void chunks.push(chunk.slice()),
    text: async () => await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text(),
    sizes: () => chunks.map(({ length }) => length),
  };
}

/** The times of a clock's rising edges. */
function risingEdges({ signals }: Vcd): number[] {
  const { times, values } = signals.get("TOP.clk")!;
  return times.filter((_, at) => values[at] === 1n);
}

/** Packets that pass a stream of the waveform, with the edge that takes the first and the last beat of each. */
function packetsOn(vcd: Vcd, stream: string): { bytes: number[]; first: number; last: number }[] {
  const [valid, ready, data, keep, last] = ["tvalid", "tready", "tdata", "tkeep", "tlast"].map((name) =>
    vcd.signals.get(`TOP.${stream}_${name}`)!
  );
  const packets: { bytes: number[]; first: number; last: number }[] = [];
  let bytes: number[] = [];
  let first = 0;
  for (const edge of risingEdges(vcd)) {
    if ((valueBefore(valid!, edge) & valueBefore(ready!, edge)) === 0n) continue;
    if (bytes.length === 0) first = edge;
    const [word, kept] = [valueBefore(data!, edge), valueBefore(keep!, edge)];
    for (let n = 0n; n < 32n; n++) if (kept >> n & 1n) bytes.push(Number(word >> 8n * n & 255n));
    if (valueBefore(last!, edge) === 0n) continue;
    packets.push({ bytes, first, last: edge });
    bytes = [];
  }
  return packets;
}

/** The build with waveforms under a plan, as tests drive it. */
async function openWave(plan: ImagePlan, first: number, end: number, write: (chunk: Uint8Array) => void) {
  const rtl = drive(await openRtlCard(await compileWave(rtlProgram(plan).build), { first, end, write }));
  return load(plan, rtl);
}

waveTest({
  name: "waveform: the packets' bytes are on the bus, and nothing before and long behind them",
  fn: async () => {
    for (const { match, plan, input } of SAMPLES) {
      const sent = packetsOf(plan, input);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(sent.length - 1),
          fc.integer({ min: 1, max: 5 }),
          fc.integer({ min: 1, max: sent.length }),
          fc.record({ send: fc.constantFrom(0, 0, 6), take: fc.constantFrom(0, 0, 6), seed: fc.nat() }),
          async (first, length, window, pauses) => {
            const end = Math.min(sent.length, first + length);
            const { write, text } = collector();
            const rtl = await openWave(plan, first, end, write);
            const answers: Uint8Array[] = [];
            // The range may begin in one run and end in another.
            for (let at = 0; at < sent.length; at += window) {
              answers.push(...rtl.run(sent.slice(at, at + window), pauses).answers);
            }
            const vcd = readVcd(await text());
            assert.equal(vcd.timescale, "1ps");
            assert(vcd.times.every((time) => time % HALF === 0));
            const came = packetsOn(vcd, "s_axis");
            assert(came.length >= end - first);
            came.forEach(({ bytes }, at) => assert.deepEqual(bytes, [...sent[first + at]!]));
            if (match === "pillow") return;
            // A packet of cells is one answer; those that were inside before leave first.
            const left = packetsOn(vcd, "m_axis");
            const expected = [...answers[end - 1]!];
            const final = left.findIndex(({ bytes }) => isDeep(bytes, expected));
            assert(final >= end - 1 - first, "the last packet's answer is not in the waveform");
            const behind = (vcd.times.at(-1)! - left[final]!.last) / (2 * HALF);
            assert(behind <= BEHIND, `${behind} cycles behind the last answer`);
          },
        ),
        { numRuns: 5 },
      );
    }
  },
});

function isDeep(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

waveTest({
  name: "waveform: signals within the hierarchy are what the streams say",
  fn: async () => {
    for (const { plan, input } of SAMPLES.slice(0, 2)) {
      const { write, text } = collector();
      const rtl = await openWave(plan, 0, 6, write);
      const sent = packetsOf(plan, input).slice(0, 6);
      rtl.run(sent, { send: 4, take: 4, seed: 5 });
      const vcd = readVcd(await text());
      const [came, left] = [packetsOn(vcd, "s_axis"), packetsOn(vcd, "m_axis")];
      assert.deepEqual([came.length, left.length], [6, 6]);
      const shell = "TOP.packet_image.u_shell";
      const present = vcd.signals.get(`${shell}.present`)!;
      const packets = vcd.signals.get(`${shell}.u_counters.packets`)!;
      // Counters count a cycle after the event.
      let counted = 0;
      for (const edge of risingEdges(vcd)) {
        const inside = came.filter(({ first }) => first < edge).length;
        const gone = left.filter(({ last }) => last < edge).length;
        assert.equal(Number(valueBefore(present, edge)), inside - gone);
        assert.equal(Number(valueBefore(packets, edge)), counted);
        counted = gone;
      }
      // Ports and what they are connected to change together, in every instance.
      assert.equal(vcd.signals.get(`${shell}.u_in.clk`), vcd.signals.get("TOP.clk"));
      assert([...vcd.signals.keys()].some((path) => path.split(".").length > 6));
    }
  },
});

/** The build of a plan, with waveforms, as the device takes it. */
async function wavesOf(plan: ImagePlan): Promise<Partial<Record<PlanBuild, WebAssembly.Module>>> {
  const { build } = rtlProgram(plan);
  return { [build]: await compileWave(build) };
}

waveTest({
  name: "createRtlDevice({ wave }): answers and all counts are those without it",
  fn: async () => {
    for (const { plan, input } of SAMPLES) {
      const { write, text } = collector();
      await using plain = await createRtlDevice();
      await using traced = await createRtlDevice({
        wave: { first: 2, end: 5, write },
        builds: await wavesOf(plan),
      });
      assert.deepEqual(traced.counters(), plain.counters());
      for (let flow = 0; flow < 2; flow++) {
        const expected = await offload(plan, input, plain);
        const found = await offload(plan, input, traced);
        assert.deepEqual(found.output, expected.output);
        assert.deepEqual(found.report.counters, expected.report.counters);
      }
      const came = packetsOn(readVcd(await text()), "s_axis");
      packetsOf(plan, input).slice(2, 5).forEach((packet, at) => {
        // The flow's number is the session's.
        assert.deepEqual(came[at]!.bytes.slice(64), [...packet.subarray(64)]);
      });
    }
  },
});

waveTest({
  name: "waveform: a long one comes in pieces that are no longer than the buffer",
  fn: async () => {
    const { plan, input } = SAMPLES[0]!;
    const { write, text, sizes } = collector();
    const rtl: Rtl = await openWave(plan, 0, 10_000, write);
    const sent = [...packetsOf(plan, input), ...packetsOf(plan, input)];
    const { answers } = rtl.run(sent);
    assert.equal(answers.length, sent.length);
    assert(sizes().length > 3 && sizes().every((size) => size <= 2 ** 22));
    assert.equal(packetsOn(readVcd(await text()), "m_axis").length, sent.length);
  },
});

waveTest({
  name: "createRtlDevice({ wave }): no range is refused by name, and what the sink throws reaches the caller",
  fn: async () => {
    const { plan, input } = SAMPLES[0]!;
    const write = () => {};
    for (const [first, end] of [[0, 0], [3, 2], [-1, 2], [0, 1.5]]) {
      await assert.rejects(
        createRtlDevice({ wave: { first: first!, end: end!, write } }),
        (error: OnpathError) => error.code === "size",
      );
    }
    let pieces = 0;
    const full = () => {
      if (++pieces > 2) throw new Error("the disk is full");
    };
    await using device = await createRtlDevice({
      wave: { first: 0, end: 4, write: full },
      builds: await wavesOf(plan),
    });
    await assert.rejects(offload(plan, input, device), /the disk is full/);
  },
});

waveTest({
  name:
    "createRtlDevice({ wave, builds }): a build of one's own writes the waveform, one without waveforms is refused",
  fn: async () => {
    const { plan, input } = SAMPLES[0]!;
    const { build } = rtlProgram(plan);
    const { write, text } = collector();
    const wave = { first: 1, end: 2, write };
    {
      await using device = await createRtlDevice({ wave, builds: await wavesOf(plan) });
      await offload(plan, input, device);
    }
    const came = packetsOn(readVcd(await text()), "s_axis");
    assert.deepEqual(came[0]!.bytes.slice(64), [...packetsOf(plan, input)[1]!.subarray(64)]);
    await using device = await createRtlDevice({ wave, builds: { [build]: await compileBuild(build) } });
    await assert.rejects(offload(plan, input, device), {
      code: "device",
      message: /^Cannot write a waveform/,
    });
  },
});

waveTest({
  name: "createRtlDevice({ wave }): a lookup's waveform has its packets, and its results stay the same",
  fn: async () => {
    const memo = memoize((x) => x * x, { input: "u8", output: "u16" });
    const levels = Uint8Array.from({ length: 4000 }, (_, n) => 7 * n);
    const input = tensor(levels, { dtype: "u8", shape: [4000] });
    const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, {
      memo,
      input,
      device: RTL_PROFILE,
    });
    const { write, text } = collector();
    {
      await using device = await createRtlDevice({
        wave: { first: 1, end: 3, write },
        builds: { lookup: await compileWave("lookup") },
      });
      const { output } = await offload(plan, input, device, { resources: { memo } });
      assert.deepEqual(output.data, Uint16Array.from(levels, (x) => x * x));
    }
    const vcd = readVcd(await text());
    const { request } = plan.packets;
    // The answer of the packet before may leave while the first one comes.
    const [came, left] = [packetsOn(vcd, "s_axis"), packetsOn(vcd, "m_axis").slice(-2)];
    for (const n of [1, 2]) {
      const sent = levels.subarray(n * request, (n + 1) * request);
      assert.deepEqual(came[n - 1]!.bytes.slice(64), [...sent]);
      const squares = Array.from(sent, (x) => [x * x & 255, x * x >> 8]).flat();
      assert.deepEqual(left[n - 1]!.bytes.slice(64), squares);
    }
  },
});

Deno.test("createRtlDevice({ wave }): without a build that writes waveforms is refused, with how to make one", async () => {
  const { plan, input } = SAMPLES[0]!;
  await using device = await createRtlDevice({ wave: { first: 0, end: 2, write: () => {} } });
  await assert.rejects(offload(plan, input, device), {
    code: "device",
    message: /^Cannot write a waveform: .*deno task rtl --wave.*builds\.terms/,
  });
});

Deno.test("makeWave: the tokenizer has no waveforms, and is refused by name", async () => {
  await assert.rejects(makeWave("tokenize", () => {}), {
    code: "device",
    message: "Cannot write a waveform: packet_tokenize has no build with waveforms",
  });
});
