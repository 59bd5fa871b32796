/**
 * Filter functions of Pillow's resize. torchvision's antialiased filters are the same functions.
 * Source: Pillow 9.4, `src/libImaging/Resample.c`, functions `box_filter` to `lanczos_filter`. The order of
 * operations is Pillow's, because weights are rounded afterwards.
 *
 * @module
 */

import type { PillowFilter } from "../geometry/names.ts";
import { cosine, sine } from "./sine.ts";

/** A filter: weights by distance, at the scale of the output. */
export interface Filter {
  /** Distance beyond which weights are 0, in samples. */
  readonly support: number;
  /** Weight at a distance. */
  readonly weight: (distance: number) => number;
}

/** Filters that average neighbours. `nearest` copies a sample, see `coefficients.ts`. */
export const FILTERS: Readonly<Record<Exclude<PillowFilter, "nearest">, Filter>> = {
  box: { support: 0.5, weight: (x) => x > -0.5 && x <= 0.5 ? 1 : 0 },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: lanczos },
};

/** Constants of the Hamming window. Pillow writes them as binary32. */
const HAMMING = [Math.fround(0.54), Math.fround(0.46)] as const;

/** Sinc under a Hamming window. */
function hamming(distance: number): number {
  const x = Math.abs(distance);
  if (x === 0) return 1;
  if (x >= 1) return 0;
  const angle = x * Math.PI;
  return sine(angle) / angle * (HAMMING[0] + HAMMING[1] * cosine(angle));
}

/** Keys' cubic with a = −1/2 (Keys 1981, "Cubic convolution interpolation for digital image processing"). */
function bicubic(distance: number): number {
  const x = Math.abs(distance), a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** sin(πx)/πx. */
function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return sine(angle) / angle;
}

/** Sinc under a window of three lobes of another sinc. */
function lanczos(x: number): number {
  return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}
