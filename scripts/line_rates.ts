/**
 * `deno task rates`: writes docs/line_rate.md, kernels of the RTL beside links and cards: what an instance takes, how
 * many fit, and the share of a link that they take. `--check` compares.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { compile } from "../kernels/compile.ts";
import { memoize } from "../kernels/memoize/memo.ts";
import {
  CARD_RESOURCES,
  type FpgaResources,
  type InstanceLoad,
  lineRate,
  USABLE_SHARE,
} from "../kernels/target/line_rate.ts";
import type { Device } from "../runtime/device/device.ts";
import { createRtlDevice } from "../runtime/device/rtl/device.ts";
import { planLineRate } from "../runtime/device/rtl/line_rate.ts";
import { RTL_PROFILE } from "../runtime/device/rtl/profile.ts";
import { offload } from "../runtime/offload.ts";
import { Session } from "../runtime/session.ts";
import { packetBytes } from "../serialize/packets.ts";
import { tensor } from "../serialize/tensor.ts";
import { markdownTable } from "./io/markdown.ts";
import { loadVocabulary } from "./io/vocabulary.ts";
import { findFunction } from "./lookup/functions.ts";

const PAGE = new URL("../docs/line_rate.md", import.meta.url);
const BEGIN = "<!-- rates -->", END = "<!-- /rates -->";

/** Links of the table, in Gb/s. */
export const LINKS: readonly number[] = [10, 25, 100];

/** A kernel with the work that its row is about. Plain data. */
export interface RatedKernel {
  /** Name of the row. */
  readonly name: string;
  /** Work of one instance, as the RTL counts it. */
  readonly load: InstanceLoad;
  /** Synthesised resources of an instance. */
  readonly instance: FpgaResources;
}

/** Synthesised resources by the names of the rows in docs/synthesis.json. */
async function synthesized(): Promise<ReadonlyMap<string, FpgaResources>> {
  const path = new URL("../docs/synthesis.json", import.meta.url);
  const { rows } = JSON.parse(await readFile(path, "utf8")) as {
    readonly rows: readonly (FpgaResources & { readonly name: string })[];
  };
  return new Map(rows.map((row) => [row.name, row]));
}

/** Image pipelines at 1280x720 to 224x224, RGB, by plan: their cycles are those of the RTL's counters. */
function imageKernels(): RatedKernel[] {
  const input = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
  return ([
    ["resize, exact", { match: "exact" }],
    ["resize, OpenCV's", { match: "opencv" }],
    ["resize, Pillow's bilinear", { match: "pillow" }],
    ["resize, Pillow's bicubic", { match: "pillow", filter: "bicubic" }],
  ] as const).map(([name, resize]) => {
    const { choices, chosen } = planLineRate({ steps: [{ op: "resize", size: [224, 224], ...resize }] }, {
      input,
    });
    const { load, instance } = choices[chosen]!;
    return { name: `${name}: ${instance.build}`, load: load!, instance };
  });
}

/** Runs work on the RTL and counts its packets, bytes and cycles. */
async function simulated(work: (device: Device) => Promise<unknown>): Promise<InstanceLoad> {
  await using device = await createRtlDevice();
  const count = { packets: 0, bytesIn: 0, answers: 0, bytesOut: 0 };
  const exchange = device.exchange.bind(device);
  device.exchange = async (packets, options) => {
    const answers = await exchange(packets, options);
    count.packets += packets.count;
    for (let n = 0; n < packets.count; n++) count.bytesIn += packetBytes(packets.input, n).length;
    count.answers += answers;
    for (let n = 0; n < answers; n++) count.bytesOut += packetBytes(packets.output, n).length;
    return answers;
  };
  await work(device);
  return { ...count, cycles: device.counters().cycles! };
}

/** bf16 to FP8 e4m3, 100,000 values. */
function lookup(): Promise<InstanceLoad> {
  return simulated(async (device) => {
    const { fn, options } = findFunction("fp8-e4m3");
    const memo = memoize(fn, { ...options, input: "bf16", output: "u8" });
    const values = Uint16Array.from({ length: 100_000 }, (_, n) => (n * 40503) & 0x7f7f);
    const input = tensor(values, { dtype: "bf16", shape: [values.length] });
    const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device: RTL_PROFILE });
    await offload(plan, input, device, { resources: { memo } });
  });
}

/** The licence of this project as ids of r50k_base, in eight flows; words of the vocabulary come from HBM. */
async function tokenize(): Promise<InstanceLoad> {
  const vocabulary = await loadVocabulary("r50k_base");
  const text = await readFile(new URL("../LICENSE", import.meta.url), "utf8");
  return await simulated(async (device) => {
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
    const session = await Session.open(plan, device, { vocabulary });
    const each = Math.ceil(text.length / 8);
    await Promise.all(
      Array.from({ length: 8 }, (_, n) => session.run(text.slice(n * each, (n + 1) * each))),
    );
  });
}

/** All kernels of the table. */
export async function ratedKernels(): Promise<RatedKernel[]> {
  const of = await synthesized();
  return [
    ...imageKernels(),
    { name: "lookup, bf16 to FP8", load: await lookup(), instance: of.get("packet_lookup")! },
    { name: "tokenize, English, r50k_base", load: await tokenize(), instance: of.get("packet_tokenize")! },
  ];
}

/** The table, as Markdown. */
export function ratesTable(kernels: readonly RatedKernel[]): string {
  const rows = kernels.flatMap(({ name, load, instance }) =>
    Object.entries(CARD_RESOURCES).map(([card, resources], at) => {
      const rates = LINKS.map((gbps) =>
        lineRate(load, instance, resources, { gbps, clockMHz: RTL_PROFILE.clockMHz })
      );
      const { instanceGbps, instancePackets, fits, binds } = rates[0]!;
      return [
        at === 0 ? name : "",
        at === 0 ? (load.cycles / load.packets).toFixed(1) : "",
        at === 0 ? instanceGbps.toFixed(2) : "",
        at === 0 ? (instancePackets / 1e6).toFixed(2) : "",
        card,
        `${fits}`,
        binds.toUpperCase(),
        ...rates.map(({ needed, reached }) => reached === 1 ? `${needed}` : `${Math.floor(100 * reached)}%`),
      ];
    })
  );
  return markdownTable(
    [
      "kernel",
      "cycles a packet",
      "Gb/s",
      "Mpacket/s",
      "card",
      "fit",
      "binds",
      ...LINKS.map((g) => `${g} GbE`),
    ],
    ["left", "right", "right", "right", "left", "right", "left", "right", "right", "right"],
    rows,
  );
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest!.split(END)[1]!;
  const made = `${before}${BEGIN}\n\n${ratesTable(await ratedKernels())}\n\n${END}${after}`;
  if (!values.check) await writeFile(PAGE, made);
  else if (made !== page) {
    console.error("Cannot accept docs/line_rate.md: the table differs, run deno task rates");
    process.exitCode = 1;
  }
  console.log(made.split(BEGIN)[1]!.split(END)[0]!.trim());
  console.log(
    `Shares of resources that count: ${
      Object.entries(USABLE_SHARE).map(([name, share]) => `${name.toUpperCase()} ${100 * share}%`).join(", ")
    }.`,
  );
}
