// A request on an emulated card as a waveform: what memory's ports carry, from the first register to the last answer.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../../../kernels/compile.ts";
import type { ImagePlan } from "../../../../kernels/image/plan/plan.ts";
import { rtlProgram } from "../../../../kernels/image/rtl/program.ts";
import { offload } from "../../../../runtime/offload.ts";
import { makeWave } from "../../../../scripts/rtl/waves.ts";
import { noise } from "../../../support/images.ts";
import { sameTensor } from "../../../runtime/helpers.ts";
import { readVcd, valueBefore, type Vcd } from "../../../support/vcd.ts";
import { openDevice, testEnd } from "./cards.ts";

const folder = mkdtempSync(join(tmpdir(), "onpath-wave-"));
const IMAGE = noise(1, 20, 30, 3, 5);

/** Words that pass a channel of the card's memory, at the edges that take them. */
function wordsOn(vcd: Vcd, port: string, channel: "r" | "w"): { at: number; bytes: Uint8Array }[] {
  const of = (name: string) => vcd.signals.get(`TOP.m_axi_${port}_${channel}${name}`)!;
  const [valid, ready, data] = [of("valid"), of("ready"), of("data")];
  const clock = vcd.signals.get("TOP.clk")!;
  return clock.times.filter((_, n) => clock.values[n] === 1n).flatMap((at) => {
    if ((valueBefore(valid, at) & valueBefore(ready, at)) === 0n) return [];
    let word = valueBefore(data, at);
    const bytes = Uint8Array.from({ length: 64 }, () => {
      const byte = Number(word & 255n);
      word >>= 8n;
      return byte;
    });
    return [{ at, bytes }];
  });
}

/** Runs a plan's image on a card that writes a waveform. */
async function traced(plan: ImagePlan, first: number, end: number) {
  const path = join(folder, `${first}-${end}.vcd`);
  const { build } = rtlProgram(plan);
  const { path: wasm } = await makeWave(build, () => {}, "linked");
  const { device, card } = await openDevice({ wave: { path, build, wasm, first, end } });
  const { output, report } = await offload(plan, IMAGE, device);
  assert(!existsSync(path), "the file is there before it is whole");
  await device.close();
  await card.close();
  return { output, report, vcd: readVcd(readFileSync(path, "utf8")) };
}

Deno.test("the waveform of a card has the whole request, and results and counts are those without it", async () => {
  const { device } = await openDevice();
  const plan = compile({ steps: [{ op: "resize", size: [8, 8] }] }, { input: IMAGE, device });
  const plain = await offload(plan, IMAGE, device);
  await device.close();
  const { output, report, vcd } = await traced(plan, 0, 5000);
  sameTensor(output, plain.output);
  assert.deepEqual(report.counters, plain.report.counters);
  // The answers' samples leave in order behind their header, in beats of 64 bytes.
  const { layout } = plan.body;
  const written = wordsOn(vcd, "packets", "w");
  const bytes = new Uint8Array(64 * written.length);
  written.forEach((word, n) => bytes.set(word.bytes, 64 * n));
  const samples = plain.output.data as Uint8Array;
  const at = Array.from({ length: written.length }, (_, n) => 64 * n)
    .find((from) => samples.every((byte, n) => bytes[from + n] === byte));
  assert(layout.cut.packets === 1 && at !== undefined, "the samples of the answer are not on the bus");
  // Tables are read before packets, and packets before answers are written.
  const tables = wordsOn(vcd, "tables", "r"), packets = wordsOn(vcd, "packets", "r");
  const words = plan.body.tables.reduce((sum, table) => sum + table.entries, 0);
  assert(tables.length >= words / 8, `${tables.length} beats of tables`);
  assert.equal(packets.length, layout.bytesOut / 64);
  assert(tables[0]!.at < packets[0]!.at && packets[0]!.at < written[0]!.at);
  // The kernel's own counter, inside the hierarchy, agrees with the report.
  const counter = [...vcd.signals].find(([path]) => path.endsWith("u_counters.packets"))![1];
  assert.equal(Number(counter.values.at(-1)), report.counters.packets);
});

Deno.test("the waveform of a card begins and ends with its cycles", async () => {
  const { device } = await openDevice();
  const plan = compile({ steps: [{ op: "resize", size: [8, 8] }] }, { input: IMAGE, device });
  await device.close();
  const { vcd } = await traced(plan, 40, 90);
  assert.equal(vcd.times[0], 40 * 4000);
  assert.equal(vcd.times.at(-1), 89 * 4000 + 2000);
});

Deno.test("the folder goes", () => rmSync(folder, { recursive: true }));
testEnd();
