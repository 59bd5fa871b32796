/**
 * Images to normalized tensors of 224 x 224: raw samples, and JPEG files.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { compile } from "../../../kernels/compile.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { normalizeLevel } from "../../../kernels/image/normalize/reference.ts";
import { createCpuDevice } from "../../../runtime/device/cpu/device.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { toFloat16Bits } from "../../../serialize/dtype.ts";
import { MAX_PAYLOAD } from "../../../serialize/header.ts";
import { type Tensor, tensor, toBytes } from "../../../serialize/tensor.ts";
import { MEAN, STD } from "../../bench/images.ts";
import type { Baseline, Item, Scenario, Serve } from "../scenario.ts";

/** Side of the model's input. */
export const SIDE = 224;
/** Quality of JPEG files. */
const QUALITY = 85;

/** Type of the tensor's elements. */
type Output = "f16" | "f32";

const tensorOf = (data: Uint8Array<ArrayBuffer>, height: number, width: number): Tensor =>
  tensor(data, { dtype: "u8", shape: [height, width, 3], layout: "HWC" });

/** Payload of jumbo frames. */
const JUMBO_PROFILE: DeviceProfile = { ...MODEL_PROFILE, payload: MAX_PAYLOAD };

function planOf(height: number, width: number, dtype: Output, device = MODEL_PROFILE): ImagePlan {
  return compile({
    steps: [
      { op: "resize", size: [SIDE, SIDE] },
      { op: "normalize", mean: MEAN, std: STD, range: "0-1", dtype, layout: "CHW" },
    ],
  }, { input: { dtype: "u8", shape: [height, width, 3], layout: "HWC" }, device });
}

/** A photograph, enlarged or shrunk, with other levels for each seed. */
function photograph(seed: number, height: number, width: number): ReturnType<typeof sharp> {
  const path = fileURLToPath(new URL("../../photos/coffee.png", import.meta.url));
  return sharp(path, { ignoreIcc: true }).removeAlpha().resize(width, height, { fit: "fill" })
    .linear(0.6 + (seed % 41) / 100, seed % 37);
}

function noise(seed: number, bytes: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(bytes);
  let state = seed + 1;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[at] = state >>> 24;
  }
  return data;
}

/** Converts the samples of a resized image to normalized planes, by a table of each channel. */
function planes(dtype: Output): (samples: Uint8Array) => Uint8Array {
  const size = SIDE * SIDE;
  const tables = MEAN.map((mean, channel) => {
    const values = Array.from(
      { length: 256 },
      (_, level) => normalizeLevel(level, mean, STD[channel]!, "0-1"),
    );
    return dtype === "f32" ? Float32Array.from(values) : Uint16Array.from(values, toFloat16Bits);
  });
  return (samples) => {
    const output = dtype === "f32" ? new Float32Array(3 * size) : new Uint16Array(3 * size);
    for (let channel = 0; channel < 3; channel++) {
      const table = tables[channel]!;
      for (let at = channel * size, from = channel; from < 3 * size; at++, from += 3) {
        output[at] = table[samples[from]!]!;
      }
    }
    return new Uint8Array(output.buffer);
  };
}

function withSharp(height: number, width: number, dtype: Output): Baseline {
  return {
    name: "raw, sharp",
    isExact: false,
    open: () => {
      sharp.concurrency(1);
      sharp.cache(false);
      const normalize = planes(dtype);
      const serve: Serve = async (bytes) =>
        normalize(
          await sharp(bytes, { raw: { width, height, channels: 3 } })
            .resize(SIDE, SIDE, { fit: "fill", kernel: "linear" }).raw().toBuffer(),
        );
      return Promise.resolve(serve);
    },
  };
}

function withCpuDevice(height: number, width: number, dtype: Output): Baseline {
  return {
    name: "raw, cpu device",
    isExact: true,
    open: async () => {
      const session = await Session.open(
        planOf(height, width, dtype),
        createCpuDevice({ profile: MODEL_PROFILE }),
      );
      return async (bytes) => toBytes((await session.run(tensorOf(bytes, height, width))).output);
    },
  };
}

const OPENCV: Baseline = { name: "raw, OpenCV", isExact: false, open: "python" };

const JPEG: Baseline = {
  name: "JPEG, sharp",
  isExact: false,
  open: () => {
    sharp.concurrency(1);
    sharp.cache(false);
    const normalize = planes("f16");
    const serve: Serve = async (bytes) =>
      // The decoder drops the detail that the smaller size does not need (shrink-on-load).
      normalize(
        await sharp(bytes, { ignoreIcc: true }).resize(SIDE, SIDE, { fit: "fill", kernel: "linear" })
          .raw().toBuffer(),
      );
    return Promise.resolve(serve);
  },
};

/** Raw images of one size. */
function raw(
  corpus: "photograph" | "noise",
  [width, height]: readonly [width: number, height: number],
  dtype: Output,
  requests: Scenario["requests"],
  baselines: readonly ("sharp" | "cpu" | "opencv")[],
  { isJumbo = false, isPortable = false } = {},
): Scenario {
  const known = {
    sharp: withSharp(height, width, dtype),
    cpu: withCpuDevice(height, width, dtype),
    opencv: OPENCV,
  };
  return {
    name: `${corpus} ${width}x${height}, ${dtype}${isJumbo ? ", jumbo" : ""}${
      isPortable ? ", node:dgram" : ""
    }`,
    isJumbo,
    isPortable,
    requests,
    open: () =>
      Promise.resolve({ plan: planOf(height, width, dtype, isJumbo ? JUMBO_PROFILE : MODEL_PROFILE) }),
    items: async (seed, count) => {
      const items: Item[] = [];
      for (let n = 0; n < count; n++) {
        const plain = corpus === "noise"
          ? noise(1000 * seed + n, 3 * height * width)
          : new Uint8Array(await photograph(1000 * seed + n, height, width).raw().toBuffer());
        items.push({ plain, forNic: () => tensorOf(plain, height, width) });
      }
      return items;
    },
    bytesOf: (output) => toBytes(output as Tensor),
    baselines: baselines.map((name) => known[name]),
  };
}

/** JPEG files. The sender decodes them for the NIC. */
function files([width, height]: readonly [number, number], requests: Scenario["requests"]): Scenario {
  return {
    name: `JPEG file ${width}x${height}, f16`,
    requests,
    open: () => Promise.resolve({ plan: planOf(height, width, "f16") }),
    items: async (seed, count) => {
      sharp.concurrency(1);
      sharp.cache(false);
      const items: Item[] = [];
      for (let n = 0; n < count; n++) {
        const plain = new Uint8Array(
          await photograph(1000 * seed + n, height, width).jpeg({ quality: QUALITY }).toBuffer(),
        );
        const forNic = async () =>
          tensorOf(
            new Uint8Array((await sharp(plain, { ignoreIcc: true }).raw().toBuffer()).buffer),
            height,
            width,
          );
        items.push({ plain, forNic });
      }
      return items;
    },
    bytesOf: (output) => toBytes(output as Tensor),
    baselines: [JPEG],
  };
}

const HD = [1280, 720] as const, VGA = [640, 480] as const, CAMERA = [4032, 3024] as const;

/** Scenarios with images. */
export const IMAGE_SCENARIOS: readonly Scenario[] = [
  raw("photograph", HD, "f16", { phase: 16, contended: 100 }, ["sharp", "cpu", "opencv"]),
  raw("noise", HD, "f16", { phase: 16, contended: 100 }, ["sharp", "cpu"]),
  raw("photograph", HD, "f32", { phase: 16, contended: 100 }, ["cpu"]),
  raw("photograph", HD, "f16", { phase: 16, contended: 100 }, ["sharp", "cpu"], { isJumbo: true }),
  raw("photograph", HD, "f16", { phase: 8, contended: 50 }, ["sharp", "cpu"], { isPortable: true }),
  raw("photograph", VGA, "f16", { phase: 32, contended: 100 }, ["sharp", "cpu"]),
  raw("photograph", CAMERA, "f16", { phase: 2, contended: 20 }, ["sharp", "cpu"]),
  files(HD, { phase: 16, contended: 100 }),
];
