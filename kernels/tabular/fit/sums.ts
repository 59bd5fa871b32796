/**
 * Sums as NumPy computes them, so that fitted statistics equal scikit-learn's in every bit.
 *
 * @module
 */

/** Values that NumPy adds by eight accumulators before it splits a sum in two. */
const BLOCK = 128;

/** Values that NumPy adds at once: the size of its buffer. */
const BUFFER = 8192;

/** Keeps a sum in f64. */
const keep = (value: number) => value;

/**
 * Adds numbers: 8192 at once, each as the sum of its halves down to blocks of 128, and those by eight accumulators.
 *
 * @param values Numbers.
 * @param round Rounding after each addition. Default: none, in f64.
 */
export function pairwiseSum(values: Float64Array, round: (value: number) => number = keep): number {
  let sum = 0;
  for (let from = 0; from < values.length; from += BUFFER) {
    sum = round(sum + sumRange(values, from, Math.min(BUFFER, values.length - from), round));
  }
  return sum;
}

function sumRange(
  values: Float64Array,
  from: number,
  count: number,
  round: (value: number) => number,
): number {
  if (count < 8) {
    let sum = 0;
    for (let i = from; i < from + count; i++) sum = round(sum + values[i]!);
    return sum;
  }
  if (count <= BLOCK) {
    const sums = values.slice(from, from + 8);
    const whole = count - count % 8;
    for (let i = 8; i < whole; i += 8) {
      for (let lane = 0; lane < 8; lane++) sums[lane] = round(sums[lane]! + values[from + i + lane]!);
    }
    const [a, b, c, d, e, f, g, h] = sums as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    let sum = round(round(round(a + b) + round(c + d)) + round(round(e + f) + round(g + h)));
    for (let i = whole; i < count; i++) sum = round(sum + values[from + i]!);
    return sum;
  }
  const half = (count >> 1) - (count >> 1) % 8;
  return round(sumRange(values, from, half, round) + sumRange(values, from + half, count - half, round));
}
