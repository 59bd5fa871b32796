/**
 * `deno task bench:cpu`: images on the CPU beside OpenCV, Pillow and sharp, as ratios within one run. One thread.
 *
 * @module
 */

import Table from "cli-table3";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { compile } from "../kernels/compile.ts";
import { createImageExecutor } from "../kernels/image/cpu/executor.ts";
import type { ImagePipeline } from "../kernels/image/pipeline.ts";
import { MODEL_PROFILE } from "../runtime/device/model.ts";
import { type Tensor, tensor, toBytes } from "../serialize/tensor.ts";
import { median } from "./bench/measure.ts";

const MEAN = [0.485, 0.456, 0.406], STD = [0.229, 0.224, 0.225];
const SIZES = [[720, 1280, 224], [1080, 1920, 224], [2160, 3840, 640]] as const;
const RESIZES = {
  "exact, four neighbours": { match: "exact" },
  "opencv, four neighbours": { match: "opencv" },
  "torchvision, four neighbours": { match: "torchvision" },
  "pillow bilinear": { match: "pillow" },
  "pillow bicubic": { match: "pillow", filter: "bicubic" },
} as const;
/** Peer of each computation. */
const PEERS: Readonly<Record<keyof typeof RESIZES, string>> = {
  "exact, four neighbours": "opencv",
  "opencv, four neighbours": "opencv",
  "torchvision, four neighbours": "opencv",
  "pillow bilinear": "pillow bilinear",
  "pillow bicubic": "pillow bicubic",
};
/** Images in turn, so that none is in the first caches. */
const IMAGES = 4;
const ROUNDS = 5;
/** Runs of each candidate in a round. */
const RUNS = 15;

/** Noise, or a photograph enlarged and shifted. */
async function imagesOf(corpus: "noise" | "photograph", height: number, width: number): Promise<Tensor[]> {
  const photo = fileURLToPath(new URL("photos/coffee.png", import.meta.url));
  const images: Tensor[] = [];
  let state = 1;
  for (let i = 0; i < IMAGES; i++) {
    const data = new Uint8Array(height * width * 3);
    if (corpus === "noise") {
      for (let at = 0; at < data.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        data[at] = state >>> 24;
      }
    } else {
      data.set(
        await sharp(photo, { ignoreIcc: true }).removeAlpha().resize(width, height, { fit: "fill" })
          .modulate({ brightness: 1 - i / 10 }).raw().toBuffer(),
      );
    }
    images.push(tensor(data, { dtype: "u8", shape: [height, width, 3], layout: "HWC" }));
  }
  return images;
}

function executorRun(resize: object, size: number, image: Tensor): (image: Tensor) => void {
  const pipeline = {
    steps: [
      { op: "resize", size: [size, size], ...resize },
      { op: "normalize", mean: MEAN, std: STD, range: "0-1", dtype: "f32", layout: "CHW" },
    ],
  } as ImagePipeline;
  const executor = createImageExecutor(compile(pipeline, { input: image, device: MODEL_PROFILE }))!;
  const target = toBytes(executor.run(image));
  return (input) => void executor.run(input, target);
}

/** sharp's resize, and the conversion to normalized planes in JavaScript. */
function sharpRun(kernel: "linear" | "cubic", size: number): (image: Tensor) => Promise<void> {
  sharp.concurrency(1);
  const output = new Float32Array(3 * size * size);
  const tables = MEAN.map((mean, c) =>
    Float32Array.from({ length: 256 }, (_, l) => (l / 255 - mean) / STD[c]!)
  );
  return async ({ data, shape }) => {
    const [height, width] = shape as [number, number, number];
    const small = await sharp(data as Uint8Array, { raw: { width, height, channels: 3 } })
      .resize(size, size, { fit: "fill", kernel }).raw().toBuffer();
    for (let c = 0; c < 3; c++) {
      for (let p = 0; p < size * size; p++) output[c * size * size + p] = tables[c]![small[3 * p + c]!]!;
    }
  };
}

async function timed(
  run: (image: Tensor) => void | Promise<void>,
  images: readonly Tensor[],
  into: number[],
) {
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    const pending = run(images[i % IMAGES]!);
    if (pending !== undefined) await pending;
    into.push(1000 * (performance.now() - start));
  }
}

/** Runs the Python peers once; an empty record if Python or its packages are missing. */
function python(
  images: readonly Tensor[],
  height: number,
  width: number,
  size: number,
): Record<string, number[]> {
  const program = fileURLToPath(new URL("bench/cpu_peers.py", import.meta.url));
  const { status, stdout } = spawnSync("/usr/bin/python3", [
    program,
    ...[height, width, size, RUNS].map(String),
  ], {
    input: Buffer.concat(images.map(({ data }) => data as Uint8Array)),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    // Otherwise each output is mapped and unmapped anew, and its page faults cost more than the work.
    env: { ...process.env, MALLOC_TRIM_THRESHOLD_: String(2 ** 32), MALLOC_MMAP_THRESHOLD_: String(2 ** 30) },
  });
  return status === 0 ? JSON.parse(stdout) : {};
}

const rows: string[][] = [];
for (const corpus of ["noise", "photograph"] as const) {
  for (const [height, width, size] of SIZES) {
    if (process.argv.includes("--quick") && height > 720) continue;
    const images = await imagesOf(corpus, height, width);
    const copy = new Uint8Array(images[0]!.data.length);
    const candidates: Record<string, (image: Tensor) => void | Promise<void>> = {
      memcpy: ({ data }) => copy.set(data as Uint8Array),
      "sharp linear": sharpRun("linear", size),
      "sharp cubic": sharpRun("cubic", size),
    };
    for (const [name, resize] of Object.entries(RESIZES)) {
      candidates[name] = executorRun(resize, size, images[0]!);
    }
    const times: Record<string, number[]> = {};
    for (const [name, run] of Object.entries(candidates)) {
      await timed(run, images, times[`warm ${name}`] = []);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, run] of Object.entries(candidates)) await timed(run, images, times[name] ??= []);
      for (const [name, own] of Object.entries(python(images, height, width, size))) {
        (times[name === "opencv" ? name : `peer ${name}`] ??= []).push(...own);
      }
    }
    const ratio = (own: string, to: string) =>
      times[to] === undefined ? "missing" : (median(times[own]!) / median(times[to]!)).toFixed(2);
    for (const [name, peer] of Object.entries(PEERS)) {
      rows.push([
        `${width}x${height} to ${size}, ${corpus}`,
        name,
        median(times[name]!).toFixed(0),
        ratio(name, "memcpy"),
        ratio(name, peer === "opencv" ? peer : `peer ${peer}`),
        ratio(name, name.endsWith("bicubic") ? "sharp cubic" : "sharp linear"),
      ]);
    }
  }
}
const table = new Table({
  head: ["", "match", "µs", "to memcpy", "to its library", "to sharp"],
  style: { head: [], border: [] },
});
table.push(...rows);
console.log(table.toString());
console.log(
  "Libraries: OpenCV resize, blobFromImage and a division; Pillow and NumPy. sharp: resize and a loop in JavaScript.\n" +
    "Times are of this machine and this run; compare only the ratios.",
);
