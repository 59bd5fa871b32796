/**
 * Numbers as the report shows them.
 *
 * @module
 */

/** A number with its thousands apart and at most so many digits after the point. */
export function count(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Bytes in the unit that keeps them short: `616 KiB`. */
export function bytesText(value: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; value >= (unit === 0 ? 10_000 : 1000) && unit < 3; unit++) value /= 1024;
  return `${count(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** Microseconds, or milliseconds where those are easier to read. */
export function timeText(microseconds: number): string {
  if (microseconds >= 10_000) return `${count(microseconds / 1000, 1)} ms`;
  return `${count(microseconds, microseconds < 10 ? 2 : microseconds < 1000 ? 1 : 0)} µs`;
}

/** A share of a whole, with a digit where it is small. */
export function percent(share: number): string {
  return `${count(100 * share, share < 0.1 ? 1 : 0)}%`;
}

/** A number with its noun: `1 packet`, `3 packets`. */
export function many(number: number, noun: string, plural = `${noun}s`): string {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

/** Round numbers from `from` to `to`, about `most` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(from: number, to: number, most: number): number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(span / most));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => span / each <= most)!;
  const found: number[] = [];
  for (let n = Math.ceil(from / step); n * step <= to + 1e-9 * span; n++) found.push(n * step);
  return found;
}
