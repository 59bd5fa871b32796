/**
 * `deno task bench:rtl`: cycles a second of the committed WebAssembly, and of the same C++ and harness as native
 * code of `clang++ -O3`. Both run the same packets in turn. `--json` prints JSON.
 *
 * @module
 */

import Table from "cli-table3";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compile } from "../kernels/compile.ts";
import { driveRtl, type RtlCard } from "../runtime/device/rtl/card.ts";
import type { ImagePlan } from "../kernels/image/plan/plan.ts";
import { reservePackets } from "../kernels/image/plan/packets.ts";
import { RTL_PROFILE } from "../runtime/device/rtl/profile.ts";
import type { RtlExports } from "../runtime/device/rtl/exports.ts";
import { rtlProgram } from "../kernels/image/rtl/program.ts";
import type { Match } from "../kernels/image/geometry/names.ts";
import { deviceBuild } from "../kernels/rtl/builds.ts";
import { packetBytes } from "../serialize/packets.ts";
import { readInput } from "./io/input.ts";
import { median } from "./bench/measure.ts";
import { GENERATED, readBuild, RTL_FOLDER } from "./rtl/generated.ts";
import { buildNative } from "./rtl/native_build.ts";
import { loadNative } from "./rtl/native_load.ts";

const PHOTO = fileURLToPath(new URL("./photos/coffee.png", import.meta.url));
/** Rounds; each of the two instances runs once in a round. */
const ROUNDS = 9;
/** Maximum packets of one run. */
const MAX_PACKETS = 4096;

/** An instance on which a run is timed. */
interface Contender {
  readonly card: RtlCard;
  readonly cycles: () => number;
}

/** Measurements of a build. */
interface Result {
  readonly build: string;
  /** Cycles of one run. */
  readonly cycles: number;
  /** Millions of cycles a second, medians. */
  readonly wasm: number;
  readonly native: number;
  /** Median of the rounds' ratios. */
  readonly ratio: number;
}

/** Starts a plan and copies its packets into the card's input. */
function prepare(card: RtlCard, plan: ImagePlan, packets: readonly Uint8Array[]): void {
  const { values, tables } = rtlProgram(plan);
  card.start(values);
  for (const { table, entries } of tables) card.loadTable(table, entries);
  let at = 0;
  packets.forEach((packet, index) => {
    card.input.set(packet, at);
    card.ends[index] = at += packet.length;
  });
}

/** Runs all packets once and returns millions of cycles a second. */
function speed({ card, cycles }: Contender, count: number): number {
  const [before, begun] = [cycles(), performance.now()];
  card.run(count, {}, 2 ** 30);
  return (cycles() - before) / (performance.now() - begun) / 1000;
}

async function contest(match: Match, folder: string): Promise<Result> {
  const input = await readInput(PHOTO, {});
  const steps = [
    { op: "resize", size: [224, 224], match },
    { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" },
  ] as const;
  const plan = compile({ steps }, { input, device: RTL_PROFILE });
  const build = deviceBuild(rtlProgram(plan).build);
  const { name } = build;
  const { requests, writer } = reservePackets(plan, MAX_PACKETS);
  const sent = Math.min(requests.slots, plan.body.layout.cut.packets);
  writer.write(input, 5, 0, sent, requests);
  const packets = Array.from({ length: sent }, (_, at) => packetBytes(requests, at).slice());

  const path = join(folder, `${name}.so`);
  await buildNative(RTL_FOLDER, build, path);
  const library = loadNative(path);
  try {
    const { instance } = await WebAssembly.instantiate(
      (await readBuild(GENERATED, name))!,
      {},
    );
    const wasm = instance.exports as unknown as RtlExports & { cycles_so_far: () => number };
    const [here, there] = [wasm, library.rtl].map((rtl): Contender => ({
      card: driveRtl(rtl),
      cycles: rtl.cycles_so_far,
    }));
    for (const { card } of [here!, there!]) prepare(card, plan, packets);
    // Both instances are the same hardware, so answers and cycles must be equal.
    const counts = [here!, there!].map(({ card }) => [card.run(sent, {}, 2 ** 30), card.counters()]);
    assert.deepEqual(counts[0], counts[1]);
    const end = here!.card.answers[(counts[0]![0] as number) - 1]!;
    assert.deepEqual(here!.card.output.slice(0, end), there!.card.output.slice(0, end));

    const cycles = here!.cycles();
    const rounds = Array.from({ length: ROUNDS }, () => [speed(here!, sent), speed(there!, sent)] as const);
    return {
      build: name,
      cycles: Math.round((here!.cycles() - cycles) / ROUNDS),
      wasm: median(rounds.map(([wasm]) => wasm)),
      native: median(rounds.map(([, native]) => native)),
      ratio: median(rounds.map(([wasm, native]) => wasm / native)),
    };
  } finally {
    library.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), "onpath-bench-"));
try {
  const results: Result[] = [];
  for (const match of ["exact", "opencv", "pillow"] as const) results.push(await contest(match, folder));
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify(results, null, 2));
  } else {
    const table = new Table({
      head: ["build", "cycles a run", "WebAssembly, MHz", "native, MHz", "ratio"],
      style: { head: [], border: [] },
      colAligns: ["left", "right", "right", "right", "right"],
    });
    for (const { build, cycles, wasm, native, ratio } of results) {
      table.push([build, cycles, wasm.toFixed(3), native.toFixed(3), ratio.toFixed(2)]);
    }
    console.log(table.toString());
    console.log("Speeds are of this machine and this run; compare only the ratios between machines.");
  }
} finally {
  await rm(folder, { recursive: true });
}
