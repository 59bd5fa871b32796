/**
 * Image processors by sharp and by canvas: the steps of a pipeline with the peer's own filters, so that values differ
 * from Python's. Time starts with decoded samples and ends with planes of float32.
 *
 * @module
 */

import { createCanvas, ImageData } from "@napi-rs/canvas";
import sharp from "sharp";
import { normalizeLevel } from "../../kernels/image/normalize/reference.ts";
import {
  type ImagePipeline,
  type LoweredStep,
  lowerPipeline,
  parsePipeline,
} from "../../kernels/image/pipeline.ts";
import { type Tensor, toBytes } from "../../serialize/tensor.ts";

type Normalize = Extract<LoweredStep, { op: "normalize" }>;
type Geometry = Extract<LoweredStep, { op: "pad" | "resize" | "crop" }>;

/** Kernels of sharp by filter of Pillow; box and hamming have no counterpart. */
const SHARP_KERNELS: Readonly<Record<string, "nearest" | "linear" | "cubic" | "lanczos3">> = {
  nearest: "nearest",
  bilinear: "linear",
  bicubic: "cubic",
  lanczos: "lanczos3",
};

/** Steps of a processor that a peer can do: geometry, then `normalize`. */
interface PeerSteps {
  readonly geometry: readonly Geometry[];
  readonly normalize: Normalize;
}

/** Steps of a pipeline for an image; undefined if one is no geometry and not the last. */
function peerSteps(pipeline: ImagePipeline, [height, width]: readonly number[]): PeerSteps | undefined {
  const shape = { height: height!, width: width!, channels: 3 } as const;
  const { steps } = lowerPipeline(parsePipeline(pipeline), shape);
  const normalize = steps.at(-1);
  const geometry = steps.slice(0, -1);
  if (normalize?.op !== "normalize" || !geometry.every(isGeometry)) return undefined;
  return { geometry, normalize };
}

function isGeometry(step: LoweredStep): step is Geometry {
  return step.op === "pad" || step.op === "resize" || step.op === "crop";
}

/** Creates a function from interleaved samples to planes of float32, by a table for each channel. */
function planarizer(
  { mean, std, range }: Normalize,
  items: number,
): (samples: ArrayLike<number>, stride: number) => Float32Array {
  const levels = new Float32Array(768);
  for (let n = 0; n < 768; n++) {
    levels[n] = normalizeLevel(n & 255, mean[n >> 8]!, std[n >> 8]!, range);
  }
  const planes = new Float32Array(3 * items);
  return (samples, stride) => {
    for (let item = 0, from = 0; item < items; item++, from += stride) {
      planes[item] = levels[samples[from]!]!;
      planes[items + item] = levels[256 + samples[from + 1]!]!;
      planes[2 * items + item] = levels[512 + samples[from + 2]!]!;
    }
    return planes;
  };
}

/**
 * Creates a run of a pipeline by sharp.
 *
 * @param pipeline Pipeline of a processor.
 * @param image RGB samples.
 * @param size Rows and columns of the result.
 * @returns Undefined if sharp has no counterpart of a step.
 */
export function sharpProcessor(
  pipeline: ImagePipeline,
  image: Tensor,
  size: { readonly height: number; readonly width: number },
): (() => Promise<Float32Array>) | undefined {
  const steps = peerSteps(pipeline, image.shape);
  if (steps === undefined) return undefined;
  const kernels = steps.geometry.map((step) => step.op === "resize" ? SHARP_KERNELS[step.filter] : "nearest");
  if (kernels.includes(undefined)) return undefined;
  const [height, width] = image.shape as [number, number];
  const pixels = toBytes(image);
  const planes = planarizer(steps.normalize, size.height * size.width);
  return async () => {
    let samples: Uint8Array = pixels;
    let [rows, columns] = [height, width];
    const open = () => sharp(samples, { raw: { width: columns, height: rows, channels: 3 } });
    let work = open();
    // sharp resizes first, then cuts, then extends, whatever the order of its calls.
    const begin = async () => {
      const { data, info } = await work.raw().toBuffer({ resolveWithObject: true });
      [samples, rows, columns] = [data, info.height, info.width];
      work = open();
    };
    for (const [at, step] of steps.geometry.entries()) {
      if (step.op === "resize") {
        if (at > 0) await begin();
        work.resize(step.size[1], step.size[0], { fit: "fill", kernel: kernels[at]! });
      } else if (step.op === "crop") {
        work.extract({ left: step.left, top: step.top, width: step.width, height: step.height });
      } else {
        const { border: [top, left, bottom, right], fill: [r, g, b] } = step;
        work.extend({ top, left, bottom, right, background: { r: r!, g: g!, b: b! } });
      }
    }
    return planes(await work.raw().toBuffer(), 3);
  };
}

/**
 * Creates a run of a pipeline by a canvas, from an image that is on a canvas.
 *
 * @param pipeline Pipeline of a processor.
 * @param image RGB samples.
 * @param size Rows and columns of the result.
 * @returns Undefined if a canvas has no counterpart of a step.
 */
export function canvasProcessor(
  pipeline: ImagePipeline,
  image: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): (() => Float32Array) | undefined {
  const steps = peerSteps(pipeline, image.shape);
  if (steps === undefined) return undefined;
  const [rows, columns] = image.shape as [number, number];
  const source = createCanvas(columns, rows);
  const rgba = new Uint8ClampedArray(4 * rows * columns).fill(255);
  const pixels = toBytes(image);
  for (let at = 0; at < rows * columns; at++) rgba.set(pixels.subarray(3 * at, 3 * at + 3), 4 * at);
  source.getContext("2d").putImageData(new ImageData(rgba, columns, rows), 0, 0);
  const target = createCanvas(width, height).getContext("2d");
  const planes = planarizer(steps.normalize, height * width);
  // Rectangle of the image in the result, and the colour around it.
  const box = { left: 0, top: 0, width: columns, height: rows };
  let [across, down] = [columns, rows];
  let colour = "black";
  let isSmooth = true;
  for (const step of steps.geometry) {
    if (step.op === "resize") {
      const [x, y] = [step.size[1] / across, step.size[0] / down];
      Object.assign(box, {
        left: box.left * x,
        top: box.top * y,
        width: box.width * x,
        height: box.height * y,
      });
      [down, across] = step.size;
      isSmooth = step.filter !== "nearest";
    } else if (step.op === "crop") {
      box.left -= step.left;
      box.top -= step.top;
      [down, across] = [step.height, step.width];
    } else {
      const { border: [top, left, bottom, right], fill: [r, g, b] } = step;
      box.left += left;
      box.top += top;
      [down, across] = [down + top + bottom, across + left + right];
      colour = `rgb(${r}, ${g}, ${b})`;
    }
  }
  return () => {
    target.imageSmoothingEnabled = isSmooth;
    target.imageSmoothingQuality = "high";
    target.fillStyle = colour;
    target.fillRect(0, 0, width, height);
    target.drawImage(source, box.left, box.top, box.width, box.height);
    return planes(target.getImageData(0, 0, width, height).data, 4);
  };
}
