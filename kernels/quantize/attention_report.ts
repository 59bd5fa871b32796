/**
 * Loss that a model notices: error of the logits q·k, of their softmax, and how often the largest logit stays the
 * largest.
 *
 * Logits are `q·k / sqrt(channels)`, summed in binary64 in the order of the channels. The softmax uses the engine's
 * exponential, so its figures may differ in their last bits.
 *
 * @module
 */

import { checkLength } from "./formats/elements.ts";
import type { BlockShape } from "./formats/group_order.ts";
import { reportValues, type ValueReport } from "./report.ts";

/** Loss of the logits of all queries. */
export interface LogitReport {
  /** Number of queries. */
  readonly queries: number;
  /** Mean of the absolute errors of the logits. */
  readonly meanLogitError: number;
  /** Greatest absolute error of a logit. */
  readonly maxLogitError: number;
  /** Mean over the queries of half the sum of |p - p'|: the attention that moves to other tokens, 0 to 1. */
  readonly meanSoftmaxError: number;
  /** Greatest share of a query's attention that moves. */
  readonly maxSoftmaxError: number;
  /** Share of queries whose largest logit stays the largest. */
  readonly topKept: number;
}

/** Shape of a cache, in this order of axes. */
export interface CacheShape extends BlockShape {
  /** Number of layers. */
  readonly layers: number;
  /** Number of heads of a layer. */
  readonly heads: number;
}

/** Report of one head. */
export interface HeadReport {
  /** Index of the layer. */
  readonly layer: number;
  /** Index of the head in its layer. */
  readonly head: number;
  /** Error of the values. */
  readonly values: ValueReport;
  /** Error of the logits, present with queries. */
  readonly logits?: LogitReport;
}

/**
 * Compares the logits of a head's keys.
 *
 * @param queries Queries x channels.
 * @param keys Tokens x channels before encoding.
 * @param decoded Tokens x channels after decoding.
 * @param shape Shape of the keys.
 * @throws {OnpathError} `shape` for lengths that do not fit.
 */
export function reportLogits(
  queries: Float32Array,
  keys: Float32Array,
  decoded: Float32Array,
  shape: BlockShape,
): LogitReport {
  const { tokens, channels } = shape, count = Math.floor(queries.length / channels);
  checkLength("queries", queries.length, Math.max(count, 1) * channels);
  checkLength("keys", keys.length, tokens * channels);
  checkLength("decoded keys", decoded.length, keys.length);
  const before = new Float64Array(tokens), after = new Float64Array(tokens);
  let logitSum = 0, maxLogitError = 0, softmaxSum = 0, maxSoftmaxError = 0, kept = 0;
  for (let q = 0; q < count; q++) {
    const query = queries.subarray(q * channels, (q + 1) * channels);
    const top = logits(query, keys, before), newTop = logits(query, decoded, after);
    for (let t = 0; t < tokens; t++) {
      const error = Math.abs(after[t]! - before[t]!);
      logitSum += error;
      maxLogitError = Math.max(maxLogitError, error);
    }
    if (after[top]! >= after[newTop]!) kept++;
    const moved = movedAttention(before, after, before[top]!, after[newTop]!);
    softmaxSum += moved;
    maxSoftmaxError = Math.max(maxSoftmaxError, moved);
  }
  return {
    queries: count,
    meanLogitError: logitSum / (count * tokens),
    maxLogitError,
    meanSoftmaxError: softmaxSum / count,
    maxSoftmaxError,
    topKept: kept / count,
  };
}

/**
 * Joins reports of several heads.
 *
 * @param reports Reports of at least one query each.
 * @returns Report of all their queries; heads of the same tokens have the same weight for each query.
 */
export function joinLogits(reports: readonly LogitReport[]): LogitReport {
  const queries = reports.reduce((sum, report) => sum + report.queries, 0);
  const mean = (pick: (report: LogitReport) => number) =>
    reports.reduce((sum, report) => sum + report.queries * pick(report), 0) / queries;
  const greatest = (pick: (report: LogitReport) => number) =>
    reports.reduce((most, report) => Math.max(most, pick(report)), 0);
  return {
    queries,
    meanLogitError: mean((report) => report.meanLogitError),
    maxLogitError: greatest((report) => report.maxLogitError),
    meanSoftmaxError: mean((report) => report.meanSoftmaxError),
    maxSoftmaxError: greatest((report) => report.maxSoftmaxError),
    topKept: mean((report) => report.topKept),
  };
}

/**
 * Reports each head of a cache.
 *
 * @param original Layers x heads x tokens x channels before encoding.
 * @param decoded The same after decoding.
 * @param shape Shape of both.
 * @param queries Layers x heads x queries x channels for keys; absent for values.
 * @throws {OnpathError} `shape` for lengths that do not fit.
 */
export function reportHeads(
  original: Float32Array,
  decoded: Float32Array,
  shape: CacheShape,
  queries?: Float32Array,
): HeadReport[] {
  const { layers, heads, tokens, channels } = shape;
  const length = tokens * channels, count = layers * heads;
  checkLength("values", original.length, count * length);
  checkLength("decoded values", decoded.length, original.length);
  const queryLength = (queries?.length ?? 0) / count;
  return Array.from({ length: count }, (_, at) => {
    const before = original.subarray(at * length, (at + 1) * length);
    const after = decoded.subarray(at * length, (at + 1) * length);
    const head = { layer: Math.floor(at / heads), head: at % heads, values: reportValues(before, after) };
    if (queries === undefined) return head;
    const own = queries.subarray(at * queryLength, (at + 1) * queryLength);
    return { ...head, logits: reportLogits(own, before, after, shape) };
  });
}

/** Writes one logit per token and returns the position of the first largest. Four sums run side by side. */
function logits(query: Float32Array, keys: Float32Array, out: Float64Array): number {
  const channels = query.length, root = Math.sqrt(channels), tokens = out.length;
  for (let t = 0; t < tokens; t += 4) {
    const first = t * channels;
    // Rows past the end repeat the last one.
    const second = Math.min(t + 1, tokens - 1) * channels;
    const third = Math.min(t + 2, tokens - 1) * channels;
    const fourth = Math.min(t + 3, tokens - 1) * channels;
    let a = 0, b = 0, c = 0, d = 0;
    for (let i = 0; i < channels; i++) {
      const factor = query[i]!;
      a += factor * keys[first + i]!;
      b += factor * keys[second + i]!;
      c += factor * keys[third + i]!;
      d += factor * keys[fourth + i]!;
    }
    out[t] = a / root;
    if (t + 1 < tokens) out[t + 1] = b / root;
    if (t + 2 < tokens) out[t + 2] = c / root;
    if (t + 3 < tokens) out[t + 3] = d / root;
  }
  let top = 0;
  for (let t = 1; t < tokens; t++) if (out[t]! > out[top]!) top = t;
  return top;
}

/** Half the sum of the differences between the softmax of both. */
function movedAttention(before: Float64Array, after: Float64Array, most: number, newMost: number): number {
  let sum = 0, newSum = 0;
  for (let t = 0; t < before.length; t++) {
    before[t] = Math.exp(before[t]! - most);
    after[t] = Math.exp(after[t]! - newMost);
    sum += before[t]!;
    newSum += after[t]!;
  }
  let moved = 0;
  for (let t = 0; t < before.length; t++) moved += Math.abs(before[t]! / sum - after[t]! / newSum);
  return moved / 2;
}
