import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { MAX_EPOCH } from "../../../kernels/epochs.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { IMAGE_ARGUMENTS } from "../../../kernels/rtl/registers.ts";
import { makeBank } from "../../../runtime/xdp/bank.ts";
import type { KernelProgram } from "../../../runtime/xdp/kernel_program.ts";
import type { XdpCounts, XdpDropReason } from "../../../runtime/xdp/layout.ts";
import { encodePages, MAX_PAGES, type ResidentPages } from "../../../runtime/xdp/pages.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { readFrame, writeFrame } from "../../../scripts/xdp/frames.ts";
import { testRunner } from "../../../scripts/xdp/test_run.ts";
import { FLAG, HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { packetCrcPlain } from "../../../serialize/packets.ts";
import { cellBytes } from "../../../serialize/sampling.ts";
import { noise } from "../../support/images.ts";
import { createJudge, reseal } from "./expected.ts";
import {
  checkAnswer,
  pagedSamples,
  residentFrom,
  type Sample,
  sampleOf,
  V4,
  V6,
  withKernel,
} from "./samples.ts";
import { xdpTest } from "./tools.ts";

const image = noise(1, 40, 50, 3, 3);
const NORMALIZE = { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" } as const;

function imageSample(...steps: readonly object[]): Sample {
  return sampleOf(compile({ steps } as never, { input: image, device: XDP_PROFILE }), image);
}

/** Runs datagrams of a sample, and asserts what the models say. */
function limitsOf(kernel: KernelProgram, { program, ...sample }: Sample, resident?: ResidentPages) {
  const { plan: { id } } = program;
  kernel.put(id, makeBank(program).bytes);
  if (resident !== undefined) kernel.putPages(id, encodePages(resident, program.image().pages!));
  const judge = createJudge([program], new Map(resident && [[id, resident]]));
  const run = testRunner(kernel);
  return (what: string, expected: XdpDropReason | "answer", change: (view: DataView) => number | void) => {
    const bytes = new Uint8Array(2900);
    const [, middle] = sample.datagrams;
    bytes.set(middle!);
    const length = change(new DataView(bytes.buffer)) ?? middle!.length;
    const datagram = bytes.subarray(0, length);
    reseal(datagram, packetCrcPlain);
    const judged = judge(datagram);
    assert.equal(typeof judged === "string" ? judged : "answer", expected, what);
    const frame = writeFrame(V4, datagram);
    const before = kernel.counts();
    const { verdict, frame: after } = run(frame);
    const counter = expected === "answer" ? "answered" : expected as keyof XdpCounts;
    assert.equal(kernel.counts()[counter], before[counter] + 1, what);
    assert.equal(verdict, expected === "answer" ? "tx" : "drop", what);
    if (typeof judged === "string") return;
    const sent = readFrame(frame);
    assert(typeof sent !== "string");
    checkAnswer(after, sent, judged);
  };
}

xdpTest(
  "the XDP program accepts each field of a header up to its limit, and drops one beyond",
  () =>
    withKernel(V4, (kernel) => {
      const sample = imageSample({ op: "resize", size: [31, 29] });
      const check = limitsOf(kernel, sample);
      const { request } = sample.program.plan.packets;
      const u16 = (at: number, value: number) => (view: DataView) => view.setUint16(at, value, true);
      const u32 = (at: number, value: number) => (view: DataView) => view.setUint32(at, value, true);
      check("as it is", "answer", () => {});
      check("packets", "answer", u32(OFFSET.packets, 2 ** 24));
      check("packets", "packets", u32(OFFSET.packets, 2 ** 24 + 1));
      for (const [packets, reason] of [[8, "answer"], [7, "sequence"]] as const) {
        check("sequence", reason, (view) => {
          view.setUint32(OFFSET.sequence, 7, true);
          view.setUint32(OFFSET.packets, packets, true);
          view.setUint16(OFFSET.flags, FLAG.checked | (packets === 8 ? FLAG.last : 0), true);
        });
      }
      check(
        "overlap",
        "answer",
        (view) => view.setUint16(OFFSET.overlap, view.getUint16(OFFSET.length, true), true),
      );
      check(
        "overlap",
        "overlap",
        (view) => view.setUint16(OFFSET.overlap, view.getUint16(OFFSET.length, true) + 1, true),
      );
      check("position", "answer", u32(OFFSET.position + 4, 0xffff));
      check("position", "position", u32(OFFSET.position + 4, 0x10000));
      check("flags", "answer", u16(OFFSET.flags, 31 - FLAG.first - FLAG.last));
      check("flags", "flags", u16(OFFSET.flags, 32));
      check("kind", "items", (view) => view.setUint8(OFFSET.kind, 5));
      for (const kind of [0, 6, 33]) check("kind", "kind", (view) => view.setUint8(OFFSET.kind, kind));
      check("length", "length", u16(OFFSET.length, 0));
      check("length", "truncated", u16(OFFSET.length, 8192));
      check("length", "length", u16(OFFSET.length, 8193));
      // Items beyond the plan's, in a datagram that has them.
      for (
        const [length, reason] of [[request, "answer"], [request + 16, "items"], [1984, "items"], [
          2000,
          "items",
        ]] as const
      ) {
        check(`${length} bytes`, reason, (view) => {
          const { buffer } = view;
          new Uint8Array(buffer).fill(0, HEADER_BYTES);
          view.setUint16(OFFSET.length, length, true);
          return HEADER_BYTES + length;
        });
      }
    }),
);

xdpTest(
  "the XDP program answers datagrams that just hold request and answer, and drops shorter ones",
  () =>
    withKernel(V4, (kernel) => {
      const shrinks = imageSample({ op: "resize", size: [31, 29] });
      const length = (view: DataView) => HEADER_BYTES + view.getUint16(OFFSET.length, true);
      let check = limitsOf(kernel, shrinks);
      check("whole request", "answer", length);
      check("request less a byte", "truncated", (view) => length(view) - 1);
      check("header less a byte", "truncated", () => HEADER_BYTES - 1);
      check("nothing", "truncated", () => 0);
      const grows = imageSample(NORMALIZE);
      check = limitsOf(kernel, grows);
      const room = (view: DataView) => HEADER_BYTES + 2 * view.getUint16(OFFSET.length, true);
      check("room for the answer", "answer", room);
      check("a byte less", "items", (view) => room(view) - 1);
    }),
);

for (const match of ["exact", "opencv"] as const) {
  xdpTest(
    `the XDP program accepts the last weight index of match ${match}, and drops the next one`,
    () =>
      withKernel(V4, (kernel) => {
        const sample = imageSample({ op: "resize", size: [31, 29], match });
        const check = limitsOf(kernel, sample);
        const { values } = sample.program.image();
        const weights = values[IMAGE_ARGUMENTS.findIndex(({ name }) => name === "weights")]!;
        const limits = match === "exact"
          ? [[12, weights]] as const
          : [[12, weights & 0xffff], [14, weights >>> 16]] as const;
        for (const [at, limit] of limits) {
          for (const cell of [0, 5]) {
            const place = HEADER_BYTES + 16 * cell + at;
            check("last", "answer", (view) => view.setUint16(place, limit - 1, true));
            check("next", "weight", (view) => view.setUint16(place, limit, true));
          }
        }
        if (match === "exact") check("32 bits", "weight", (view) => view.setUint8(HEADER_BYTES + 15, 1));
      }),
  );
}

xdpTest(
  "the XDP program answers epochs from the first that is served to the last there is, and rows of resident pages",
  () =>
    withKernel(V4, (kernel) => {
      for (const sample of pagedSamples()) {
        const { plan, image } = sample.program;
        const { channels } = (plan as ImagePlan).body.layout;
        const row = HEADER_BYTES + 4 * channels + 2;
        const epoch = (value: number) => (view: DataView) => view.setUint32(OFFSET.epoch, value, true);
        // Pages 30, 0, 1, …, 14, of which the last is in the last place.
        const last = (30 + MAX_PAGES - 1) % image().pages!.count;
        for (const first of [0, 1, 2 ** 31, MAX_EPOCH]) {
          const check = limitsOf(kernel, sample, residentFrom(sample.program, 30, first));
          check("first epoch", "answer", epoch(first));
          if (first > 0) check("epoch before", "epoch", epoch(first - 1));
          check("last epoch", "answer", epoch(MAX_EPOCH));
          check("no epoch", "epoch", epoch(MAX_EPOCH + 1));
          for (const cell of [0, 3]) {
            const at = row + cellBytes(channels) * cell;
            const page = (value: number) => (view: DataView) => {
              epoch(first)(view);
              view.setUint16(at, value, true);
            };
            check("page in the first place", "answer", page(30));
            check("page in the last place", "answer", page(last));
            check("page beyond them", "page", page(last + 1));
            check("row beyond all", "weight", page(31));
          }
        }
        const none = limitsOf(kernel, sample, { first: 0, pages: [] });
        none("no page", "page", epoch(0));
        kernel.removePages(plan.id);
      }
    }),
);

xdpTest(
  "the XDP program passes fragments, and answers whatever the hop limit and the service are",
  () =>
    withKernel(V4, (kernel) => {
      const sample = imageSample(NORMALIZE);
      kernel.put(sample.program.plan.id, makeBank(sample.program).bytes);
      const run = testRunner(kernel);
      const [datagram] = sample.datagrams;
      const changed = (at: number, value: number) => {
        const frame = writeFrame(V4, datagram!);
        const view = new DataView(frame.buffer);
        view.setUint16(at, value);
        view.setUint16(24, 0);
        let sum = 0;
        for (let word = 14; word < 34; word += 2) sum += view.getUint16(word);
        view.setUint16(24, 0xffff ^ (sum % 0xffff));
        return frame;
      };
      for (const fragment of [0x2000, 0x0001, 0x1fff, 0x8000 >> 3]) {
        assert.equal(run(changed(20, fragment)).verdict, "pass", `fragment ${fragment}`);
      }
      assert.equal(run(changed(20, 0x4000)).verdict, "tx");
      assert.equal(run(changed(14, 0x45b8)).verdict, "tx");
      const { verdict, frame } = run(changed(22, 0x0111));
      assert.deepEqual([verdict, frame[22]], ["tx", 64]);
    }),
);

xdpTest(
  "the XDP program writes a UDP checksum of zero over IPv6 as all ones",
  () =>
    withKernel(V6, (kernel) => {
      const sample = imageSample(NORMALIZE);
      kernel.put(sample.program.plan.id, makeBank(sample.program).bytes);
      const run = testRunner(kernel);
      const [datagram] = sample.datagrams;
      const sumOf = (frame: Uint8Array) => frame[60]! << 8 | frame[61]!;
      const first = run(writeFrame({ ...V6, fromPort: 1 }, datagram!));
      // The port adds what the sum lacks.
      const port = 1 + sumOf(first.frame);
      const { verdict, frame } = run(
        writeFrame({ ...V6, fromPort: port > 0xffff ? port - 0xffff : port }, datagram!),
      );
      assert.equal(verdict, "tx");
      assert.equal(sumOf(frame), 0xffff);
      assert(typeof readFrame(frame) !== "string");
    }),
);
