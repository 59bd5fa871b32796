/**
 * `deno task bench:xdp [--generic]`: what a packet costs in the kernel, with and without a CRC-32C, beside the model in
 * TypeScript and the soft NIC; and what a swap of pages costs. Makes network namespaces for it; wants root rights and
 * libbpf 1.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { findWorkload } from "../kernels/registry.ts";
import { compile } from "../kernels/compile.ts";
import { memoize } from "../kernels/memoize/memo.ts";
import type { FormName } from "../kernels/image/kernel.ts";
import type { Plan } from "../kernels/plan/plan.ts";
import type { Device } from "../runtime/device/device.ts";
import { createModelDevice } from "../runtime/device/model.ts";
import { Session } from "../runtime/session.ts";
import { createXdpDevice } from "../runtime/xdp/device.ts";
import { XDP_PROFILE } from "../runtime/xdp/profile.ts";
import type { Checksum } from "../serialize/packets.ts";
import { tensor } from "../serialize/tensor.ts";
import { median } from "./bench/measure.ts";
import { nicUs } from "./bench/network/nic.ts";
import { columnTable } from "./cli/text.ts";
import { type Lab, openLab } from "./xdp/lab.ts";

/** Rounds, of which the median counts, and packets of a round. */
const [ROUNDS, PACKETS] = [7, 4096];

/** Case that the soft NIC runs too. */
const LOOKUP = "lookup u8 to u8";

/** How the kernel runs the program: on veth native is the default. */
const MODE = process.argv.includes("--generic") ? "generic" : "native";

/** Turns the kernel's statistics of BPF programs on; they cost some 20 ns a run. */
const STATISTICS = "/proc/sys/kernel/bpf_stats_enabled";

interface Case {
  readonly name: string;
  readonly plan: (checksum: Checksum) => Plan;
  readonly input: unknown;
  readonly resources?: unknown;
  /** Whether its tables are pages. */
  readonly isPaged?: boolean;
}

function cases(): Case[] {
  const pixels = Uint8Array.from({ length: 720 * 1280 * 3 }, (_, n) => (n * 2_654_435_761) >>> 13);
  const image = tensor(pixels, { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" });
  const normalize = { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" } as const;
  const imageCase = (name: string, steps: readonly object[], form?: FormName): Case => ({
    name,
    plan: (checksum) => compile({ steps } as never, { input: image, device: XDP_PROFILE, checksum, form }),
    input: image,
    isPaged: form === "row-pages",
  });
  const lookupCase = (
    name: string,
    memo: ReturnType<typeof memoize>,
    input: ReturnType<typeof tensor>,
  ): Case => ({
    name,
    plan: (checksum) =>
      compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device: XDP_PROFILE, checksum }),
    input,
    resources: { memo },
  });
  const bytes = tensor(pixels.slice(0, 200_000), { dtype: "u8", shape: [200_000] });
  const values = Uint16Array.from({ length: 100_000 }, (_, n) => 0x3c00 + n % 0x400);
  const floats = tensor(values, { dtype: "bf16", shape: [values.length] });
  const quantum = (x: number) => Number.isNaN(x) ? 0 : Math.round(8 * x);
  return [
    imageCase("normalize to f16 planes", [normalize]),
    lookupCase(LOOKUP, memoize((x) => 255 - x, { input: "u8", output: "u8" }), bytes),
    lookupCase(
      "lookup bf16 to u8",
      memoize(quantum, { input: "bf16", output: "u8", overflow: "saturate" }),
      floats,
    ),
    imageCase("resize to 224, exact", [{ op: "resize", size: [224, 224], match: "exact" }]),
    // Its 14 pages stay resident.
    imageCase("resize to 224, by pages", [{ op: "resize", size: [224, 224] }], "row-pages"),
    imageCase("resize to 224, OpenCV", [{ op: "resize", size: [224, 224], match: "opencv" }]),
    imageCase("resize and normalize", [{ op: "resize", size: [224, 224] }, normalize]),
  ];
}

/** Sum of the run times and of the runs of this process's program. */
function programTime(): { readonly nanoseconds: number; readonly runs: number } {
  for (let file = 3; file < 4096; file++) {
    let text: string;
    try {
      text = readFileSync(`/proc/self/fdinfo/${file}`, "utf8");
    } catch {
      // Not an open file.
      continue;
    }
    const found = /^run_time_ns:\s+(\d+)\nrun_cnt:\s+(\d+)/m.exec(text);
    if (found !== null && found[2] !== "0") return { nanoseconds: Number(found[1]), runs: Number(found[2]) };
  }
  return { nanoseconds: 0, runs: 0 };
}

interface Cost {
  /** Time of the program in the kernel, a packet. */
  readonly kernelUs: number;
  /** CPU time of this process, the kernel's work for it included, a packet. */
  readonly cpuUs: number;
}

async function measureDevice(
  device: Device,
  { input, resources, plan }: Case,
  checksum: Checksum,
): Promise<Cost> {
  const compiled = plan(checksum);
  const { program, connect } = findWorkload(compiled.workload).open(compiled, resources);
  await device.load(program);
  const connection = connect();
  const [flow] = connection.begin(input, {}).flows;
  const count = flow!.write(connection.requests, 0, connection.requests.slots);
  const exchange = { input: connection.requests, count, output: connection.answers };
  if (flow!.pages !== undefined) await device.exchange({ ...exchange, pages: flow!.pages });
  const kernel: number[] = [], cpu: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [before, start] = [programTime(), process.cpuUsage()];
    let packets = 0;
    for (; packets < PACKETS; packets += count) {
      const answers = await device.exchange(exchange);
      if (answers !== count) throw new Error(`Cannot measure: ${answers} of ${count} packets are answered`);
    }
    const { user, system } = process.cpuUsage(start);
    const after = programTime();
    kernel.push((after.nanoseconds - before.nanoseconds) / 1000 / Math.max(1, after.runs - before.runs));
    cpu.push((user + system) / packets);
  }
  return { kernelUs: median(kernel), cpuUs: median(cpu) };
}

/** CPU time of the model, and its ratio. The model answers each epoch once, so it repeats no packets of pages. */
async function modelColumns(each: Case, kernelUs: number): Promise<[string, string]> {
  if (each.isPaged) return ["-", "-"];
  await using model = createModelDevice(XDP_PROFILE);
  const { cpuUs } = await measureDevice(model, each, "crc32c");
  return [cpuUs.toFixed(2), (cpuUs / kernelUs).toFixed(1)];
}

async function measureAll(lab: Lab): Promise<(string | number)[][]> {
  const rows: (string | number)[][] = [];
  for (const each of cases()) {
    await using xdp = await createXdpDevice({ ...lab, mode: MODE });
    const checked = await measureDevice(xdp, each, "crc32c");
    const link = await measureDevice(xdp, each, "link");
    const { request, answer } = each.plan("crc32c").packets;
    const us = [checked.kernelUs, link.kernelUs, checked.cpuUs].map((value) => value.toFixed(2));
    rows.push([each.name, request, answer, ...us, ...await modelColumns(each, checked.kernelUs)]);
  }
  return rows;
}

/** Swaps of a plan with more pages than the kernel holds: what an image takes. */
async function measureSwaps(lab: Lab): Promise<string> {
  const image = tensor(new Uint8Array(719 * 1279 * 3), { dtype: "u8", shape: [719, 1279, 3], layout: "HWC" });
  await using device = await createXdpDevice({ ...lab, mode: MODE });
  const plan = compile({ steps: [{ op: "resize", size: [224, 224] }] }, { input: image, device });
  const session = await Session.open(plan, device);
  await session.run(image);
  const [ms, cpu, pages]: number[][] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const [time, start, before] = [performance.now(), process.cpuUsage(), device.counters().swaps];
    await session.run(image);
    const { user, system } = process.cpuUsage(start);
    ms!.push(performance.now() - time);
    cpu!.push((user + system) / 1000);
    pages!.push(device.counters().swaps - before);
  }
  return `1279x719 to 224: ${median(pages!)} pages are loaded an image, which takes ${
    median(ms!).toFixed(0)
  } ms, ` +
    `${median(cpu!).toFixed(0)} ms of it CPU time`;
}

const before = readFileSync(STATISTICS, "utf8");
writeFileSync(STATISTICS, "1");
try {
  using lab = openLab();
  const heads = [
    "plan",
    "request",
    "answer",
    "kernel us",
    "no CRC us",
    "round trip us",
    "model us",
    "model/kernel",
  ];
  const rows = await measureAll(lab);
  console.log(columnTable(heads, rows));
  console.log(
    "kernel us: the XDP program's run time a packet. round trip us: CPU time of sending, answering and receiving.\n" +
      "model us: CPU time of the model in TypeScript with CRC-32C, without a network.\n",
  );
  const nic = await nicUs({ role: "model", isForeign: false, from: "linux" }, "linux", ROUNDS);
  const kernel = Number(rows.find(([name]) => name === LOOKUP)![3]);
  console.log(
    `${LOOKUP}: the soft NIC takes ${nic.toFixed(2)} us of CPU time a packet, the kernel ${
      kernel.toFixed(2)
    } us: ` +
      `${(nic / kernel).toFixed(1)} times the packets a second\n${await measureSwaps(lab)}`,
  );
} finally {
  writeFileSync(STATISTICS, before);
}
