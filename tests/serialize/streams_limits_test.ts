import assert from "node:assert/strict";
import { type FlowOutput, PacketizeStream, ReassembleStream } from "../../serialize/streams.ts";
import { createEngine } from "../../serialize/engine.ts";
import type { ImageWriter } from "../../serialize/image_writer.ts";
import { reserveSlots } from "../../serialize/packets.ts";
import { outputBytes, type ReassemblerLimits } from "../../serialize/reassembler.ts";
import { tensor } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { answerHeader, answersOf, packetOf, placementOf } from "../support/flows.ts";

const placement = placementOf({ images: 1 });
const LAST_FLOW = 2 ** 32 - 1;

async function collect<T>(stream: ReadableStream<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** The packets of a flow. */
const packetsOf = (flow: number) => answersOf(flow, placement, flow).packets;

/** Sends packets through a stream; its outputs and counts. */
async function reassemble(
  packets: readonly Uint8Array<ArrayBuffer>[],
  options: { flows: number; firstFlow?: number; limits?: ReassemblerLimits },
): Promise<{ outputs: FlowOutput[]; counts: ReassembleStream["reassembler"]["counts"] }> {
  const stream = new ReassembleStream({ placement, ...options });
  const outputs = await collect(ReadableStream.from(packets).pipeThrough(stream));
  return { outputs, counts: stream.reassembler.counts };
}

Deno.test("ReassembleStream takes as many flows at once as the window has, and refuses the next", async () => {
  const lastOf = (flow: number) => packetsOf(flow).at(-1)!;
  const restOf = (flow: number) => packetsOf(flow).slice(0, -1);
  const interleaved = (count: number) => {
    const flows = Array.from({ length: count }, (_, flow) => flow);
    return [...flows.flatMap(restOf), ...flows.map(lastOf)];
  };
  for (const limits of [{ flows: 3 }, undefined]) {
    const window = limits?.flows ?? 64;
    const options = limits === undefined ? {} : { limits };
    const { outputs } = await reassemble(interleaved(window), { flows: window, ...options });
    assert.deepEqual(outputs.map(({ flow }) => flow), Array.from({ length: window }, (_, flow) => flow));
    const stream = new ReassembleStream({ placement, flows: window + 1, ...options });
    const packets = ReadableStream.from(interleaved(window + 1));
    await assert.rejects(collect(packets.pipeThrough(stream)), refusal("gap"));
    assert.equal(stream.reassembler.counts.flow, packetsOf(window).length - 1);
  }
});

Deno.test("ReassembleStream admits the next flow once one is complete", async () => {
  const packets = [packetsOf(1), packetsOf(2), packetsOf(0), packetsOf(3)].flat();
  const { outputs } = await reassemble(packets, { flows: 4, limits: { flows: 2 } });
  assert.deepEqual(outputs.map(({ flow }) => flow), [1, 2, 0, 3]);
});

Deno.test("ReassembleStream reserves memory for flows that have sent, and for no others", async () => {
  const bytes = outputBytes(placement);
  const { outputs } = await reassemble([packetsOf(0), packetsOf(1)].flat(), { flows: 2, limits: { bytes } });
  assert.equal(outputs.length, 2);
  const both = [packetsOf(0)[0]!, packetsOf(1)[0]!];
  await assert.rejects(reassemble(both, { flows: 2, limits: { bytes } }), refusal("size"));
});

Deno.test("ReassembleStream opens no flow for a packet of another plan, and none twice", async () => {
  const [header, limits] = [answerHeader(1, placement, 0), { bytes: outputBytes(placement) }];
  const foreign = packetOf({ ...header, plan: 7 }, new Uint8Array(header.length));
  // There is memory for one flow: a packet of flow 1 that opened it would end the stream.
  const sent = [new Uint8Array(10), foreign, packetsOf(0), packetsOf(0), packetsOf(1)].flat();
  const { counts } = await reassemble(sent, { flows: 2, limits });
  const { packets } = placement.cut;
  assert.deepEqual(counts, { accepted: 2 * packets, truncated: 1, flow: 1 + packets });
});

Deno.test("ReassembleStream names the first incomplete flow, its gaps, and how many others there are", async () => {
  const { packets } = placement.cut;
  const [first, ...rest] = packetsOf(5);
  const ends = async (sent: Uint8Array<ArrayBuffer>[]) => {
    const details = (error: unknown) => (error as { details: unknown }).details;
    try {
      await reassemble(sent, { firstFlow: 5, flows: 4, limits: { flows: 2 } });
    } catch (error) {
      refusal("gap")(error);
      return details(error);
    }
    assert.fail("no error");
  };
  const whole = [[0, packets - 1]];
  assert.deepEqual(await ends([]), { flow: 5, missing: packets, gaps: whole, incomplete: 4 });
  assert.deepEqual(await ends([first!]), {
    flow: 5,
    missing: packets - 1,
    gaps: [[1, packets - 1]],
    incomplete: 4,
  });
  assert.deepEqual(await ends([first!, ...rest]), { flow: 6, missing: packets, gaps: whole, incomplete: 3 });
  const odd = packetsOf(5).filter((_, at) => at % 2 === 1);
  const { gaps } = await ends(odd) as { gaps: unknown };
  assert.deepEqual(
    gaps,
    Array.from({ length: 8 }, (_, at) => [2 * at, 2 * at]).slice(0, Math.ceil(packets / 2)),
  );
});

Deno.test("ReassembleStream accepts flow numbers up to 2^32 - 1 and refuses what goes beyond", async () => {
  const { outputs } = await reassemble(packetsOf(LAST_FLOW), { firstFlow: LAST_FLOW, flows: 1 });
  assert.deepEqual(outputs.map(({ flow }) => flow), [LAST_FLOW]);
  for (const options of [{ firstFlow: -1, flows: 1 }, { firstFlow: LAST_FLOW + 1, flows: 1 }]) {
    assert.throws(() => new ReassembleStream({ placement, ...options }), refusal("size", /first flow/));
  }
  for (const options of [{ flows: 0 }, { firstFlow: LAST_FLOW, flows: 2 }, { flows: 2 ** 32 + 1 }]) {
    assert.throws(() => new ReassembleStream({ placement, ...options }), refusal("size", /flow count/));
  }
});

/** A writer that records its calls and writes headers of one byte. */
function recorder() {
  const calls: [flow: number, first: number, count: number][] = [];
  const write: ImageWriter["write"] = (_input, flow, first, count, { engine, address, slotBytes }) => {
    calls.push([flow, first, count]);
    for (let slot = 0; slot < count; slot++) engine.view.setUint16(address + slot * slotBytes + 20, 1, true);
  };
  return { calls, writer: { write } };
}

Deno.test("PacketizeStream numbers flows from its first one, wraps behind 2^32 - 1, and fills its slots", async () => {
  const { calls, writer } = recorder();
  const slots = reserveSlots(createEngine(10_000), 2, 48);
  const image = tensor(new Uint8Array(3), { dtype: "u8", shape: [1, 1, 3], layout: "HWC" });
  const through = async (options: { packets: number; firstFlow?: number }) => {
    calls.length = 0;
    const stream = new PacketizeStream({ writer, slots, ...options });
    return (await collect(ReadableStream.from([image, image]).pipeThrough(stream))).length;
  };
  assert.equal(await through({ packets: 4, firstFlow: LAST_FLOW }), 8);
  assert.deepEqual(calls, [[LAST_FLOW, 0, 2], [LAST_FLOW, 2, 2], [0, 0, 2], [0, 2, 2]]);
  assert.equal(await through({ packets: 1 }), 2);
  assert.deepEqual(calls, [[0, 0, 1], [1, 0, 1]]);
  assert.equal(await through({ packets: 3 }), 6);
  assert.deepEqual(calls, [[0, 0, 2], [0, 2, 1], [1, 0, 2], [1, 2, 1]]);
});

Deno.test("PacketizeStream accepts 1 to 2^24 packets and first flows up to 2^32 - 1", () => {
  const { writer } = recorder();
  const slots = reserveSlots(createEngine(10_000), 2, 48);
  for (const packets of [1, 2 ** 24]) new PacketizeStream({ writer, slots, packets, firstFlow: LAST_FLOW });
  for (const packets of [0, 2 ** 24 + 1]) {
    assert.throws(() => new PacketizeStream({ writer, slots, packets }), refusal("size", /packet count/));
  }
  for (const firstFlow of [-1, LAST_FLOW + 1]) {
    assert.throws(
      () => new PacketizeStream({ writer, slots, packets: 1, firstFlow }),
      refusal("size", /first flow/),
    );
  }
});
