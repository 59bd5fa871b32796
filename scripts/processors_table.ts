/**
 * Table of docs/processors.md: values that differ from those of Pillow and NumPy, by processor and photograph.
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
import { compile } from "../kernels/image/plan/compile.ts";
import { RTL_PROFILE } from "../runtime/device/rtl/profile.ts";
import { readProcessorConfig } from "../runtime/processor/config.ts";
import { passesFor } from "../runtime/processor/passes.ts";
import { processorFrom } from "../runtime/processor/processor.ts";
import { OnpathError } from "../serialize/errors.ts";
import { markdownTable } from "./io/markdown.ts";

const PYTHON = "/usr/bin/python3";
const GOLDEN = new URL("../tests/golden/", import.meta.url);
const PHOTOS = new URL("photos/", import.meta.url);

/** Maximum bytes of all values. */
const MAX_BYTES = 2 ** 29;

/** Photograph of the columns of bytes and cycles, and its shape. */
const PRICED = { photo: "rocket.jpg", height: 427, width: 640 };

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

/** Makes the table in Markdown. */
export async function processorsTable(): Promise<string> {
  const { header, entries } = JSON.parse(
    await readFile(new URL("processors.json", GOLDEN), "utf8"),
  ) as Goldens;
  const values = await pythonValues();
  const goldens = entries.filter(({ kind }) => kind === "values");
  const photos = [...new Set(goldens.map(({ photo }) => photo))];
  const rows: string[][] = [];
  let at = 0;
  for (const [name, json] of Object.entries(header.configs)) {
    const cells: string[] = [];
    for (const photo of photos) {
      const { dims } = goldens.find((golden) => golden.config === name && golden.photo === photo)!;
      const length = dims.reduce((product, axis) => product * axis, 1);
      const { pixel_values } = await processorFrom(json)(
        new Uint8Array(await readFile(new URL(photo, PHOTOS))),
      );
      cells.push(`${countDifferent(pixel_values.data, values.subarray(at, at + length))} of ${length}`);
      at += length;
    }
    rows.push([name, readProcessorConfig(json).type, ...cells, ...priceOf(json)]);
  }
  const head = ["configuration", "class", ...photos, "KB to the NIC", "cycles"];
  return markdownTable(head, head.map((_, column) => column < 2 ? "left" : "right"), rows);
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
function priceOf(json: unknown): [kilobytes: string, cycles: string] {
  const { height, width } = PRICED;
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
