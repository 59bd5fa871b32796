/**
 * What the tests of runtime/ share: sanitized tests, random pipelines, comparing tensors.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { fitInside, shorterSide } from "../../kernels/image/geometry/spec.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { LAYOUTS, type Tensor, toBytes, toDense } from "../../serialize/tensor.ts";
import { inLayout, noise } from "../support/images.ts";

/** Registers a test that also fails when it leaves a timer, an operation or a resource behind. */
export function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** Asserts that two tensors have the same type, shape, layout and elements. */
export function sameTensor(actual: Tensor, expected: Tensor, message = ""): void {
  const face = ({ dtype, shape, layout }: Tensor) => ({ dtype, shape: [...shape], layout });
  assert.deepEqual(face(actual), face(expected), message);
  const [found, wanted] = [toBytes(toDense(actual)), toBytes(toDense(expected))];
  assert.equal(found.length, wanted.length, message);
  const at = found.findIndex((byte, index) => byte !== wanted[index]);
  assert.equal(at, -1, `${message} first difference at byte ${at}: ${found[at]}, expected ${wanted[at]}`);
}

/** Runs a function and asserts that no promise was rejected without anybody to see it. */
export async function withoutUnhandled(run: () => Promise<void>): Promise<void> {
  const reasons: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    reasons.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listen);
  try {
    // The event comes later than the failure of a test, so a failing test waits for it too.
    await run().finally(settle);
  } finally {
    globalThis.removeEventListener("unhandledrejection", listen);
  }
  assert.deepEqual(reasons.map(String), [], "rejections that nobody handles end the process");
}

/** Lets everything run that can run now. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** An image and a pipeline that fits it. */
export interface Case {
  readonly image: Tensor;
  readonly pipeline: ImagePipeline;
}

const unit = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const dtypes = ["f32", "f16", "bf16", "i8", "u8"] as const;
const draws = fc.record({
  channels: fc.constantFrom(1, 3, 4),
  height: fc.integer({ min: 1, max: 24 }),
  width: fc.integer({ min: 1, max: 24 }),
  images: fc.constantFrom(1, 1, 2, 3),
  layout: fc.constantFrom(...LAYOUTS),
  seed: fc.nat(),
  fill: fc.integer({ min: 0, max: 255 }),
  perChannel: fc.boolean(),
  steps: fc.array(
    fc.record({
      op: fc.constantFrom("crop", "center_crop", "pad", "letterbox", "resize", "rotate"),
      at: fc.tuple(unit, unit, unit, unit),
    }),
    { maxLength: 4 },
  ),
  match: fc.constantFrom("exact", "opencv", "torchvision", "pillow"),
  filter: fc.constantFrom("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"),
  normalize: fc.option(
    fc.record({ dtype: fc.constantFrom(...dtypes), planar: fc.boolean(), range: fc.boolean() }),
  ),
});

/** Random images, in any layout, with random pipelines that fit them. */
export const anyCase: fc.Arbitrary<Case> = draws.map((draw) => {
  const { channels, seed, match } = draw;
  const filter = match === "pillow" ? draw.filter : "bilinear";
  const images = draw.layout.startsWith("N") ? draw.images : 1;
  const image = inLayout(noise(images, draw.height, draw.width, channels, seed), draw.layout);
  const fill = draw.perChannel
    ? Array.from({ length: channels }, (_, channel) => (draw.fill + 50 * channel) % 256)
    : draw.fill;
  const steps: ImagePipeline["steps"][number][] = [];
  let [height, width] = [draw.height, draw.width];
  let resized = false;
  const upTo = (share: number, most: number) => Math.floor(share * (most + 1));
  for (const { op, at: [a, b, c, d] } of draw.steps) {
    if (op === "crop" || op === "center_crop") {
      const size = [1 + upTo(a, height - 1), 1 + upTo(b, width - 1)] as const;
      steps.push(
        op === "center_crop" ? { op, size } : {
          op,
          height: size[0],
          width: size[1],
          top: upTo(c, height - size[0]),
          left: upTo(d, width - size[1]),
        },
      );
      [height, width] = size;
    } else if (op === "pad") {
      const [top, left, bottom, right] = [upTo(a, 4), upTo(b, 4), upTo(c, 4), upTo(d, 4)];
      if (top + left + bottom + right === 0) continue;
      steps.push({ op, top, left, bottom, right, fill });
      [height, width] = [height + top + bottom, width + left + right];
    } else if (resized) {
      continue;
    } else if (op === "rotate") {
      resized = true;
      const border = (["constant", "replicate", "reflect101"] as const)[upTo(b, 2)]!;
      steps.push({ op, degrees: 360 * a, scale: 0.5 + c, border, fill });
    } else {
      resized = true;
      const size: [number, number] = [1 + upTo(a, 29), 1 + upTo(b, 29)];
      const shorter = op === "resize" && c < 0.3;
      steps.push(
        op === "resize"
          ? { op, size: shorter ? size[0] : size, match, filter }
          : { op, size, match, filter, fill },
      );
      [height, width] = shorter ? shorterSide(height, width, size[0]) : size;
      assert(fitInside(height, width, size).every((length) => length >= 1));
    }
  }
  const { normalize } = draw;
  if (normalize !== null || steps.length === 0) {
    steps.push({
      op: "normalize",
      mean: [0.485, 0.456, 0.406, 0.5].slice(0, channels),
      std: [0.229, 0.224, 0.225, 0.25].slice(0, channels),
      range: normalize?.range ?? true ? "0-1" : "0-255",
      dtype: normalize?.dtype ?? "f32",
      layout: normalize?.planar ? "CHW" : "HWC",
    });
  }
  return { image, pipeline: { steps } };
});
