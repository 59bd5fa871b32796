/**
 * Candidates for XRT: calls of the same function, bare and through the binding.
 *
 * @module
 */

import { emulatedXclbin } from "../../runtime/device/emulation/image.ts";
import { compile } from "../../kernels/compile.ts";
import { MOVER, moverInstances } from "../../kernels/rtl/movers.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import { Session } from "../../runtime/session.ts";
import { createCardPackets } from "../../runtime/device/xrt/device/card_packets.ts";
import type { Pointer } from "../../runtime/device/xrt/binding/native.ts";
import { writeXclbin } from "../../runtime/device/xrt/xclbin/xclbin_write.ts";
import type { XrtBuffer } from "../../runtime/device/xrt/binding/buffer.ts";
import type { XrtDevice } from "../../runtime/device/xrt/binding/device.ts";
import type { XrtKernel } from "../../runtime/device/xrt/binding/kernel.ts";
import type { XrtRun } from "../../runtime/device/xrt/binding/run.ts";
import { createEngine } from "../../serialize/engine.ts";
import { reserveSlots, SLOTS_ALIGNMENT } from "../../serialize/packets.ts";
import { benchPlan, noise } from "./images.ts";
import { createNoopCard } from "./noop_card.ts";

/** Calls in one timed run, because reading the clock costs as much as one call. */
const CALLS = 1000;

const DONE = Promise.resolve();

/** A device that computes nothing, with one kernel, a buffer and a run. */
export interface Noop {
  /** An open device in XRT's mode `noop`. */
  readonly device: XrtDevice;
  /** The kernel `copy`, opened exclusively. */
  readonly kernel: XrtKernel;
  /** Argument `from` of the run, 64 KiB. */
  readonly buffer: XrtBuffer;
  /** A run whose arguments are set. */
  readonly run: XrtRun;
}

/** The same work, bare and through the binding. */
export interface Pair {
  /** Functions that are called. */
  readonly name: string;
  /** Number of calls in one run of `bare` or `wrapped`. */
  readonly calls: number;
  /** Calls by `Deno.dlopen` alone. */
  readonly bare: () => void | Promise<void>;
  /** Calls through the binding. */
  readonly wrapped: () => void | Promise<void>;
}

/** Loads an xclbin with one kernel and prepares a run of it. */
export async function openNoop(device: XrtDevice): Promise<Noop> {
  await device.load(writeXclbin({
    platform: "onpath_noop",
    memories: [{ tag: "bank0", bytes: 2n ** 32n, base: 0n }],
    kernels: [{
      name: "copy",
      arguments: [
        { name: "from", kind: "buffer", offset: 0x10, memory: 0 },
        { name: "items", kind: "scalar", offset: 0x1c },
      ],
      instances: [{ name: "copy_1", base: 0x1800000n }],
    }],
  }));
  const kernel = device.kernel("copy", { exclusive: true });
  const buffer = await device.allocate({ bytes: 65_536, group: kernel.group("from") });
  const run = kernel.run();
  run.set("from", buffer);
  run.set("items", 1);
  return { device, kernel, buffer, run };
}

/** Pairs for the calls that each run of a loaded kernel makes. */
export function callPairs({ device, buffer, run }: Noop): Pair[] {
  const { symbols } = Deno.dlopen(device.xrt.path, {
    xrtRunState: { parameters: ["pointer"], result: "i32" },
    xrtBOSync: { parameters: ["pointer", "i32", "usize", "usize"], result: "i32" },
    _Z13xrtRunSetArgVPviPKvm: { parameters: ["pointer", "i32", "buffer", "usize"], result: "i32" },
    xrtRunStart: { parameters: ["pointer"], result: "i32" },
    xrtRunWaitFor: { parameters: ["pointer", "u32"], result: "i32" },
  });
  const raw = (pointer: Pointer) => pointer as unknown as Deno.PointerObject;
  const [runs, buffers] = [raw(run.pointer), raw(buffer.pointer)];
  const word = new Uint32Array(1);
  const view = new DataView(word.buffer);
  const bytes = new Uint8Array(word.buffer);
  const pair = (name: string, bare: (i: number) => void, wrapped: (i: number) => void): Pair => ({
    name,
    calls: CALLS,
    bare: () => {
      for (let i = 0; i < CALLS; i++) bare(i);
    },
    wrapped: () => {
      for (let i = 0; i < CALLS; i++) wrapped(i);
    },
  });
  return [
    pair("xrtRunState", () => symbols.xrtRunState(runs), () => run.state()),
    pair("xrtRunSetArgV, a number", (i) => {
      view.setUint32(0, i, true);
      symbols._Z13xrtRunSetArgVPviPKvm(runs, 1, bytes, 4n);
    }, (i) => run.set(1, i)),
    pair(
      "xrtBOSync, 4096 bytes",
      () => symbols.xrtBOSync(buffers, 0, 4096n, 0n),
      () => buffer.syncNow("toDevice", 4096),
    ),
    {
      name: "xrtRunStart, xrtRunState, xrtRunWaitFor, await",
      calls: CALLS,
      bare: async () => {
        for (let i = 0; i < CALLS; i++) {
          symbols.xrtRunStart(runs);
          if (symbols.xrtRunState(runs) === 4) symbols.xrtRunWaitFor(runs, 50);
          await DONE;
        }
      },
      wrapped: async () => {
        for (let i = 0; i < CALLS; i++) {
          run.startNow();
          await run.wait();
        }
      },
    },
  ];
}

/** Writing the packets of an image into host memory, and into host memory that is also a buffer. */
export async function serializePair({ device, kernel }: Noop): Promise<Pair> {
  const image = noise(720, 1280);
  const plan = benchPlan(image, 224, "link", "cells");
  const { packets } = plan.body.layout.cut;
  const writers = [reservePackets(plan, packets), reservePackets(plan, packets)] as const;
  const { engine, address, slotBytes, slots } = writers[1].requests;
  const memory = engine.bytes.subarray(address, address + slots * slotBytes);
  const buffer = await device.wrap(memory, kernel.group("from"));
  if (address % SLOTS_ALIGNMENT !== 0 || buffer.map().byteOffset !== memory.byteOffset) {
    throw new Error("Cannot measure serialization: the buffer does not map the slots' memory");
  }
  const write = ({ writer, requests }: (typeof writers)[number]) => () => {
    for (let first = 0; first < packets; first += requests.slots) {
      writer.write(image, 0, first, Math.min(requests.slots, packets - first), requests);
    }
  };
  return {
    name: "serialize a packet of 1280x720 to 224x224",
    calls: packets,
    bare: write(writers[0]),
    wrapped: write(writers[1]),
  };
}

/** Runs a second; each sets an argument, starts the kernel and waits for it. */
export async function runsPerSecond({ run }: Noop, seconds = 1): Promise<number> {
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < 1000 * seconds) {
    run.set(1, runs++);
    run.startNow();
    await run.wait();
  }
  return 1000 * runs / (performance.now() - start);
}

/** Exchanges a second; each copies one packet, moves it, runs the mover, and moves the status back. */
export async function exchangesPerSecond({ device }: Noop, seconds = 1): Promise<number> {
  await device.load(emulatedXclbin());
  const packets = createCardPackets(
    device,
    device.kernel(`${MOVER.packets}:{${moverInstances("onpath_image_host_0").packets}}`, { exclusive: true }),
  );
  const engine = createEngine(2 ** 20);
  const exchange = { input: reserveSlots(engine, 8, 1344), count: 1, output: reserveSlots(engine, 8, 1344) };
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < 1000 * seconds; count++) await packets.exchange(exchange, 1, {});
  return 1000 * count / (performance.now() - start);
}

/** Runs a second of a whole session, from an image of one packet to a tensor. */
export async function sessionRunsPerSecond({ device: card }: Noop, seconds = 1): Promise<number> {
  const device = await createNoopCard(card);
  const image = noise(8, 8);
  const steps = [{ op: "normalize", range: "0-1", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }] as const;
  const session = await Session.open(compile({ steps }, { input: image, device, checksum: "link" }), device);
  let runs = 0;
  const start = performance.now();
  for (; performance.now() - start < 1000 * seconds; runs++) await session.run(image);
  return 1000 * runs / (performance.now() - start);
}
