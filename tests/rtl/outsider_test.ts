import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { compile } from "../../kernels/compile.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { registersPage } from "../../scripts/docs/registers.ts";
import { tensor } from "../../serialize/tensor.ts";
import { randomBytes } from "../support/random.ts";
import { crc32c, FIELDS, flag, get, hexBlocks, kind, PAGE, put, requestOf, tableOf } from "./packets_page.ts";
import { load } from "./plans.ts";

// A sender that knows docs/packets.md and nothing else of this project: no import but that of the page's reader makes a packet.

/** Bytes of a cell and offset of its index, by channels. */
const CELLS = new Map([1, 3, 4].map((channels, at) => {
  const [bytes, samples] = tableOf("Items")[0]![2 + at]!.match(/\d+/g)!.map(Number);
  return [channels, { bytes: bytes!, index: samples! }];
}));

/** Lower neighbour, upper neighbour and phase of each output of an axis. */
function axisOf(n: number, m: number) {
  const phases: number[] = [];
  const outputs = Array.from({ length: m }, (_, o) => {
    const t = Math.max(0, (2 * o + 1) * n - m);
    const low = Math.floor(t / (2 * m));
    const high = Math.min(low + 1, n - 1);
    const fraction = low === high ? 0 : t % (2 * m);
    if (!phases.includes(fraction)) phases.push(fraction);
    return { low, high, phase: phases.indexOf(fraction) };
  });
  return { outputs, phases: phases.length };
}

/** What the sender reads of a plan's JSON. */
type Cut = Readonly<
  Record<"width" | "height" | "packetsPerRow" | "rowsPerPacket" | "itemsPerPacket" | "packets", number>
>;

/** Makes the packets of an image. */
function packetsOf(
  image: Uint8Array,
  [rows, columns, channels]: readonly [number, number, number],
  cut: Cut,
  plan: number,
  flow: number,
): Uint8Array[] {
  const [y, x] = [axisOf(rows, cut.height), axisOf(columns, cut.width)];
  const { bytes, index } = CELLS.get(channels)!;
  return Array.from({ length: cut.packets }, (_, sequence) => {
    const split = cut.packetsPerRow > 1;
    const row = split ? Math.floor(sequence / cut.packetsPerRow) : sequence * cut.rowsPerPacket;
    const column = split ? (sequence % cut.packetsPerRow) * cut.itemsPerPacket : 0;
    const items = split
      ? Math.min(cut.itemsPerPacket, cut.width - column)
      : Math.min(cut.rowsPerPacket, cut.height - row) * cut.width;
    const payload = new Uint8Array(items * bytes);
    const view = new DataView(payload.buffer);
    const first = row * cut.width + column;
    for (let item = 0; item < items; item++) {
      const [at, to] = [item * bytes, first + item];
      const [v, h] = [y.outputs[Math.floor(to / cut.width)]!, x.outputs[to % cut.width]!];
      [[v.low, h.low], [v.low, h.high], [v.high, h.low], [v.high, h.high]].forEach(([r, c], corner) => {
        const from = (r! * columns + c!) * channels;
        payload.set(image.subarray(from, from + channels), at + corner * channels);
      });
      view.setUint32(at + index, v.phase * x.phases + h.phase, true);
    }
    const { packets } = cut;
    return requestOf(payload, { kind: kind("cells"), plan, flow, sequence, packets, position: first });
  });
}

/** The image that the answers hold. Each must have a right CRC and its packet's numbers. */
function imageOf(answers: readonly Uint8Array[], length: number, channels: number, flow: number): Uint8Array {
  const image = new Uint8Array(length);
  answers.forEach((answer, sequence) => {
    const sealed = answer.slice();
    put(sealed, "crc", 0);
    assert.equal(get(answer, "crc"), crc32c(sealed));
    assert.deepEqual([get(answer, "flow"), get(answer, "sequence")], [flow, sequence]);
    image.set(answer.subarray(64, 64 + get(answer, "length")), get(answer, "position") * channels);
  });
  return image;
}

/** Without the blocks that a synthesis counted: they would change the plan's id, and the page, whenever one is made. */
const DEVICE = { ...RTL_PROFILE, built: {} };

function planOf(shape: readonly [number, number, number], size: [number, number]): ImagePlan {
  const input = { dtype: "u8", shape, layout: "HWC" } as const;
  return compile({ steps: [{ op: "resize", size }] }, { input, device: DEVICE });
}

Deno.test("docs/packets.md suffices: packets made by its tables alone are answered right by the RTL", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  const tried = [
    [[37, 53, 3], [19, 23]],
    [[40, 60, 1], [20, 240]],
    [[64, 48, 4], [33, 100]],
    [[20, 300, 3], [7, 150]],
  ] as const;
  for (const [n, [shape, size]] of tried.entries()) {
    const plan = planOf(shape, [...size]);
    const { id, body: { layout: { cut } } } = JSON.parse(JSON.stringify({ ...plan, id: plan.id }));
    assert.notEqual(plan.body.stages[0]!.form, "row-pages", "pages are loaded by a host, not by a sender");
    const bytes = randomBytes(shape[0] * shape[1] * shape[2], n);
    const { answers, drops } = load(plan).run(packetsOf(bytes, shape, cut, id, 40 + n));
    assert.equal(drops.reduce((sum, each) => sum + each), 0);
    const input = tensor(bytes, { dtype: "u8", shape, layout: "HWC" });
    const { data } = referencePipeline({ steps: [{ op: "resize", size: [...size] }] }, input);
    assert.deepEqual(imageOf(answers, data.length, shape[2], 40 + n), Uint8Array.from(data as Uint8Array));
  }
});

Deno.test("docs/packets.md has a whole packet and its answer, as sender and RTL make them", () => {
  const image = Uint8Array.from({ length: 45 }, (_, at) => (17 * at) % 256);
  const plan = planOf([3, 5, 3], [2, 3]);
  const sent = packetsOf(image, [3, 5, 3], plan.body.layout.cut, plan.id, 7);
  const [request, answer] = hexBlocks("A packet in full");
  assert.match(PAGE, new RegExp(`The plan's id here is 0x${plan.id.toString(16).padStart(8, "0")}\\.`));
  assert.deepEqual(sent, [request]);
  assert.deepEqual(load(plan).run(sent).answers, [answer]);
});

Deno.test("docs/packets.md names limits that the RTL drops by", () => {
  const plan = planOf([3, 5, 3], [2, 3]);
  const rtl = load(plan);
  const wrong: [string, number][] = [
    ["version", Number(FIELDS.get("version")!.limit) + 1],
    ["flags", 32 + flag("first") + flag("last")],
    ["sequence", 1],
    ["packets", 2 ** 24 + 1],
    ["overlap", 97],
    ["position", 2 ** 48],
    ["reserved", 1],
  ];
  const packets = wrong.map(([name, value]) => {
    const packet = hexBlocks("A packet in full")[0]!;
    put(packet, name, value);
    put(packet, "crc", 0);
    put(packet, "crc", crc32c(packet));
    return packet;
  });
  const { answers, drops } = rtl.run(packets);
  assert.equal(answers.length, 0);
  assert.equal(drops.reduce((sum, each) => sum + each), wrong.length);
});

Deno.test("docs/registers.md is what the register map gives, run deno task docs:registers", () => {
  const page = readFileSync(new URL("../../docs/registers.md", import.meta.url), "utf8");
  assert.equal(page, registersPage());
});
