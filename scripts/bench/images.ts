/**
 * Candidates for one image: serialize it, copy it, or compute the result on the host.
 *
 * @module
 */

import { createCanvas, ImageData } from "@napi-rs/canvas";
import sharp from "sharp";
import { normalizeLevel } from "../../kernels/image/normalize/reference.ts";
import { compile } from "../../kernels/compile.ts";
import type { LayoutName } from "../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { reservePackets } from "../../kernels/image/plan/packets.ts";
import type { Checksum } from "../../serialize/packets.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import type { Candidate } from "./measure.ts";

/** ImageNet's means. */
export const MEAN = [0.485, 0.456, 0.406];
/** ImageNet's deviations. */
export const STD = [0.229, 0.224, 0.225];

/** An RGB image of noise; no candidate's time depends on the samples. */
export function noise(height: number, width: number): Tensor {
  const data = new Uint8Array(height * width * 3);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return tensor(data, { dtype: "u8", shape: [height, width, 3], layout: "HWC" });
}

/** The plan of a square resize and ImageNet's normalization. */
export function benchPlan(
  image: Tensor,
  size: number,
  checksum: Checksum,
  layout: LayoutName,
): ImagePlan {
  return compile({
    steps: [
      { op: "resize", size: [size, size] },
      { op: "normalize", mean: MEAN, std: STD, range: "0-1", dtype: "f32", layout: "CHW" },
    ],
  }, { input: image, device: MODEL_PROFILE, checksum, layout });
}

/** Creates a function that writes all packets of an image into its own slots. */
export function serializer(
  image: Tensor,
  size: number,
  checksum: Checksum,
  layout: LayoutName = "cells",
): () => void {
  return planSerializer(benchPlan(image, size, checksum, layout), image);
}

/** Creates a function that writes all packets of a plan's input into its own slots. */
export function planSerializer(plan: ImagePlan, image: Tensor): () => void {
  const { packets } = plan.body.layout.cut;
  const { requests, writer } = reservePackets(plan, packets);
  // Batches of `requests.slots` packets, as in a session.
  return () => {
    for (let first = 0; first < packets; first += requests.slots) {
      writer.write(image, 0, first, Math.min(requests.slots, packets - first), requests);
    }
  };
}

/** Planning of resizes, from few weights to many. */
export function planCandidates(): Candidate[] {
  return ([[720, 1280, 224], [375, 500, 518], [719, 1279, 640], [3024, 4032, 448]] as const).map(
    ([height, width, size]) => {
      const image = { dtype: "u8", shape: [height, width, 3], layout: "HWC" } as const;
      const steps = [{ op: "resize", size: [size, size] as const }] as const;
      return {
        name: `plan ${width}x${height} to ${size}x${size}`,
        run: () => void compile({ steps }, { input: image, device: MODEL_PROFILE }),
      };
    },
  );
}

/** Serialization of an image, and the same work on the host. */
export function imageCandidates(image: Tensor, size: number): Candidate[] {
  const [height, width] = image.shape as [number, number, number];
  const pixels = image.data as Uint8Array<ArrayBuffer>;
  const copy = new Uint8Array(pixels.length);
  const rgba = new Uint8ClampedArray(height * width * 4).fill(255);
  for (let i = 0; i < height * width; i++) rgba.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
  const source = createCanvas(width, height);
  source.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  const target = createCanvas(size, size).getContext("2d");
  return [
    { name: "memcpy of the whole image", run: () => copy.set(pixels) },
    { name: "serialize, CRC-32C", run: serializer(image, size, "crc32c") },
    { name: "serialize, check left to the link", run: serializer(image, size, "link") },
    { name: "serialize tiles, check left to the link", run: serializer(image, size, "link", "tiles") },
    { name: "serialize needed rows, check left to the link", run: serializer(image, size, "link", "rows") },
    { name: "fused bilinear + normalize in JavaScript", run: fused(pixels, height, width, size) },
    {
      name: "sharp (libvips), resize only",
      run: async () => {
        await sharp(pixels, { raw: { width, height, channels: 3 } })
          .resize(size, size, { fit: "fill", kernel: "linear" }).raw().toBuffer();
      },
    },
    {
      name: "@napi-rs/canvas (Skia), resize only",
      run: () => {
        target.drawImage(source, 0, 0, size, size);
        target.getImageData(0, 0, size, size);
      },
    },
  ];
}

/** Plain host code that offloading replaces: one pass, with tables for columns and levels. */
function fused(pixels: Uint8Array, height: number, width: number, size: number): () => void {
  const axis = (length: number) =>
    Array.from({ length: size }, (_, o) => {
      const position = Math.max(0, ((o + 0.5) * length) / size - 0.5);
      const low = Math.floor(position);
      return { low, high: Math.min(low + 1, length - 1), weight: position - low };
    });
  const rows = axis(height);
  const columns = axis(width);
  const left = Int32Array.from(columns, ({ low }) => 3 * low);
  const right = Int32Array.from(columns, ({ high }) => 3 * high);
  const weight = Float32Array.from(columns, (column) => column.weight);
  const levels = new Float32Array(768);
  for (let i = 0; i < 768; i++) levels[i] = normalizeLevel(i & 255, MEAN[i >> 8]!, STD[i >> 8]!, "0-1");
  const output = new Float32Array(3 * size * size);
  const plane = size * size;
  return () => {
    for (let y = 0; y < size; y++) {
      const { low, high, weight: wy } = rows[y]!;
      const top = 3 * low * width;
      const bottom = 3 * high * width;
      for (let x = 0; x < size; x++) {
        const l = left[x]!, r = right[x]!, wx = weight[x]!;
        for (let c = 0; c < 3; c++) {
          const a = pixels[top + l + c]!, b = pixels[top + r + c]!;
          const d = pixels[bottom + l + c]!, e = pixels[bottom + r + c]!;
          const upper = a + wx * (b - a);
          const lower = d + wx * (e - d);
          output[c * plane + y * size + x] = levels[256 * c + (upper + wy * (lower - upper) + 0.5 | 0)]!;
        }
      }
    }
  };
}
