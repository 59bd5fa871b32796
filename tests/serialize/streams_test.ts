import assert from "node:assert/strict";
import { createEngine } from "../../serialize/engine.ts";
import { createImageWriter } from "../../serialize/image_writer.ts";
import { cutRows } from "../../serialize/partition.ts";
import { type FlowOutput, PacketizeStream, ReassembleStream } from "../../serialize/streams.ts";
import { KIND } from "../../serialize/header.ts";
import { reserveSlots } from "../../serialize/packets.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";

const cut = cutRows(30, 8, 1, 16, 1);
const placement = { plan: 4, cut, planes: 1, itemBytes: 3, checksum: "crc32c" } as const;

/** A stream that cuts images of 8 x 30 RGB into packets of bare samples. */
function packetize(): PacketizeStream {
  const engine = createEngine(10_000);
  const slots = reserveSlots(engine, 3, 48);
  const whole = (length: number) => {
    const low = Int32Array.from({ length }, (_, i) => i);
    return { low, high: low, phase: new Uint16Array(length), phases: 1 };
  };
  const writer = createImageWriter(engine, {
    kind: KIND.samples,
    images: 1,
    height: 8,
    width: 30,
    channels: 3,
    map: { form: "separable", stride: 1, y: whole(8), x: whole(30) },
    fill: [0, 0, 0],
    cut,
    plan: 4,
    checksum: "crc32c",
  });
  return new PacketizeStream({ writer, slots, packets: cut.packets });
}

function images(count: number): Tensor[] {
  return Array.from({ length: count }, (_, n) => {
    const data = Uint8Array.from({ length: 8 * 30 * 3 }, (_, i) => (i * 7 + n * 13) & 255);
    return tensor(data, { dtype: "u8", shape: [8, 30, 3], layout: "HWC" });
  });
}

async function collect<T>(stream: ReadableStream<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

Deno.test("PacketizeStream and ReassembleStream give the images back, shuffled and doubled on the way", async () => {
  const inputs = images(5);
  const packets = await collect(ReadableStream.from(inputs).pipeThrough(packetize()));
  assert.equal(packets.length, 5 * cut.packets);
  const shuffled = packets.map((_, i) => packets[(i * 37 + 11) % packets.length]!);
  assert.equal(new Set(shuffled).size, packets.length);
  const back = new ReassembleStream({ placement, flows: 5 });
  const twice = ReadableStream.from(shuffled.flatMap((packet) => [packet, packet]));
  const outputs: FlowOutput[] = await collect(twice.pipeThrough(back));
  assert.equal(outputs.length, 5);
  for (const { flow, output } of outputs) assert.deepEqual(output, inputs[flow]!.data);
  assert.equal(back.reassembler.counts.accepted, packets.length);
});

Deno.test("ReassembleStream ends with the gaps when packets are lost", async () => {
  const packets = await collect(ReadableStream.from(images(1)).pipeThrough(packetize()));
  const lossy = ReadableStream.from(packets.filter((_, i) => i !== 3));
  await assert.rejects(collect(lossy.pipeThrough(new ReassembleStream({ placement, flows: 1 }))), {
    code: "gap",
    message: /1 missing/,
  });
});
