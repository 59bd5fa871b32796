/**
 * Images and sampling maps for tests.
 *
 * @module
 */

import fc from "fast-check";
import { type AxisMap, type Channels, PHASE_STRIDE, type SeparableMap } from "../../serialize/sampling.ts";
import { type Layout, slice, type Tensor, tensor, toDense, toLayout } from "../../serialize/tensor.ts";
import { randomBytes } from "./random.ts";

/** An image of noise. */
export function noise(
  images: number,
  height: number,
  width: number,
  channels: number,
  seed: number,
): Tensor {
  return tensor(randomBytes(images * height * width * channels, seed), {
    dtype: "u8",
    shape: [images, height, width, channels],
    layout: "NHWC",
  });
}

/** The same samples, dense in another order of axes. `HWC` and `CHW` take one image. */
export function inLayout(image: Tensor, layout: Layout): Tensor {
  return toDense(toLayout(image, layout));
}

/** The same samples as a window of a larger image of noise: strides and offset are not dense. */
export function asWindow(image: Tensor, seed: number): Tensor {
  const starts = image.shape.map((_, axis) => 1 + (seed + axis) % 3);
  const shape = image.shape.map((length, axis) => length + starts[axis]! + (seed >> axis) % 2);
  const count = shape.reduce((product, length) => product * length, 1);
  const options = { dtype: image.dtype, shape, layout: image.layout };
  const window = slice(tensor(randomBytes(count, seed), options), starts, image.shape);
  const dense = toDense(image);
  const [a, b, c, d] = [...new Array<number>(4 - image.shape.length).fill(1), ...image.shape];
  const strides = [...new Array<number>(4 - image.shape.length).fill(0), ...window.strides];
  let from = 0;
  for (let i = 0; i < a!; i++) {
    for (let j = 0; j < b!; j++) {
      for (let k = 0; k < c!; k++) {
        for (let l = 0; l < d!; l++) {
          const at = window.offset + i * strides[0]! + j * strides[1]! + k * strides[2]! + l * strides[3]!;
          window.data[at] = dense.data[from++]!;
        }
      }
    }
  }
  return window;
}

/** Numbers of channels that cells have. */
export const anyChannels: fc.Arbitrary<Channels> = fc.constantFrom(1, 3, 4);

/** One axis of a map: any neighbours, outside ones too, in any order; sometimes adjacent as in a resize. */
export function anyAxis(length: number, most: number): fc.Arbitrary<AxisMap> {
  const index = fc.integer({ min: -1, max: length - 1 });
  const phases = fc.integer({ min: 1, max: 200 });
  const anywhere = fc.array(fc.tuple(index, index), { minLength: 1, maxLength: most });
  const adjacent = fc.array(
    fc.oneof(fc.integer({ min: 0, max: Math.max(0, length - 2) }), fc.constant(-1)),
    { minLength: 1, maxLength: most },
  ).map((lows) => lows.map((low): [number, number] => [low, low < 0 ? -1 : Math.min(low + 1, length - 1)]));
  const reversed = adjacent.map((pairs) => pairs.map(([low, high]): [number, number] => [high, low]));
  return fc.tuple(fc.oneof(anywhere, adjacent, reversed), phases, fc.integer({ min: 0, max: 1000 }))
    .map(([pairs, count, seed]) => ({
      low: Int32Array.from(pairs, ([low]) => low),
      high: Int32Array.from(pairs, ([, high]) => high),
      phase: Uint16Array.from(pairs, (_, i) => (seed + 7 * i) % count),
      phases: count,
    }));
}

/** Any separable map of a source. */
export function anyMap(height: number, width: number, most = 12): fc.Arbitrary<SeparableMap> {
  return fc.record({
    form: fc.constant("separable" as const),
    y: anyAxis(height, most),
    x: anyAxis(width, most),
  }).chain((axes) =>
    // Weight indexes number pairs of phases, or are two halves.
    fc.constantFrom(axes.x.phases, PHASE_STRIDE).map((stride) => ({ ...axes, stride }))
  );
}
