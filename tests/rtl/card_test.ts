import assert from "node:assert/strict";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { IMAGE_TABLE } from "../../kernels/rtl/registers.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { HEADER_BYTES } from "../../serialize/header.ts";
import { toBytes } from "../../serialize/tensor.ts";
import { NETWORK_KERNELS } from "../../scripts/card/kernels.ts";
import { readPhoto } from "../support/photos.ts";
import { readXml } from "../support/xml.ts";
import { cardFile, tclRegisters } from "./card.ts";
import { behaves, ITEM, LONGEST, packetOf, PLAN } from "./packets.ts";
import { load, packetsOf } from "./plans.ts";
import { openRtl } from "./rtl.ts";

/** The committed build that answers for a kernel: the card's own top, or the core in it. */
const BUILT: Readonly<Record<string, string>> = {
  onpath_image: "onpath_image",
  onpath_image_products: "packet_image_products",
  onpath_rows: "packet_rows",
  onpath_lookup: "packet_lookup",
  onpath_quantize: "packet_quantize",
  onpath_dequantize: "packet_dequantize",
  onpath_rotate: "packet_rotate",
  onpath_echo: "packet_echo",
};

/** Arguments behind the common ones. Pipelines of images have channels there; the echo has no table. */
const ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  // Groups of 64 values, with codes of 8 bits under a scale of 1.
  onpath_quantize: [4, 8, 2 ** 20 / 128],
  onpath_dequantize: [4, 8, 2 ** 20 / 64],
  onpath_rotate: [0, 4, 6, 0, 0, 0],
  onpath_echo: [],
};

for (const { name } of NETWORK_KERNELS) {
  Deno.test(`${name}: the RTL's arguments are at the offsets of kernel.xml, and no others`, async () => {
    const { card } = await openRtl(BUILT[name]!);
    const [, args] = readXml(await cardFile(`${name}/kernel.xml`)).children[0]!.children;
    const offsets = args!.children.filter(({ attributes }) => attributes.addressQualifier === "0")
      .map(({ attributes }) => Number(attributes.offset));
    const values = offsets.map((offset) => (offset * 2654435761) >>> 0);
    offsets.forEach((offset, at) => card.write(offset, values[at]!));
    assert.deepEqual(offsets.map(card.read), values);
    // What is no argument keeps nothing: XRT writes the words between arguments too.
    for (let offset = 0x10; offset < 0x200; offset += 4) {
      if (offsets.includes(offset)) continue;
      card.write(offset, 0xffffffff);
      assert.equal(card.read(offset), 0, `0x${offset.toString(16)}`);
    }
    assert.deepEqual(offsets.map(card.read), values);
  });

  // Packets of the echo are no rows, which have an order.
  if (name === "onpath_rows") continue;
  Deno.test(`${name}: the RTL's counters are read at the addresses that Vivado is given`, async () => {
    const rtl = await openRtl(BUILT[name]!);
    const registers = tclRegisters(await cardFile(`${name}/package_kernel.tcl`));
    const counts = () =>
      Object.fromEntries(
        registers.filter(({ access }) => access.every((each) => each === "read-only"))
          .map(({ name, address }) => [name, rtl.card.read(address)]),
      );
    const packets = [0, 1, 2].map((at) => packetOf(8 * ITEM, 0, 1, at));
    packets[1]![HEADER_BYTES]! ^= 1;
    rtl.card.start([PLAN, 1, LONGEST, Math.log2(ITEM), ...ARGUMENTS[name] ?? [4]]);
    rtl.run(packets);
    const found = counts();
    const { count_packets, count_drops_crc, count_beats_in, count_present } = found;
    assert.deepEqual({ count_packets, count_drops_crc, count_beats_in, count_present }, {
      count_packets: 2,
      count_drops_crc: 1,
      count_beats_in: 18,
      count_present: 0,
    });
    for (const { address } of registers.filter(({ name }) => name in found)) rtl.card.write(address, 7);
    assert.deepEqual(counts(), found);
  });
}

Deno.test("onpath_image: packets of every length and cut end as on the host, through 512 bits", async () => {
  const rtl = await openRtl("onpath_image");
  // One channel, no resize, no levels: a sample is a byte, and leaves as it came.
  rtl.card.start([PLAN, 1, LONGEST, 0, 1]);
  const lengths = Array.from({ length: LONGEST }, (_, at) => packetOf(at + 1, 0, 1, at));
  behaves(lengths.slice(0, 400), rtl.run(lengths.slice(0, 400), { take: 5 }), 1);
  behaves(lengths.slice(400), rtl.run(lengths.slice(400)), 1);
  const whole = packetOf(150, 0, 1, 5);
  const cuts = Array.from({ length: whole.length }, (_, at) => whole.slice(0, at + 1));
  behaves(cuts, rtl.run(cuts, { send: 3 }), 1);
});

Deno.test("onpath_image: words of zeros behind a table change nothing, as VNx's mover sends whole 64 bytes", async () => {
  const rtl = await openRtl("onpath_image");
  rtl.card.start([PLAN, 1, LONGEST, 0, 1, 0, 0, 0, 0, 1]);
  const packet = packetOf(200, 0, 1, 1);
  const levels = Array.from({ length: 256 }, (_, at) => 255 - at);
  rtl.card.loadTable(IMAGE_TABLE.levels, levels);
  const before = rtl.run([packet]).answers;
  assert.notDeepEqual(before, [packet]);
  // A table of no entries is a word of zeros.
  for (let n = 0; n < 7; n++) rtl.card.loadTable(0, []);
  assert.deepEqual(rtl.run([packet]).answers, before);
});

Deno.test("onpath_image: the photograph through 512 bits takes no cycle more than through 256", async () => {
  const photo = await readPhoto("astronaut.png");
  const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [224, 224] }] };
  const plan = compile(pipeline, { input: photo, device: RTL_PROFILE });
  const sent = packetsOf(plan, photo);
  const sockets = sent.map((_, at) => at % 16);
  const wide = load(plan, await openRtl("onpath_image"));
  const { answers, answered, cycles } = wide.run(sent, {}, sockets);
  const samples = Uint8Array.from(answers.flatMap((answer) => [...answer.subarray(HEADER_BYTES)]));
  assert.deepEqual(samples, toBytes(referencePipeline(pipeline, photo)));
  assert.deepEqual(answered, sockets);
  assert.equal(cycles, load(plan).run(sent).cycles);
  for (let seed = 0; seed < 4; seed++) {
    const paused = wide.run(sent, { send: 4 * seed, take: 12 - 4 * seed, seed }, sockets);
    assert.deepEqual(paused.answers, answers);
    assert.deepEqual(paused.answered, sockets);
  }
});
