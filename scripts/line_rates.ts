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
import type { QuantizedCache } from "../kernels/quantize/cache.ts";
import type { QuantizeMethod } from "../kernels/quantize/method.ts";
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
import { HEADER_BYTES } from "../serialize/header.ts";
import { packetBytes } from "../serialize/packets.ts";
import { tensor } from "../serialize/tensor.ts";
import { markdownTable } from "./io/markdown.ts";
import { loadVocabulary } from "./io/vocabulary.ts";
import { findFunction } from "./lookup/functions.ts";

const PAGE = new URL("../docs/line_rate.md", import.meta.url);
const BEGIN = "<!-- rates -->", END = "<!-- /rates -->";
const TEXT_BEGIN = "<!-- text -->", TEXT_END = "<!-- /text -->";

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

/**
 * Runs work on the RTL and counts its packets, bytes and cycles. Work calls its second argument to count only what
 * follows.
 */
async function simulated(
  work: (device: Device, begin: () => void) => Promise<unknown>,
): Promise<InstanceLoad> {
  await using device = await createRtlDevice();
  let count = { packets: 0, bytesIn: 0, answers: 0, bytesOut: 0 };
  let before = 0;
  const exchange = device.exchange.bind(device);
  device.exchange = async (packets, options) => {
    const answers = await exchange(packets, options);
    count.packets += packets.count;
    for (let n = 0; n < packets.count; n++) count.bytesIn += packetBytes(packets.input, n).length;
    count.answers += answers;
    for (let n = 0; n < answers; n++) count.bytesOut += packetBytes(packets.output, n).length;
    return answers;
  };
  await work(device, () => {
    count = { packets: 0, bytesIn: 0, answers: 0, bytesOut: 0 };
    before = device.counters().cycles!;
  });
  return { ...count, cycles: device.counters().cycles! - before };
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

/** Blocks, layers, heads, tokens and channels of the cache that is counted. */
const CACHE = [1, 1, 8, 512, 128];

/** A KV cache of bf16 to codes, and the codes back to it. */
async function cache(method: QuantizeMethod): Promise<readonly [to: InstanceLoad, from: InstanceLoad]> {
  const size = CACHE.reduce((product, each) => product * each, 1);
  const values = Uint16Array.from({ length: size }, (_, n) => 0x3f00 | (n * 40503 & 0x80ff));
  const input = tensor(values, { dtype: "bf16", shape: CACHE });
  const device = RTL_PROFILE, { shape } = input;
  const to = compile({ steps: [{ op: "quantize", method }] }, { input, device });
  const from = compile({ steps: [{ op: "dequantize", method, dtype: "bf16" }] }, {
    input: { shape },
    device,
  });
  let codes: QuantizedCache | undefined;
  const encoded = await simulated(async (device) => codes = (await offload(to, input, device)).output);
  return [encoded, await simulated((device) => offload(from, codes!, device))];
}

/**
 * The licence of this project as ids of r50k_base, in eight flows. Other texts come before it, so that most words of
 * the vocabulary that it needs are on chip.
 */
async function tokenize(): Promise<InstanceLoad> {
  const vocabulary = await loadVocabulary("r50k_base");
  const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), "utf8");
  const text = await read("LICENSE");
  const others = await Promise.all(WARMING.map(read));
  return await simulated(async (device, begin) => {
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
    const session = await Session.open(plan, device, { vocabulary });
    const inFlows = async (text: string) => {
      const each = Math.ceil(text.length / 8);
      await Promise.all(
        Array.from({ length: 8 }, (_, n) => session.run(text.slice(n * each, (n + 1) * each))),
      );
    };
    for (const other of others) await inFlows(other);
    begin();
    await inFlows(text);
  });
}

/**
 * Texts that are tokenized before the one that is counted: comments of the language's library. The version of the
 * package is fixed, so the figures are too.
 */
const WARMING = ["node_modules/typescript/lib/lib.es5.d.ts"];

/** All kernels of the table. */
export async function ratedKernels(): Promise<RatedKernel[]> {
  const of = await synthesized();
  const [toCodes, toValues] = await cache({ kind: "kivi", bits: 2, axis: "tokens", stored: "f16" });
  const [rotated, rotatedBack] = await cache({ kind: "rotated", bits: 4, stored: "f16" });
  return [
    ...imageKernels(),
    { name: "lookup, bf16 to FP8", load: await lookup(), instance: of.get("packet_lookup")! },
    { name: "KV cache to KIVI, 2 bits", load: toCodes, instance: of.get("packet_quantize")! },
    { name: "KV cache from KIVI, 2 bits", load: toValues, instance: of.get("packet_dequantize")! },
    { name: "KV cache to rotated, 4 bits", load: rotated, instance: of.get("packet_rotate")! },
    { name: "KV cache from rotated, 4 bits", load: rotatedBack, instance: of.get("packet_rotate")! },
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

/** Text of the last kernel by card, as Markdown: MB/s of all instances that fit, and of links. */
export function textTable({ load, instance }: RatedKernel): string {
  const text = load.bytesIn - HEADER_BYTES * load.packets;
  const clockMHz = RTL_PROFILE.clockMHz;
  const each = clockMHz * text / load.cycles;
  const rows = Object.entries(CARD_RESOURCES).map(([card, resources]) => {
    const links = TEXT_LINKS.map((gbps) => lineRate(load, instance, resources, { gbps, clockMHz }));
    const { fits } = links[0]!;
    return [
      card,
      each.toFixed(0),
      `${fits}`,
      (fits * each).toFixed(0),
      ...links.flatMap(({ linePackets, needed }) => [
        (linePackets * text / load.packets / 1e6).toFixed(0),
        `${needed}`,
      ]),
    ];
  });
  return markdownTable(
    [
      "card",
      "MB/s an instance",
      "fit",
      "MB/s",
      ...TEXT_LINKS.flatMap((g) => [`${g} GbE, MB/s`, "instances"]),
    ],
    ["left", ...Array.from({ length: 3 + 2 * TEXT_LINKS.length }, () => "right" as const)],
    rows,
  );
}

/** Links of the table of text, in Gb/s. */
const TEXT_LINKS = [10, 100];

/** Puts a table between the two marks of a page. */
function replaceBetween(page: string, [begin, end]: readonly [string, string], table: string): string {
  const [before, rest] = page.split(begin);
  return `${before}${begin}\n\n${table}\n\n${end}${rest!.split(end)[1]!}`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const page = await readFile(PAGE, "utf8");
  const kernels = await ratedKernels();
  const rates = replaceBetween(page, [BEGIN, END], ratesTable(kernels));
  const made = replaceBetween(rates, [TEXT_BEGIN, TEXT_END], textTable(kernels.at(-1)!));
  if (!values.check) await writeFile(PAGE, made);
  else if (made !== page) {
    console.error("Cannot accept docs/line_rate.md: the table differs, run deno task rates");
    process.exitCode = 1;
  }
  console.log(made.split(BEGIN)[1]!.split(TEXT_END)[0]!.trim());
  console.log(
    `Shares of resources that count: ${
      Object.entries(USABLE_SHARE).map(([name, share]) => `${name.toUpperCase()} ${100 * share}%`).join(", ")
    }.`,
  );
}
