/**
 * The part of the device suite about a device's life: loading, closing, counting, and what answers carry.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { offload } from "../../runtime/offload.ts";
import { createEngine } from "../../serialize/engine.ts";
import { FLAG, KIND } from "../../serialize/header.ts";
import { reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { refusal } from "../support/failure.ts";
import { type Bench, dropsSince, openBench, RESIZE, smallImage } from "./device_bench.ts";
import type { Register } from "./suite_types.ts";
import { sameTensor } from "./helpers.ts";
import { programOf } from "../support/program.ts";

const NORMALIZE: ImagePipeline = { steps: [{ op: "normalize", range: "0-255", dtype: "u8" }] };

function bytesOf(bench: Bench, answers: Awaited<ReturnType<Bench["exchange"]>>): Uint8Array {
  assert.equal(answers.length, bench.packets);
  return Uint8Array.from(answers.flatMap(({ payload }) => [...payload]));
}

/** Registers the tests of a device's life. */
export function registerLife(register: Register): void {
  register("exchange before load is refused", async (device) => {
    const slots = reserveSlots(createEngine(4096), 1, 64);
    const exchange = device.exchange({ input: slots, count: 1, output: slots });
    await assert.rejects(exchange, refusal("device", /no program/));
  });

  register("exchange and load after close are refused, counters stay", async (device) => {
    const bench = await openBench(device);
    await bench.exchange();
    await device.close();
    await assert.rejects(bench.exchange(), refusal("device", /closed/));
    await assert.rejects(device.load(programOf(bench.plan)), refusal("device", /closed/));
    assert.equal(device.counters().packets, 20);
  });

  register("closing twice and disposing of a closed device do nothing", async (device) => {
    await openBench(device);
    await device.close();
    await device.close();
    await device[Symbol.asyncDispose]();
  });

  register("disposing closes", async (device) => {
    const bench = await openBench(device);
    await device[Symbol.asyncDispose]();
    await assert.rejects(bench.exchange(), refusal("device", /closed/));
  });

  register("load replaces the plan: packets of the one before are dropped", async (device) => {
    const first = await openBench(device);
    const second = await openBench(device, { pipeline: NORMALIZE });
    const before = device.counters();
    assert.deepEqual(await first.exchange(), []);
    assert.deepEqual(dropsSince(device, before), { plan: first.packets });
    assert.deepEqual(bytesOf(second, await second.exchange()), second.expected);
    await device.load(programOf(first.plan));
    assert.deepEqual(bytesOf(first, await first.exchange()), first.expected);
  });

  register("two plans one after the other are each right", async (device) => {
    for (const pipeline of [RESIZE, NORMALIZE, RESIZE]) {
      const image = smallImage(pipeline.steps.length);
      const plan = compile(pipeline, { input: image, device });
      sameTensor((await offload(plan, image, device)).output, referencePipeline(pipeline, image));
    }
  });

  register("a plan with an unknown kernel is refused and the one before stays", async (device) => {
    const bench = await openBench(device);
    const stages = [{ ...bench.plan.body.stages[0]!, kernel: "does-not-exist" }];
    const unknown = { ...bench.plan, body: { ...bench.plan.body, stages } };
    await assert.rejects(device.load(programOf(unknown)), refusal("device", /does-not-exist/));
    assert.deepEqual(bytesOf(bench, await bench.exchange()), bench.expected);
  });

  register("an exchange of no packets gives no answers", async (device) => {
    const bench = await openBench(device);
    const before = device.counters();
    assert.deepEqual(await bench.exchange(0), []);
    assert.deepEqual(device.counters(), before);
  });

  register("an exchange of some of the packets answers those", async (device) => {
    const bench = await openBench(device);
    const answers = await bench.exchange(7);
    assert.deepEqual(answers.map(({ header }) => header.sequence), [0, 1, 2, 3, 4, 5, 6]);
  });

  register("more packets than slots are refused", async (device) => {
    const bench = await openBench(device);
    await assert.rejects(bench.exchange(bench.packets + 1), refusal("size"));
    const output = reserveSlots(createEngine(2 ** 16), bench.packets - 1, 300);
    const exchange = device.exchange({ input: bench.requests, count: bench.packets, output });
    await assert.rejects(exchange, refusal("size"));
  });

  for (const count of [-1, 0.5, NaN]) {
    register(`an exchange of ${count} packets is refused`, async (device) => {
      const bench = await openBench(device);
      await assert.rejects(bench.exchange(count), refusal("size"));
      assert.deepEqual(bytesOf(bench, await bench.exchange()), bench.expected);
    });
  }

  register("answers may go to slots of another engine", async (device) => {
    const bench = await openBench(device, { otherEngine: true });
    assert.notEqual(bench.answers.engine, bench.requests.engine);
    assert.deepEqual(bytesOf(bench, await bench.exchange()), bench.expected);
  });

  register("requests stay as they were", async (device) => {
    const bench = await openBench(device);
    const start = slotAddress(bench.requests, 0);
    const end = slotAddress(bench.requests, bench.packets);
    const before = bench.engine.bytes.slice(start, end);
    await bench.exchange();
    assert.deepEqual(bench.engine.bytes.slice(start, end), before);
  });

  register("an aborted signal ends an exchange with its reason", async (device) => {
    const bench = await openBench(device);
    const reason = new Error("enough");
    const exchange = device.exchange(
      { input: bench.requests, count: bench.packets, output: bench.answers },
      { signal: AbortSignal.abort(reason) },
    );
    await assert.rejects(exchange, (error) => error === reason);
    assert.equal(device.counters().packets, 0);
    assert.deepEqual(bytesOf(bench, await bench.exchange()), bench.expected);
  });

  register("answers carry flow, number, position, flags and plan of their requests", async (device) => {
    const bench = await openBench(device);
    bench.write(0xfffffffe);
    const answers = await bench.exchange();
    assert.equal(answers.length, 20);
    for (const [number, { refusal, header }] of answers.entries()) {
      assert.equal(refusal, null);
      assert.deepEqual(header, {
        kind: KIND.samples,
        flags: FLAG.checked | (number === 0 ? FLAG.first : 0) | (number === 19 ? FLAG.last : 0),
        flow: 0xfffffffe,
        sequence: number,
        packets: 20,
        length: 2 * 40 * 3,
        overlap: 0,
        plan: bench.plan.id,
        epoch: 0,
        position: 2 * 40 * number,
      });
    }
  });

  register("checksum link: answers carry no CRC", async (device) => {
    const bench = await openBench(device, { checksum: "link" });
    const answers = await bench.exchange();
    assert.deepEqual(bytesOf(bench, answers), bench.expected);
    assert(answers.every(({ header, crc }) => crc === 0 && (header.flags & FLAG.checked) === 0));
  });

  register("counters add up over exchanges and plans and are no live view", async (device) => {
    const bench = await openBench(device);
    const none = device.counters();
    assert.deepEqual([none.packets, none.lookups], [0, 0]);
    await bench.exchange();
    const once = device.counters();
    await bench.exchange();
    const twice = device.counters();
    assert.deepEqual([none.packets, once.packets, twice.packets], [0, 20, 40]);
    assert(once.lookups > 0);
    assert.equal(twice.lookups, 2 * once.lookups);
    if (once.cycles !== null) assert(twice.cycles! > once.cycles && once.cycles > 0);
    const other = await openBench(device, { pipeline: NORMALIZE });
    await other.exchange();
    assert.equal(device.counters().packets, 40 + other.packets);
  });
}
