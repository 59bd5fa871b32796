/**
 * Table of docs/processors.md, by processor and photograph: values that differ from those of Pillow and NumPy, times
 * beside other libraries, bytes and cycles on the NIC.
 *
 *     deno run -A scripts/processors_table.ts     prints the table; needs Debian's Python packages
 *
 * @module
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { compile } from "../kernels/image/plan/compile.ts";
import { RTL_PROFILE } from "../runtime/device/rtl/profile.ts";
import { readProcessorConfig } from "../runtime/processor/config.ts";
import { passesFor, type ProcessorPass } from "../runtime/processor/passes.ts";
import { processorFrom } from "../runtime/processor/processor.ts";
import { OnpathError } from "../serialize/errors.ts";
import type { Tensor } from "../serialize/tensor.ts";
import { measure } from "./bench/measure.ts";
import { canvasProcessor, sharpProcessor } from "./bench/processor_peers.ts";
import { pythonTimes } from "./bench/processor_python.ts";
import { markdownTable } from "./io/markdown.ts";
import { readPicture } from "./io/picture.ts";

const PYTHON = "/usr/bin/python3";
const GOLDEN = new URL("../tests/golden/", import.meta.url);
const PHOTOS = new URL("photos/", import.meta.url);

/** Maximum bytes of all values. */
const MAX_BYTES = 2 ** 29;

/** Part of the golden file that the table reads. */
interface Goldens {
  readonly header: { readonly configs: Readonly<Record<string, unknown>> };
  readonly entries: readonly {
    readonly kind: string;
    readonly config: string;
    readonly photo: string;
    readonly dims: readonly number[];
  }[];
}

/** One processor and photograph. */
interface ProcessorCase {
  /** Name of the configuration. */
  readonly config: string;
  /** Parsed configuration file. */
  readonly json: unknown;
  /** Name of the photograph. */
  readonly photo: string;
  /** Decoded samples. */
  readonly image: Tensor;
}

/** Facts about a case that no machine changes, as cells. */
export interface ProcessorFacts {
  /** Configuration, class, photograph, and number of values that differ. */
  readonly values: readonly [config: string, type: string, photo: string, different: string];
  /** Payloads sent and cycles predicted for the RTL. */
  readonly price: readonly [kilobytes: string, cycles: string];
}

/** Reads the golden file's cases, in its order, with the length of their values. */
async function readCases(): Promise<(ProcessorCase & { readonly length: number })[]> {
  const { header, entries } = JSON.parse(
    await readFile(new URL("processors.json", GOLDEN), "utf8"),
  ) as Goldens;
  const goldens = entries.filter(({ kind }) => kind === "values");
  const images = new Map<string, Tensor>();
  for (const { photo } of goldens) {
    if (images.has(photo)) continue;
    images.set(photo, await readPicture(new Uint8Array(await readFile(new URL(photo, PHOTOS))), photo));
  }
  return goldens.map(({ config, photo, dims }) => ({
    config,
    json: header.configs[config],
    photo,
    image: images.get(photo)!,
    length: dims.reduce((product, axis) => product * axis, 1),
  }));
}

/** Compares all values with Python's. */
export async function processorFacts(): Promise<ProcessorFacts[]> {
  const expected = await pythonValues();
  const facts: ProcessorFacts[] = [];
  let at = 0;
  for (const { config, json, photo, image, length } of await readCases()) {
    const { pixel_values } = await processorFrom(json)(image);
    const different = countDifferent(pixel_values.data, expected.subarray(at, at + length));
    facts.push({
      values: [config, readProcessorConfig(json).type, photo, `${different} of ${length}`],
      price: priceOf(json, image),
    });
    at += length;
  }
  return facts;
}

/**
 * Measures microseconds from decoded samples to values, in turn in this process, and in Python. The least of many rounds
 * counts, because other programs only add to it.
 */
async function processorTimes(): Promise<string[][]> {
  const there = await pythonTimes(PYTHON);
  const rows: string[][] = [];
  for (const { config, json, photo, image } of await readCases()) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${config} ${photo}`);
    const [height, width] = image.shape as [number, number];
    const checked = readProcessorConfig(json);
    const { passes, ...size } = passesFor(checked, { height, width });
    const [{ pipeline }] = passes as [ProcessorPass];
    // A peer would have to cut patches and tiles too.
    const peers = checked.patches === null && passes.length === 1
      ? [sharpProcessor(pipeline, image, size), canvasProcessor(pipeline, image, size)]
      : [undefined, undefined];
    const processor = processorFrom(json);
    const runs = [async () => void await processor(image), ...peers].map((run, at) =>
      run && { name: String(at), run: () => run() as Promise<void> | void }
    );
    const timings = await measure(runs.filter((run) => run !== undefined));
    const { pillow, opencv } = there.find((each) => each.config === config && each.photo === photo)!;
    rows.push([
      ...runs.map((run) => run && Math.min(...timings.find(({ name }) => name === run.name)!.rounds)),
      pillow,
      opencv ?? undefined,
    ].map((value) => value === undefined ? "—" : value.toFixed(0)));
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return rows;
}

/** Makes the table in Markdown. */
async function processorsTable(): Promise<string> {
  const facts = await processorFacts();
  // One thread, and no result of an earlier round.
  sharp.concurrency(1);
  sharp.cache(false);
  const times = await processorTimes();
  const head = [
    ...["configuration", "class", "photograph", "different"],
    ...["onpath, µs", "sharp, µs", "canvas, µs", "Pillow, µs", "OpenCV, µs"],
    ...["KB to the NIC", "cycles"],
  ];
  return markdownTable(
    head,
    head.map((_, column) => column < 3 ? "left" : "right"),
    facts.map(({ values, price }, row) => [...values, ...times[row]!, ...price]),
  );
}

/** Values of the transcription, in the order of the golden file. */
async function pythonValues(): Promise<Float32Array> {
  const script = fileURLToPath(new URL("processors.py", GOLDEN));
  const { stdout } = await promisify(execFile)(PYTHON, [script, "--values"], {
    encoding: "buffer",
    maxBuffer: MAX_BYTES,
    timeout: 300_000,
  });
  return new Float32Array(Uint8Array.from(stdout).buffer);
}

/** Counts values whose bits differ. */
function countDifferent(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Math.max(found.length, expected.length);
  const [a, b] = [found, expected].map(({ buffer, byteOffset, length }) =>
    new Uint32Array(buffer, byteOffset, length)
  ) as [Uint32Array, Uint32Array];
  let different = 0;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) different++;
  return different;
}

/** Payloads sent and cycles predicted for the RTL, of all passes; dashes if its tables are too small. */
function priceOf(json: unknown, { shape }: Tensor): [kilobytes: string, cycles: string] {
  const [height, width] = shape as [number, number];
  const { passes } = passesFor(readProcessorConfig(json), { height, width });
  let bytes = 0, cycles = 0;
  try {
    for (const { pipeline, input: [rows, columns] } of passes) {
      const input = { dtype: "u8", shape: [rows, columns, 3], layout: "HWC" } as const;
      const { body } = compile(pipeline, { input, device: RTL_PROFILE });
      bytes += body.layouts.find(({ name }) => name === body.layout.name)?.bytes ?? body.layout.bytesOut;
      cycles += body.cost.cycles;
    }
    return [(bytes / 1000).toFixed(0), String(cycles)];
  } catch (error) {
    if (!(error instanceof OnpathError) || error.code !== "device") throw error;
    return ["—", "—"];
  }
}

if (import.meta.main) process.stdout.write(`${await processorsTable()}\n`);
