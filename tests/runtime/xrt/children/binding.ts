// Everything that mode noop can show: handles, guards, and nothing left behind.
import process from "node:process";
import type { XrtBuffer } from "../../../../runtime/device/xrt/binding/buffer.ts";
import { XrtDevice } from "../../../../runtime/device/xrt/binding/device.ts";
import { XrtRing } from "../../../../runtime/device/xrt/binding/ring.ts";
import { createEngine } from "../../../../serialize/engine.ts";
import { reserveSlots } from "../../../../serialize/packets.ts";
import { failure, IMAGE, tell } from "./support.ts";

const device = await XrtDevice.open();
tell({ step: "open", provider: device.xrt.provider.name, version: device.xrt.version, freed: device.freed });
tell({ step: "kernel before load", failure: await failure(() => device.kernel("vadd")) });
const xclbin = await device.load(IMAGE);
const uuid = Array.from(device.uuid(), (byte) => byte.toString(16).padStart(2, "0")).join("");
tell({ step: "load", same: xclbin.uuid.replaceAll("-", "") === uuid });

tell({ step: "unknown kernel", failure: await failure(() => device.kernel("vsub")) });
tell({ step: "unknown instance", failure: await failure(() => device.kernel("vadd:{vadd_9}")) });
tell({ step: "free running", failure: await failure(() => device.kernel("networklayer")) });
const kernel = device.kernel("vadd");
tell({ step: "one instance", failure: await failure(() => device.kernel("vadd:{vadd_1}").close()) });
tell({
  step: "arguments",
  groups: [kernel.group("in"), kernel.group(1)],
  offsets: [0, 1, 2, 3].map((i) => kernel.offset(i)),
  unknown: await failure(() => kernel.argument("sum")),
  scalar: await failure(() => kernel.group("size")),
});

const from = await device.allocate({ bytes: 4096, group: kernel.group("in") });
const to = await device.allocate({ bytes: 4096, group: kernel.group("out") });
tell({
  step: "buffer",
  mapped: from.map().length,
  same: from.map().buffer === from.map().buffer,
  part: Number(from.part(64, 128).address - from.address),
  beyond: await failure(() => from.part(64, 4064)),
  sync: await failure(() => from.sync("toDevice", 4096, 64)),
  empty: await failure(() => from.syncNow("toDevice", 0)),
});
const only = await device.allocate({ bytes: 4096, group: 0, kind: "device-only" });
tell({
  step: "device-only",
  map: await failure(() => only.map()),
  sync: await failure(() => only.sync("toDevice")),
  now: await failure(() => only.syncNow("fromDevice")),
});
only.close();
tell({
  step: "closed buffer",
  map: await failure(() => only.map()),
  again: await failure(() => only.close()),
});

const run = kernel.run();
tell({
  step: "arguments of a run",
  bank: await failure(() => run.set("in", to)),
  closed: await failure(() => run.set("in", only)),
  number: await failure(() => run.set("in", 1)),
  buffer: await failure(() => run.set("size", from)),
  large: await failure(() => run.set("size", 2 ** 32)),
  unknown: await failure(() => run.set(9, 1)),
  bytes: await failure(() => run.set("size", new Uint8Array(3))),
  wait: await failure(() => run.wait()),
});
run.set("in", from);
run.set("out", to);
run.set("size", 16);
run.set("scale", 2.5);
run.startNow();
tell({ step: "started", twice: await failure(() => run.startNow()), running: run.running });
await run.wait({ timeoutMs: 5000 });
tell({ step: "waited", running: run.running, state: run.state() });
const aborted = AbortSignal.abort(new Error("enough"));
await run.start();
tell({ step: "aborted", failure: await failure(() => run.wait({ signal: aborted })) });
await run.wait();
// A buffer that a run uses is freed when the run has ended.
run.startNow();
from.close();
const while_ = from.freed;
await run.wait();
tell({ step: "busy buffer", before: while_, after: from.freed, start: await failure(() => run.startNow()) });

// Memory of an engine is a buffer as it stands.
const engine = createEngine(2 ** 18);
const slots = reserveSlots(engine, 16, 1344);
const memory = engine.bytes.subarray(slots.address, slots.address + slots.slots * slots.slotBytes);
const wrapped = await device.wrap(memory, kernel.group("in"));
memory[5] = 77;
tell({
  step: "wrapped",
  same: wrapped.map().buffer === engine.bytes.buffer && wrapped.map()[5] === 77,
  part: wrapped.part(1408, 1408).map().byteOffset - slots.address,
  misplaced: await failure(() => device.wrap(engine.bytes.subarray(64, 8192))),
});
const refused = await failure(() =>
  XrtRing.create(device, kernel, {
    buffers: { in: { bytes: 64, direction: "in", memory: new Uint8Array(65) } },
  })
);
tell({ step: "ring", failure: refused });

// Parts in any order, then the device: everything is freed.
const held: { readonly freed: boolean }[] = [wrapped, to, run, kernel];
device.close();
tell({
  step: "closed",
  freed: held.map(({ freed }) => freed),
  device: device.freed,
  use: await failure(() => device.uuid()),
});
tell({ step: "closed again", failure: await failure(() => device.close()) });

// The net: objects that nobody closes are freed when they are collected.
{
  const other = await XrtDevice.open();
  await other.load(IMAGE);
  let collected = 0;
  const net = new FinalizationRegistry(() => collected++);
  const lose = async () => {
    for (let i = 0; i < 50; i++) net.register(await other.allocate({ bytes: 64 }) as XrtBuffer, i);
  };
  await lose();
  for (let i = 0; i < 50 && collected < 40; i++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  tell({ step: "net", most: collected >= 40 });
  other.close();
}

// A device that is lent closes what is opened through it, and closes with the one that lent it.
{
  const lender = await XrtDevice.open();
  await lender.load(IMAGE);
  const [one, two] = [lender.lend(), lender.lend().lend()];
  const lost = await one.allocate({ bytes: 64 });
  const kept = await two.allocate({ bytes: 64 });
  one.close();
  tell({
    step: "lent",
    closed: [one.freed, lost.freed, two.freed, kept.freed, lender.freed],
    kernels: two.xclbin.kernels.length,
    use: await failure(() => one.uuid()),
    other: await failure(() => two.uuid()),
  });
  lender.close();
  tell({
    step: "lender closed",
    closed: [two.freed, kept.freed, lender.freed],
    use: await failure(() => lender.lend()),
  });
}

// No allocation a run: neither in XRT nor in JavaScript.
{
  using third = await XrtDevice.open();
  await third.load(IMAGE);
  const vadd = third.kernel("vadd");
  const again = vadd.run();
  again.set("in", await third.allocate({ bytes: 4096, group: 0 }));
  again.set("out", await third.allocate({ bytes: 4096, group: 1 }));
  again.set("scale", 1);
  const turns = async (count: number) => {
    for (let i = 0; i < count; i++) {
      again.set("size", i);
      again.startNow();
      await again.wait();
    }
  };
  await turns(20_000);
  const heap = () => {
    (globalThis as { gc?: () => void }).gc!();
    return process.memoryUsage();
  };
  const before = heap();
  await turns(100_000);
  const after = heap();
  tell({ step: "growth", heap: after.heapUsed - before.heapUsed, resident: after.rss - before.rss });
}
tell({ step: "end" });
