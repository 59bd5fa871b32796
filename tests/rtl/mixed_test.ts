// Mixed traffic: packets of a plan among datagrams that are not for the kernel, at the full rate of its bus.
import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { driveRtl } from "../../runtime/device/rtl/card.ts";
import type { RtlExports } from "../../runtime/device/rtl/exports.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { OFFSET } from "../../serialize/header.ts";
import { noise } from "../support/images.ts";
import { randomBytes } from "../support/random.ts";
import { load, packetsOf, sealed } from "./plans.ts";
import { drive, readRtl } from "./rtl.ts";

/** Bytes of a beat of the core. */
const BEAT = 32;
/** Longest payload of a datagram in a frame of 1,500 bytes. */
const DATAGRAM = 1472;

/** Datagrams that are not for the plan, each for another reason: unknown bytes, an empty one of ours, another plan, noise. */
function foreign(ours: Uint8Array, at: number): readonly [packet: Uint8Array, reason: string] {
  const copy = ours.slice();
  const view = new DataView(copy.buffer);
  switch (at % 4) {
    case 0:
      return [randomBytes(DATAGRAM, at + 1), "magic"];
    case 1:
      return [copy.subarray(0, 1 + at % 63), "truncated"];
    case 2:
      view.setUint32(OFFSET.plan, view.getUint32(OFFSET.plan, true) ^ 1, true);
      return [sealed(copy), "plan"];
    default:
      copy[copy.length - 1]! ^= 1;
      return [copy, "crc"];
  }
}

Deno.test("packet_image: datagrams that are not for it pass at a beat a cycle, are counted, and change no answer", async () => {
  const image = noise(1, 90, 160, 3, 2);
  const plan = compile({ steps: [{ op: "resize", size: [72, 128] }] }, { input: image, device: RTL_PROFILE });
  const { exports } = await WebAssembly.instantiate(
    await WebAssembly.compile(await readRtl("packet_image")),
    {},
  );
  const clock = exports.cycles_so_far as () => number;
  const rtl = load(plan, drive(driveRtl(exports as unknown as RtlExports)));
  const ours = packetsOf(plan, image);
  const beats = (packets: readonly Uint8Array[]) =>
    packets.reduce((sum, { length }) => sum + Math.ceil(length / BEAT), 0);
  /** Runs packets, and returns the cycles from the first beat to the last answer with the outcome. */
  const timed = (packets: readonly Uint8Array[]) => {
    const before = rtl.card.counters().beatsIn;
    const began = clock();
    const outcome = rtl.run(packets);
    const cycles = clock() - began;
    assert.equal(rtl.card.counters().beatsIn - before, beats(packets), "every beat is counted");
    return { ...outcome, cycles };
  };
  const alone = timed(ours);
  assert.equal(alone.answers.length, ours.length);
  // One, two and three datagrams of others for each of ours.
  for (const share of [1, 2, 3]) {
    const expected = new Map<string, number>();
    const mixed = ours.flatMap((packet, at) => [
      packet,
      ...Array.from({ length: share }, (_, n) => {
        const [bytes, reason] = foreign(packet, at + n);
        expected.set(reason, (expected.get(reason) ?? 0) + 1);
        return bytes;
      }),
    ]);
    const { answers, drops, cycles } = timed(mixed);
    assert.deepEqual(answers, alone.answers);
    assert.deepEqual(
      drops.flatMap((count, at) => count > 0 ? [[DROP_REASONS[at], count]] : []).sort(),
      [...expected].sort(),
    );
    // The core works on a packet of the plan while beats of others enter; 200 cycles are reads of registers and the end.
    assert(
      cycles <= Math.max(alone.cycles, beats(mixed)) + 200,
      `${cycles} cycles for ${beats(mixed)} beats`,
    );
  }
});
