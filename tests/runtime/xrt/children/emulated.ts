// What a card computes, through AMD's library and its emulation: bytes that come back.
import type { XrtBuffer } from "../../../../runtime/device/xrt/binding/buffer.ts";
import { XrtRing } from "../../../../runtime/device/xrt/binding/ring.ts";
import { startEmulation } from "../../../../scripts/emulation/emulation.ts";
import { createEngine } from "../../../../serialize/engine.ts";
import { reserveSlots } from "../../../../serialize/packets.ts";
import { failure, IMAGE, SLOW, STALLS, tell } from "./support.ts";

const WORDS = 1024;
// Under Node both are bundles, beside each other.
const program = new URL(`./vadd_card${import.meta.url.endsWith(".ts") ? ".ts" : ".mjs"}`, import.meta.url);
const emulation = await startEmulation({ program, xclbin: IMAGE, timeoutMs: 20_000 });
const card = await emulation.open();
const { device } = card;

const kernel = device.kernel("vadd", { exclusive: true });

const words = (buffer: XrtBuffer) => {
  const bytes = buffer.map();
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};

/** Runs the kernel on two buffers, and says whether every word is right. */
async function right(from: XrtBuffer, to: XrtBuffer, size = WORDS): Promise<boolean> {
  words(from).forEach((_, i, all) => all[i] = 3 * i + size);
  words(to).fill(0);
  await from.sync("toDevice");
  using run = kernel.run();
  run.set("in", from);
  run.set("out", to);
  run.set("size", size);
  run.set("scale", 2.5);
  await run.start();
  await run.wait({ timeoutMs: 10_000 });
  await to.sync("fromDevice");
  return words(to).subarray(0, size).every((word, i) => word === 3 * i + size + 44);
}

const allocate = async (argument: string, kind?: XrtBuffer["kind"]) =>
  await device.allocate({ bytes: 4 * WORDS, group: kernel.group(argument), kind });
const [from, to] = [await allocate("in"), await allocate("out")];
tell({ step: "plain", right: await right(from, to) });

// Slots of an engine, as sessions have them: the buffer is the memory that packets are written to.
const engine = createEngine(2 ** 17);
const [requests, answers] = [reserveSlots(engine, 4, 1344), reserveSlots(engine, 4, 1344)];
const [wrappedIn, wrappedOut] = [
  await device.wrap(engine.bytes.subarray(requests.address, requests.address + 4096), kernel.group("in")),
  await device.wrap(engine.bytes.subarray(answers.address, answers.address + 4096), kernel.group("out")),
];
tell({
  step: "engine",
  right: await right(wrappedIn, wrappedOut),
  seen: engine.view.getUint32(answers.address + 4, true) === 3 + WORDS + 44,
});

const large = await device.allocate({ bytes: 16 * WORDS, group: kernel.group("in") });
const part = large.part(4 * WORDS, 4 * WORDS);
words(large).fill(7);
tell({
  step: "part",
  right: await right(part, to),
  address: Number(part.address - large.address),
  // A part is the whole's memory, and moving it moves nothing else.
  shared: words(large)[WORDS] === WORDS && words(large)[0] === 7 && words(large)[2 * WORDS] === 7,
});
const inside = wrappedIn.part(1024, 2048);
tell({ step: "part of an engine", right: await right(inside, wrappedOut.part(1024, 1024), 256) });

for (const kind of ["host-only", "p2p", "cacheable"] as const) {
  tell({ step: kind, right: await right(await allocate("in", kind), to) });
}

words(from).fill(5);
await from.sync("toDevice", 64, 128);
words(from).fill(0);
await from.sync("fromDevice", 64, 128);
tell({ step: "range", words: [words(from)[31], words(from)[32], words(from)[47], words(from)[48]] });

// Registers of a kernel, and of an instance that runs by itself.
kernel.writeRegister(0x28, 9);
{
  using ip = device.ip("networklayer");
  ip.writeRegister(0x18, 0xc0a8_0005);
  tell({
    step: "registers",
    kernel: kernel.readRegister(0x28),
    ip: ip.readRegister(0x18),
    beyond: await failure(() => ip.readRegister(0x2000)),
    odd: await failure(() => kernel.readRegister(2)),
    shared: await failure(() => device.kernel("vadd:{vadd_1}").readRegister(0x28)),
  });
}

{
  const buffers = {
    in: { bytes: 4 * WORDS, direction: "in" },
    out: { bytes: 4 * WORDS, direction: "out" },
  } as const;
  using ring = await XrtRing.create(device, kernel, { buffers });
  let wrong = 0;
  for (const { run } of ring.slots) {
    run.set("size", WORDS);
    run.set("scale", 0);
  }
  const count = await ring.run(Array(40).keys(), {
    fill: ({ buffers }, item) => void words(buffers["in"]!).fill(item),
    drain: ({ buffers }, item) => {
      if (!words(buffers["out"]!).every((word) => word === item + 42)) wrong++;
    },
  });
  tell({ step: "ring", count, wrong, slots: ring.slots.length });
}

// The event loop goes on while a run takes its time.
{
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await right(from, to, SLOW);
  clearInterval(timer);
  tell({ step: "slow", ticks });
}

// A run that never ends: the wait does, the run and its buffers stay, and the card is given up.
const stuck = kernel.run();
stuck.set("in", from);
stuck.set("out", to);
stuck.set("size", STALLS);
stuck.set("scale", 0);
await stuck.start();
const waited = await failure(() => stuck.wait({ timeoutMs: 200 }));
const aborted = await failure(() => stuck.wait({ signal: AbortSignal.timeout(50) }));
from.close();
tell({ step: "stuck", waited, aborted, running: stuck.running, freed: from.freed });
await card.close();
tell({ step: "closed", device: device.freed });

const again = await emulation.open();

tell({ step: "again", kernels: again.device.xclbin.kernels.length });
await again.close();
await emulation.close();
tell({ step: "end" });
