import assert from "node:assert/strict";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import { makeBank } from "../../../runtime/xdp/bank.ts";
import type { XdpCounts } from "../../../runtime/xdp/layout.ts";
import { encodePages, NO_PAGES, type ResidentPages } from "../../../runtime/xdp/pages.ts";
import { type FrameAddresses, readFrame, writeFrame } from "../../../scripts/xdp/frames.ts";
import { testRunner } from "../../../scripts/xdp/test_run.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { packetCrcPlain } from "../../../serialize/packets.ts";
import { cellBytes, type Channels } from "../../../serialize/sampling.ts";
import { sized } from "../../support/long.ts";
import { random, randomBytes } from "../../support/random.ts";
import { createJudge, findRequest, reseal } from "./expected.ts";
import { checkAnswer, residentFrom, samples, V4, V6, withKernel } from "./samples.ts";
import { xdpTest } from "./tools.ts";

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

/** Gives a request another epoch, or one of its cells another row. */
function spoilPages(datagram: Uint8Array, channels: Channels, next: Next): Uint8Array {
  const view = new DataView(datagram.buffer);
  if (next() % 2 === 0) {
    view.setUint32(OFFSET.epoch, next() % 16 === 0 ? 0xffffffff - next() % 3 : next() % 40, true);
  } else {
    const cell = cellBytes(channels);
    const cells = Math.floor(view.getUint16(OFFSET.length, true) / cell);
    view.setUint16(HEADER_BYTES + cell * (next() % cells) + 4 * channels + 2, next() % 33, true);
  }
  reseal(datagram, packetCrcPlain);
  return datagram;
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
        const residents = new Map<number, ResidentPages>();
        const judge = createJudge(all.map(({ program }) => program), residents);
        const paged = all.filter(({ program }) => program.image().pages !== undefined);
        for (const { program: { plan, image } } of paged) {
          kernel.putPages(plan.id, encodePages(NO_PAGES, image().pages!));
        }
        const channels = new Map(paged.map(({ program: { plan } }) => [plan.id, channelsOf(plan)]));
        const run = testRunner(kernel);
        const next = random(20260103);
        const tally: Partial<Record<keyof XdpCounts, number>> = {};
        const add = (key: keyof XdpCounts, by = 1) => tally[key] = (tally[key] ?? 0) + by;
        for (let n = 0; n < count; n++) {
          if (n % 200 === 0) {
            // Another plan swaps: the kernel waits for each swap.
            const { program } = paged[(n / 200) % paged.length]!;
            const resident = residentFrom(program, next() % 31, next() % 34, next() % 17);
            kernel.putPages(program.plan.id, encodePages(resident, program.image().pages!));
            residents.set(program.plan.id, resident);
          }
          const some = next() % 4 === 0 ? paged : all;
          const { program: { plan }, datagrams } = some[next() % some.length]!;
          const spoil = SPOILS[next() % SPOILS.length]!;
          const whole = datagrams[next() % datagrams.length]!.slice();
          const isPaged = channels.has(plan.id) && next() % 2 === 0;
          const datagram = isPaged ? spoilPages(whole, channels.get(plan.id)!, next) : spoil(whole, next);
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
            "epoch",
            "page",
          ] as const
        ) {
          assert((tally[reason] ?? 0) > 0, `no frame is ${reason}: ${JSON.stringify(tally)}`);
        }
      }),
  );
}

/** Channels of an image plan. */
function channelsOf({ body }: Plan): Channels {
  return (body as ImagePlan["body"]).layout.channels;
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
