import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { compile } from "../../kernels/compile.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { registersPage } from "../../scripts/docs/registers.ts";
import { tensor } from "../../serialize/tensor.ts";
import { randomBytes } from "../support/random.ts";
import { load } from "./plans.ts";

// A sender that knows docs/packets.md and nothing else of this project: no import of it makes a packet here.

const PAGE = readFileSync(new URL("../../docs/packets.md", import.meta.url), "utf8");

/** Rows of the table under a heading, as cells. */
function tableOf(heading: string): string[][] {
  const part = PAGE.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
  const lines = part.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Bytes in the n-th block of hexadecimal. */
function hexBlock(n: number): Uint8Array {
  const blocks = [...PAGE.matchAll(/```text\n((?:[0-9a-f]{2}[ \n])+)```/g)].map(([, text]) => text!);
  return Uint8Array.from(blocks[n]!.trim().split(/\s+/), (byte) => parseInt(byte, 16));
}

const FIELDS = new Map(
  tableOf("Header").map(([offset, bytes, name, limit]) => [
    name!,
    { offset: Number(offset), bytes: Number(bytes), limit: limit! },
  ]),
);
/** Bytes of a cell and offset of its index, by channels. */
const CELLS = new Map([1, 3, 4].map((channels, at) => {
  const [bytes, samples] = tableOf("Items")[0]![2 + at]!.match(/\d+/g)!.map(Number);
  return [channels, { bytes: bytes!, index: samples! }];
}));
/** Value of a flag by its words. */
const flag = (words: string) => Number(FIELDS.get("flags")!.limit.match(new RegExp(`(\\d+) ${words}`))![1]);

function crc32c(bytes: Uint8Array): number {
  const polynomial = Number(PAGE.match(/reflected (0x[0-9A-F]+)/)![1]);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  }
  return ~crc >>> 0;
}

function put(packet: Uint8Array, name: string, value: number): void {
  const { offset, bytes } = FIELDS.get(name)!;
  for (let at = 0; at < bytes; at++) packet[offset + at] = Math.floor(value / 2 ** (8 * at)) % 256;
}

function get(packet: Uint8Array, name: string): number {
  const { offset, bytes } = FIELDS.get(name)!;
  let value = 0;
  for (let at = bytes; at-- > 0;) value = 256 * value + packet[offset + at]!;
  return value;
}

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
    const header = FIELDS.get("carry")!.offset + FIELDS.get("carry")!.bytes;
    const packet = new Uint8Array(header + items * bytes);
    const view = new DataView(packet.buffer);
    const first = row * cut.width + column;
    for (let item = 0; item < items; item++) {
      const [at, to] = [header + item * bytes, first + item];
      const [v, h] = [y.outputs[Math.floor(to / cut.width)]!, x.outputs[to % cut.width]!];
      [[v.low, h.low], [v.low, h.high], [v.high, h.low], [v.high, h.high]].forEach(([r, c], corner) => {
        const from = (r! * columns + c!) * channels;
        packet.set(image.subarray(from, from + channels), at + corner * channels);
      });
      view.setUint32(at + index, v.phase * x.phases + h.phase, true);
    }
    put(packet, "magic", Number(FIELDS.get("magic")!.limit.match(/0x[0-9A-F]+/)![0]));
    put(packet, "version", Number(FIELDS.get("version")!.limit));
    put(packet, "kind", Number(tableOf("Items")[0]![0]));
    put(
      packet,
      "flags",
      flag("the CRC is set") + (sequence === 0 ? flag("first") : 0) +
        (sequence === cut.packets - 1 ? flag("last") : 0),
    );
    put(packet, "flow", flow);
    put(packet, "sequence", sequence);
    put(packet, "packets", cut.packets);
    put(packet, "length", items * bytes);
    put(packet, "plan", plan);
    put(packet, "position", first);
    put(packet, "crc", crc32c(packet));
    return packet;
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

function planOf(shape: readonly [number, number, number], size: [number, number]): ImagePlan {
  const input = { dtype: "u8", shape, layout: "HWC" } as const;
  return compile({ steps: [{ op: "resize", size }] }, { input, device: RTL_PROFILE });
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
  assert.match(PAGE, new RegExp(`The plan's id here is 0x${plan.id.toString(16).padStart(8, "0")}\\.`));
  assert.deepEqual(sent, [hexBlock(0)]);
  assert.deepEqual(load(plan).run(sent).answers, [hexBlock(1)]);
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
    const packet = hexBlock(0);
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
