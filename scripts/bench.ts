/**
 * `deno task bench`: cost of serialization and reassembly, as ratios within one run.
 *
 * @module
 */

import Table from "cli-table3";
import process from "node:process";
import { CACHE_SIZES, cacheCandidates } from "./bench/caches.ts";
import { imageCandidates, noise, planCandidates, serializer } from "./bench/images.ts";
import { type Candidate, measure, median, ratio, type Timing } from "./bench/measure.ts";
import { crcCandidates, PACKETS, PAYLOAD, reassemblyCandidates } from "./bench/packets.ts";
import { loadCandidates } from "./bench/vocabularies.ts";

interface Section {
  readonly title: string;
  readonly timings: readonly Timing[];
  /** Bytes that the work moves; if given, the table has a column of GB/s. */
  readonly bytes?: number;
  /** Index of a second candidate to take ratios to, beside the first one. */
  readonly against?: number;
}

async function section(
  title: string,
  candidates: Candidate[],
  extra: Partial<Section> = {},
): Promise<Section> {
  const timings = await measure(candidates, (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${title}: round ${done} of ${total}`);
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return { title, timings, ...extra };
}

/** Bytes of JavaScript heap for one image once everything is warm; null without `--expose-gc`. */
function heapBytes(run: () => void): number | null {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) return null;
  for (let i = 0; i < 50; i++) run();
  const images = 10;
  const samples = Array.from({ length: 7 }, () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < images; i++) run();
    return (process.memoryUsage().heapUsed - before) / images;
  });
  return Math.max(0, Math.round(median(samples)));
}

function print({ title, timings, bytes, against }: Section): void {
  const head = ["", "µs", "to memcpy"];
  if (against !== undefined) head.push(`to ${timings[against]!.name.split(" ")[0]} JS`);
  if (bytes !== undefined) head.push("GB/s");
  const table = new Table({
    head,
    style: { head: [], border: [] },
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  });
  for (const timing of timings) {
    const row = [timing.name, median(timing.rounds).toFixed(1), ratio(timing, timings[0]!).toFixed(2)];
    if (against !== undefined) row.push(ratio(timing, timings[against]!).toFixed(2));
    if (bytes !== undefined) row.push((bytes / median(timing.rounds) / 1000).toFixed(1));
    table.push(row);
  }
  console.log(`\n${title}\n${table.toString()}`);
}

const json = process.argv.includes("--json");
const sections: Section[] = [];
for (
  const [name, height, width, size] of [
    ["1280x720 to 224x224", 720, 1280, 224],
    ["1920x1080 to 224x224", 1080, 1920, 224],
    ["3840x2160 to 640x640", 2160, 3840, 640],
  ] as const
) {
  sections.push(await section(`${name}, RGB`, imageCandidates(noise(height, width), size), { against: 5 }));
}
const copy = imageCandidates(noise(720, 1280), 224)[0]!;
sections.push(await section("CRC of the 672 packets of 1280x720 to 224x224", [copy, ...crcCandidates()]));
for (const [name, packets] of Object.entries(PACKETS)) {
  const title = `Reassembly of ${packets} payloads of ${PAYLOAD} bytes (one ${name})`;
  sections.push(await section(title, reassemblyCandidates(packets), { bytes: packets * PAYLOAD }));
}
sections.push(await section("Planning", [copy, ...planCandidates()]));
for (const name of ["r50k_base", "cl100k_base", "o200k_base"]) {
  sections.push(await section(`Loading the compiled table file of ${name}`, await loadCandidates(name)));
}
for (const [size, shape] of Object.entries(CACHE_SIZES)) {
  sections.push(await section(`KV cache of ${size} in bf16, on the model`, cacheCandidates(shape)));
}
const image = noise(720, 1280);
const reassembly = reassemblyCandidates(PACKETS.image)[1]!;
const heap = {
  serialize: heapBytes(serializer(image, 224, "crc32c")),
  reassemble: heapBytes(() => void reassembly.run()),
};

if (json) {
  console.log(JSON.stringify({ sections, heap }));
} else {
  sections.forEach(print);
  console.log(
    `\nJavaScript heap per image, warm: serialize ${heap.serialize ?? "?"} bytes, reassemble ${
      heap.reassemble ?? "?"
    } ` +
      `bytes and the output\nTimes are of this machine and this run; compare only the ratios between machines.`,
  );
}
