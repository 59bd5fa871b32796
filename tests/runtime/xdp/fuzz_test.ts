import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import type { Program } from "../../../kernels/program.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import { makeBank } from "../../../runtime/xdp/bank.ts";
import { type KernelProgram, loadKernelProgram } from "../../../runtime/xdp/kernel_program.ts";
import { encodeSettings, type XdpCounts } from "../../../runtime/xdp/layout.ts";
import { openNative } from "../../../runtime/xdp/native.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { type FrameAddresses, type ReadFrame, readFrame, writeFrame } from "../../../scripts/xdp/frames.ts";
import { testRunner } from "../../../scripts/xdp/test_run.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { packetBytes, packetCrcPlain } from "../../../serialize/packets.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { noise } from "../../support/images.ts";
import { sized } from "../../support/long.ts";
import { random, randomBytes } from "../../support/random.ts";
import { createJudge, findRequest, reseal } from "./expected.ts";
import { xdpTest } from "./tools.ts";

const V4: FrameAddresses = {
  from: Uint8Array.of(198, 18, 0, 1),
  to: Uint8Array.of(198, 18, 0, 2),
  fromPort: 40000,
  toPort: 5470,
};
const V6: FrameAddresses = {
  ...V4,
  from: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1),
  to: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 2),
};

/** A program, and datagrams that it answers. */
interface Sample {
  readonly program: Program;
  readonly datagrams: readonly Uint8Array[];
}

function sampleOf(plan: Plan, input: unknown, resources?: unknown): Sample {
  const { program, connect } = findWorkload(plan.workload).open(plan, resources);
  const connection = connect();
  const { flows: [flow] } = connection.begin(input, {});
  const { request, answer } = plan.packets;
  const datagrams: Uint8Array[] = [];
  for (let n = 0; n < 3; n++) {
    const count = flow!.write(connection.requests, 0, connection.requests.slots);
    for (let slot = 0; slot < count; slot++) {
      const datagram = new Uint8Array(HEADER_BYTES + Math.max(request, answer));
      datagram.set(packetBytes(connection.requests, slot));
      datagrams.push(datagram);
    }
  }
  assert(datagrams.length > 0);
  return { program, datagrams };
}

/** Plans of every stage and size: channels, element types, planes, with and without a CRC. */
function samples(): Sample[] {
  const made: Sample[] = [];
  for (const [n, channels] of ([1, 3, 4] as const).entries()) {
    const image = noise(1, 40, 50, channels, channels);
    for (const [m, dtype] of (["u8", "f16", "f32"] as const).entries()) {
      const layout = (n + m) % 2 === 0 ? "CHW" as const : "HWC" as const;
      const normalize = { op: "normalize", range: "0-1", dtype, layout } as const;
      const match = (["exact", "opencv", "torchvision"] as const)[m]!;
      const resize = { op: "resize", size: [31, 29], match } as const;
      const checksum = (n + m) % 3 === 2 ? "link" as const : "crc32c" as const;
      const steps = [[normalize], [resize], [resize, { ...normalize, range: "0-255" }]] as const;
      for (const each of steps) {
        const plan = compile({ steps: each } as never, { input: image, device: XDP_PROFILE, checksum });
        made.push(sampleOf(plan, image));
      }
    }
  }
  const bytes = (seed: number, length: number) => randomBytes(length, seed);
  const memos = [
    memoize((x) => 255 - x, { input: "u8", output: "u8" }),
    memoize((x) => x * x, { input: "u8", output: "f32" }),
    memoize((x) => Number.isNaN(x) ? 0 : Math.round(8 * x), {
      input: "bf16",
      output: "u8",
      overflow: "saturate",
    }),
    memoize((x) => x, { input: "f16", output: "bf16" }),
    memoize((a, b) => a * b, { input: [{ bits: 5 }, "u8"], output: "i32" }),
  ];
  for (const memo of memos) {
    const { dtype, operands } = memo.domain;
    const data = dtype === "u8"
      ? bytes(7, 6000).map((b, n) => operands.length === 2 && n % 2 === 0 ? b & 31 : b)
      : new Uint16Array(bytes(8, 6000).buffer);
    const shape = operands.length === 2 ? [3000, 2] : [data.length];
    const input = tensor(data, { dtype, shape });
    const pipeline = { steps: [{ op: "lookup", table: memo.id }] } as const;
    made.push(sampleOf(compile(pipeline, { memo, input, device: XDP_PROFILE }), input, { memo }));
  }
  return made;
}

type Next = () => number;

/** Ways to spoil a datagram in place. */
const SPOILS: readonly ((datagram: Uint8Array, next: Next) => Uint8Array)[] = [
  (datagram) => datagram,
  (datagram, next) => {
    for (let n = next() % 4; n >= 0; n--) datagram[next() % datagram.length]! ^= 1 << next() % 8;
    return datagram;
  },
  (datagram, next) => {
    datagram[next() % HEADER_BYTES] = next();
    reseal(datagram, packetCrcPlain);
    return datagram;
  },
  (datagram, next) => {
    const field = Object.values(OFFSET)[next() % 16]!;
    new DataView(datagram.buffer).setUint16(
      typeof field === "number" ? field : 0,
      next() % 3 === 0 ? next() : next() % 2048,
      true,
    );
    reseal(datagram, packetCrcPlain);
    return datagram;
  },
  (datagram, next) => {
    for (let n = next() % 8; n >= 0; n--) {
      datagram[HEADER_BYTES + next() % (datagram.length - HEADER_BYTES)] = next();
    }
    reseal(datagram, packetCrcPlain);
    return datagram;
  },
  (datagram, next) => datagram.subarray(0, next() % (datagram.length + 1)),
  (datagram, next) => randomBytes(next() % 1500, next()).map((byte, n) => n < 6 ? datagram[n]! : byte),
  (datagram, next) => {
    const longer = new Uint8Array(datagram.length + next() % 1000);
    longer.set(datagram);
    if (next() % 2 === 0) {
      new DataView(longer.buffer).setUint16(OFFSET.length, longer.length - HEADER_BYTES, true);
    }
    reseal(longer, packetCrcPlain);
    return longer;
  },
];

/** Asserts that an answered frame returns to its sender with the right bytes and checksums. */
function checkAnswer(frame: Uint8Array, { addresses: sent, macs }: ReadFrame, answer: Uint8Array): void {
  const read = readFrame(frame);
  assert(typeof read !== "string", `wrong ${read}`);
  const { from, to, fromPort, toPort } = read.addresses;
  assert.deepEqual([...from, ...to, fromPort, toPort], [
    ...sent.to,
    ...sent.from,
    sent.toPort,
    sent.fromPort,
  ]);
  assert.deepEqual([...read.macs], [...macs.slice(6), ...macs.slice(0, 6)]);
  assert.deepEqual(read.payload, answer);
}

async function withKernel(addresses: FrameAddresses, run: (kernel: KernelProgram) => void): Promise<void> {
  const kernel = loadKernelProgram(await openNative());
  try {
    kernel.configure(encodeSettings(addresses.to, addresses.toPort));
    run(kernel);
  } finally {
    kernel.close();
  }
}

for (
  const [name, addresses, count] of [["IPv4", V4, sized(100_000, 4000)], [
    "IPv6",
    V6,
    sized(20_000, 1000),
  ]] as const
) {
  xdpTest(
    `the XDP program answers, drops and passes ${count} fuzzed frames over ${name} as the models do`,
    () =>
      withKernel(addresses, (kernel) => {
        const all = samples();
        for (const { program } of all) kernel.put(program.plan.id, makeBank(program).bytes);
        const judge = createJudge(all.map(({ program }) => program));
        const run = testRunner(kernel);
        const next = random(20260103);
        const tally: Partial<Record<keyof XdpCounts, number>> = {};
        const add = (key: keyof XdpCounts, by = 1) => tally[key] = (tally[key] ?? 0) + by;
        for (let n = 0; n < count; n++) {
          const { datagrams } = all[next() % all.length]!;
          const spoil = SPOILS[next() % SPOILS.length]!;
          const datagram = spoil(datagrams[next() % datagrams.length]!.slice(), next);
          let frame = writeFrame(addresses, datagram);
          if (next() % 8 === 0) frame[next() % (frame.length - datagram.length)]! ^= 1 << next() % 8;
          if (next() % 64 === 0) frame = frame.slice(0, 14 + next() % (frame.length - 13));
          const request = frame.length < 42 ? null : findRequest(frame, addresses);
          const { verdict, frame: after } = run(frame);
          // The checksum of UDP is the sender's card's to write: the program cannot check it, the packet has its own.
          if (request === null) {
            if (verdict === "pass") {
              assert.deepEqual(after, frame);
              add("passed");
              continue;
            }
            assert(isOnlyUdpSum(frame, addresses), `frame ${n} is foreign, and gets ${verdict}`);
          }
          const expected = judge(request ?? frame.subarray(frame.length - datagram.length));
          if (typeof expected === "string") {
            assert.equal(verdict, "drop", `frame ${n}: expected a drop by ${expected}`);
            add(expected as keyof XdpCounts);
          } else {
            assert.equal(verdict, "tx", `frame ${n}: expected an answer`);
            const sent = readFrame(fixedSum(frame));
            assert(typeof sent !== "string");
            checkAnswer(after, sent, expected);
            add("answered");
            add("answerBytes", expected.length - HEADER_BYTES);
          }
        }
        const counted = Object.entries(kernel.counts()).filter(([, value]) => value !== 0);
        assert.deepEqual(Object.fromEntries(counted), { ...tally });
        for (
          const reason of [
            "answered",
            "passed",
            "truncated",
            "magic",
            "crc",
            "plan",
            "items",
            "weight",
            "sequence",
          ] as const
        ) {
          assert((tally[reason] ?? 0) > 0, `no frame is ${reason}: ${JSON.stringify(tally)}`);
        }
      }),
  );
}

/** A copy of a frame whose UDP checksum is right. */
function fixedSum(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  const udp = new DataView(copy.buffer).getUint16(12) === 0x0800 ? 34 : 54;
  copy.fill(0, udp + 6, udp + 8);
  const read = readFrame(copy);
  if (read !== "no UDP checksum") return copy;
  const at = new DataView(copy.buffer);
  const addresses = {
    from: copy.slice(22, 38),
    to: copy.slice(38, 54),
    fromPort: at.getUint16(54),
    toPort: at.getUint16(56),
  };
  const written = writeFrame(addresses, copy.slice(62));
  copy.set(written.subarray(60, 62), 60);
  return copy;
}

/** Whether a frame would be a request with a right checksum of UDP. */
function isOnlyUdpSum(frame: Uint8Array, addresses: FrameAddresses): boolean {
  return frame.length >= 42 && findRequest(fixedSum(frame), addresses) !== null;
}
