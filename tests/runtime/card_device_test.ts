import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import type { Exchange } from "../../kernels/program.ts";
import { createCardDevice } from "../../runtime/device/card_device.ts";
import type { Device } from "../../runtime/device/device.ts";
import { compileBuild } from "../../runtime/device/rtl/build.ts";
import { openRtlCard } from "../../runtime/device/rtl/card.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { createRtlPort } from "../../runtime/device/rtl/port.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { programOf } from "../support/program.ts";
import { openBench } from "./device_bench.ts";
import { test } from "./helpers.ts";

/** Loads a plan whose exchange takes the RTL many slices: hundreds of thousands of cycles. */
async function openLong(device: Device): Promise<Exchange> {
  const input = noise(8, 300, 300, 3, 1);
  const plan = compile({ steps: [{ op: "resize", size: [300, 300] }] }, { input, device, layout: "cells" });
  await device.load(programOf(plan));
  const { requests, answers, writer } = reservePackets(plan);
  const count = Math.min(requests.slots, plan.body.layout.cut.packets);
  writer.write(input, 5, 0, count, requests);
  return { input: requests, count, output: answers };
}

/** An abort that comes as an event, and so only where the device yields. */
function abortSoon(reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 0);
  return controller.signal;
}

const dropsOf = (device: Device) => Object.values(device.counters().dropped).reduce((sum, n) => sum + n, 0);

test("createRtlDevice() answers an abort in the middle of a run, and the next exchange is whole", async () => {
  await using device = await createRtlDevice();
  const exchange = await openLong(device);
  const reason = new Error("enough");
  await assert.rejects(
    device.exchange(exchange, { signal: abortSoon(reason) }),
    (error) => error === reason,
  );
  // No packet of the run has left yet, so none is counted; registers are not read meanwhile.
  assert.equal(device.counters().packets, 0);
  assert.equal(await device.exchange(exchange), exchange.count);
  const { packets, cycles } = device.counters();
  assert.equal(dropsOf(device), 0);
  assert(packets > exchange.count && packets <= 2 * exchange.count);
  // As many cycles as if nobody had aborted: what was inside has left undisturbed.
  await using other = await createRtlDevice();
  const same = await openLong(other);
  assert.equal(await other.exchange({ ...same, count: packets - exchange.count }), packets - exchange.count);
  assert.equal(await other.exchange(same), same.count);
  assert.equal(cycles, other.counters().cycles);
});

test("createRtlDevice() writes nothing into slots of an exchange that was aborted", async () => {
  await using device = await createRtlDevice();
  const exchange = await openLong(device);
  const { engine } = exchange.output;
  await assert.rejects(device.exchange(exchange, { signal: abortSoon(new Error("enough")) }), /enough/);
  const before = engine.bytes.slice();
  // The next call waits for the packets that are inside.
  await device.exchange({ ...exchange, count: 0, pages: [] });
  const bench = await openBench(device);
  await bench.exchange();
  assert.deepEqual(engine.bytes, before);
});

test("createRtlDevice() takes counters() during a run without a trace in its answers and cycles", async () => {
  const runs = [];
  for (const isWatched of [false, true]) {
    await using device = await createRtlDevice();
    const exchange = await openLong(device);
    let looks = 0;
    const timer = isWatched
      ? setInterval(() => {
        looks++;
        assert.equal(device.counters().cycles, device.counters().cycles);
      }, 0)
      : undefined;
    const count = await device.exchange(exchange);
    clearInterval(timer);
    assert.equal(looks > 0, isWatched);
    runs.push({ count, cycles: device.counters().cycles, bytes: exchange.output.engine.bytes.slice() });
  }
  assert.deepEqual(runs[0], runs[1]);
});

test("createRtlDevice() closed in the middle of a run ends the run as closed", async () => {
  const device = await createRtlDevice();
  const exchange = await openLong(device);
  const running = device.exchange(exchange);
  const queued = device.exchange(exchange);
  const closing = new Promise<void>((resolve) => setTimeout(() => resolve(device.close()), 0));
  await assert.rejects(running, refusal("device", /closed/));
  await assert.rejects(queued, refusal("device", /closed/));
  await closing;
  assert.equal(device.counters().packets, 0);
});

test("createRtlDevice() ends a run at its timeout", async () => {
  await using device = await createRtlDevice();
  const exchange = await openLong(device);
  await assert.rejects(device.exchange(exchange, { timeoutMs: 1 }), refusal("timeout", /1 ms/));
  assert.equal(await device.exchange(exchange), exchange.count);
});

test("createCardDevice() loads tables once for a plan that is kept, and starts again where it keeps state", async () => {
  const calls: string[] = [];
  await using device = createCardDevice({
    profile: RTL_PROFILE,
    open: async (build) => {
      const port = createRtlPort(await openRtlCard(await compileBuild(build)));
      return {
        ...port,
        start: (...args) => {
          calls.push("start");
          return port.start(...args);
        },
        load: (...args) => {
          calls.push("load");
          return port.load(...args);
        },
      };
    },
  });
  const input = noise(1, 20, 30, 3, 1);
  const steps = [{ op: "resize", size: [10, 10] }] as const;
  const plain = programOf(compile({ steps }, { input, device, layout: "cells" }));
  const paged = programOf(compile({ steps }, { input, device, layout: "cells", form: "row-pages" }));
  await device.load(plain);
  const { tableBytes } = device.counters();
  await device.load(plain);
  assert.deepEqual(calls, ["start", "load"]);
  assert.equal(device.counters().tableBytes, tableBytes);
  await device.load(paged);
  await device.load(paged);
  assert.deepEqual(calls.slice(2), ["start", "load", "start"]);
  assert.equal(device.loaded(), paged);
});

test("createCardDevice() refuses pages for a plan without any, and an exchange of a card that is lost", async () => {
  let lost: string | undefined = undefined;
  const device = createCardDevice({
    profile: RTL_PROFILE,
    open: async (build) => createRtlPort(await openRtlCard(await compileBuild(build))),
    lost: () => lost,
  });
  const bench = await openBench(device);
  await bench.exchange();
  const pages = [{ page: 0, slot: 0, bytes: new Uint8Array(8), after: -1, before: 0 }];
  const exchange = { input: bench.requests, count: 1, output: bench.answers };
  await assert.rejects(device.exchange({ ...exchange, pages }), refusal("device", /no pages/));
  lost = "it was unplugged";
  await assert.rejects(device.exchange(exchange), refusal("device", /card is gone, it was unplugged/));
  await device.close();
  assert.equal(device.counters().packets, bench.packets);
});

test("createRtlDevice() refuses a build that is no compiled module when a plan asks for it", async () => {
  await using device = await createRtlDevice({ builds: { terms: new Uint8Array(8) } });
  await assert.rejects(
    openLong(device),
    refusal("device", /builds\.terms is invalid, expected a WebAssembly\.Module/),
  );
});
