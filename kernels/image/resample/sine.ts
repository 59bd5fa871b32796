/**
 * Sine and cosine for filter weights, by additions and multiplications of binary64 alone, so that every engine
 * gives the same bits. Engines differ in `Math.sin`.
 *
 * A number is held as an unevaluated sum of two doubles (Dekker 1971, "A floating-point technique for extending
 * the available precision"). The relative error is below 2^−95, so the result is the nearest double except
 * about once in 2^40 arguments.
 *
 * @module
 */

/** Sum of two doubles; the second is at most half a unit in the last place of the first. */
type Pair = readonly [high: number, low: number];

/** π/2 in parts of 33 bits, and the remainder (fdlibm, `e_rem_pio2.c`). Small multiples of the parts are exact. */
const QUARTER_TURN = [
  1.57079632673412561417,
  6.07710050630396597660e-11,
  2.02226624871116645580e-21,
  8.47842766036889956997e-32,
] as const;

/** Terms of both series after the first; the next one is below 2^−100 at π/4. */
const TERMS = 13;

/** Maximum magnitude of an argument. */
const MAX_ANGLE = 16;

function sumOf(a: number, b: number): Pair {
  const high = a + b, other = high - a;
  return [high, (a - (high - other)) + (b - other)];
}

function productOf(a: number, b: number): Pair {
  // Veltkamp's split: halves of 26 bits, whose products are exact.
  const split = (value: number): Pair => {
    const wide = value * 134217729, high = wide - (wide - value);
    return [high, value - high];
  };
  const [ah, al] = split(a), [bh, bl] = split(b), high = a * b;
  return [high, ((ah * bh - high) + ah * bl + al * bh) + al * bl];
}

function add([ah, al]: Pair, [bh, bl]: Pair): Pair {
  const [high, low] = sumOf(ah, bh);
  return sumOf(high, low + (al + bl));
}

function multiply([ah, al]: Pair, [bh, bl]: Pair): Pair {
  const [high, low] = productOf(ah, bh);
  return sumOf(high, low + (ah * bl + al * bh));
}

function divide(a: Pair, by: number): Pair {
  const high = a[0] / by;
  const [ph, pl] = productOf(high, by);
  return sumOf(high, ((a[0] - ph) - pl + a[1]) / by);
}

/** Sum of the series x^first/first! − x^(first + 2)/(first + 2)! + …, for first 0 or 1. */
function series(x: Pair, first: 0 | 1): Pair {
  const square = multiply(x, x);
  let term: Pair = first === 0 ? [1, 0] : x;
  let sum = term;
  for (let n = 1; n <= TERMS; n++) {
    const power = 2 * n + first;
    const next = divide(multiply(term, square), power * (power - 1));
    term = [-next[0], -next[1]];
    sum = add(sum, term);
  }
  return sum;
}

/** Sine of `angle` plus `turns` quarter turns. */
function sineOf(angle: number, turns: 0 | 1): number {
  if (!(Math.abs(angle) <= MAX_ANGLE)) throw new RangeError(`angle ${angle} exceeds ${MAX_ANGLE}`);
  const quarters = Math.round(angle / QUARTER_TURN[0]);
  let rest: Pair = [angle, 0];
  for (const part of QUARTER_TURN) rest = add(rest, [-quarters * part, 0]);
  const quadrant = (quarters + turns) & 3;
  const [value] = series(rest, quadrant % 2 === 0 ? 1 : 0);
  return quadrant < 2 ? value : -value;
}

/**
 * Sine of an angle in radians, from −16 to 16.
 *
 * @param angle Radians.
 */
export function sine(angle: number): number {
  return sineOf(angle, 0);
}

/**
 * Cosine of an angle in radians, from −16 to 16.
 *
 * @param angle Radians.
 */
export function cosine(angle: number): number {
  return sineOf(angle, 1);
}
