/**
 * Formatting of numbers in the report.
 *
 * @module
 */

/** Formats a number with thousands separators and at most `digits` decimals. */
export function count(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Formats bytes in a readable unit, such as `616 KiB`. */
export function bytesText(value: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; value >= (unit === 0 ? 10_000 : 1000) && unit < 3; unit++) value /= 1024;
  return `${count(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** Formats microseconds; from 10,000 on as milliseconds. */
export function timeText(microseconds: number): string {
  if (microseconds >= 10_000) return `${count(microseconds / 1000, 1)} ms`;
  return `${count(microseconds, microseconds < 10 ? 2 : microseconds < 1000 ? 1 : 0)} µs`;
}

/** Formats a share as a percentage, below 10% with one decimal. */
export function percent(share: number): string {
  return `${count(100 * share, share < 0.1 ? 1 : 0)}%`;
}

/** Formats a number with its noun: `1 packet`, `3 packets`. */
export function many(number: number, noun: string, plural = `${noun}s`): string {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

/** Returns about `target` round numbers from `from` to `to`, spaced by 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, target: number): number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(span / target));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => span / each <= target)!;
  const found: number[] = [];
  for (let n = Math.ceil(from / step); n * step <= to + 1e-9 * span; n++) found.push(n * step);
  return found;
}

/** Quotes a word for a shell. */
export function shellWord(word: string): string {
  return /^[\w./%-][\w./%=,:-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
