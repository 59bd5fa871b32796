/**
 * Loss and size of an encoded cache: bytes with all metadata, error of the values, saturated values.
 * `attention_report.ts` has what a model notices.
 *
 * Figures are for reading: decibels use the engine's logarithm, and may differ in their last bits.
 *
 * @module
 */

import { checkLength, FLOAT_BYTES, type FloatDType } from "./formats/elements.ts";
import type { BlockShape } from "./formats/group_order.ts";
import { blockBytes, type QuantizeMethod } from "./method.ts";

/** Share of saturated values above which a report warns. */
export const SATURATION_WARNING = 0.001;

/** Bytes of a block before and after. */
export interface SizeReport {
  /** Bytes of the elements before encoding. */
  readonly before: number;
  /** Bytes of packed codes. */
  readonly codes: number;
  /** Bytes of scales, zero points, minima or norms. */
  readonly metadata: number;
  /** Bytes before, divided by codes and metadata. */
  readonly ratio: number;
  /** Bits of a value with its share of the metadata. */
  readonly bitsPerValue: number;
}

/** Error of decoded values. Pairs with NaN or infinity are counted apart. */
export interface ValueReport {
  /** Number of compared values. */
  readonly count: number;
  /** Number of pairs in which a value is NaN or infinite; they are left out of the errors. */
  readonly nonFinite: number;
  /** Mean of the absolute errors. */
  readonly meanError: number;
  /** Greatest absolute error. */
  readonly maxError: number;
  /** Signal-to-noise ratio in decibels: squares of the values over squares of the errors; infinite without error. */
  readonly snr: number;
  /** Sum of the squares of the values. */
  readonly signal: number;
  /** Sum of the squares of the errors. */
  readonly noise: number;
}

/**
 * Counts the bytes of a block before and after.
 *
 * @param dtype Type of the elements before encoding.
 * @param method Method of the block.
 * @param shape Tokens and channels of the block.
 */
export function reportSize(dtype: FloatDType, method: QuantizeMethod, shape: BlockShape): SizeReport {
  const count = shape.tokens * shape.channels;
  const { codes, metadata } = blockBytes(method, shape);
  const before = count * FLOAT_BYTES[dtype], after = codes + metadata;
  return { before, codes, metadata, ratio: before / after, bitsPerValue: after * 8 / count };
}

/**
 * Compares decoded values with the original ones.
 *
 * @param original Values before encoding.
 * @param decoded Decoded values, as many.
 */
export function reportValues(original: Float32Array, decoded: Float32Array): ValueReport {
  checkLength("decoded values", decoded.length, original.length);
  let nonFinite = 0, sum = 0, maxError = 0, squares = 0, signal = 0;
  for (let i = 0; i < original.length; i++) {
    const value = original[i]!, error = Math.abs(decoded[i]! - value);
    if (!Number.isFinite(error)) {
      nonFinite++;
      continue;
    }
    sum += error;
    if (error > maxError) maxError = error;
    squares += error * error;
    signal += value * value;
  }
  const count = original.length - nonFinite;
  return {
    count,
    nonFinite,
    meanError: count === 0 ? 0 : sum / count,
    maxError,
    snr: decibels(signal, squares),
    signal,
    noise: squares,
  };
}

/**
 * Joins reports of several blocks.
 *
 * @param reports Reports of any blocks.
 * @returns Report of all their values.
 */
export function joinValues(reports: readonly ValueReport[]): ValueReport {
  const total = (pick: (report: ValueReport) => number) =>
    reports.reduce((sum, report) => sum + pick(report), 0);
  const count = total((report) => report.count);
  const signal = total((report) => report.signal), noise = total((report) => report.noise);
  return {
    count,
    nonFinite: total((report) => report.nonFinite),
    meanError: count === 0 ? 0 : total((report) => report.count * report.meanError) / count,
    maxError: reports.reduce((most, report) => Math.max(most, report.maxError), 0),
    snr: decibels(signal, noise),
    signal,
    noise,
  };
}

function decibels(signal: number, noise: number): number {
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}

/**
 * Describes scales that saturate too many values.
 *
 * @param saturated Number of saturated values.
 * @param count Number of all values.
 * @param limit Share above which the sentence is returned.
 * @returns Sentence with the numbers, or undefined within the limit.
 */
export function saturationWarning(
  saturated: number,
  count: number,
  limit: number = SATURATION_WARNING,
): string | undefined {
  if (saturated <= limit * count) return undefined;
  const percent = (share: number) => `${+(100 * share).toPrecision(3)}%`;
  return `${saturated} of ${count} values (${percent(saturated / count)}) saturate, above ${
    percent(limit)
  }: choose a greater scale or smaller groups`;
}
