/**
 * Layouts that send rows: which rows and columns go, and the stage that gathers the cells on the
 * device from the two rows that an output row needs.
 *
 * @module
 */

import { type AxisWindow, sourceIndex } from "../geometry/axis.ts";
import type { RowStage } from "../kernel.ts";
import { type AxisMap, cellBytes, type Channels, type SeparableMap } from "../../../serialize/sampling.ts";
import type { LayoutName } from "../../target/profile.ts";

/** Rows and columns of the source that are sent, ascending; −1 is the fill colour. */
export interface SentAxes {
  /** Source rows. */
  readonly rows: Int32Array;
  /** Source columns. */
  readonly columns: Int32Array;
}

/**
 * The rows and columns that a layout sends.
 *
 * @param layout `grid` sends what some output needs, `rows` such rows whole, `image` everything.
 * @param map What the outputs need.
 * @param height Rows of the source.
 * @param width Columns of the source.
 * @returns Undefined where no output needs a sample of the image.
 */
export function sentAxes(
  layout: LayoutName,
  map: SeparableMap,
  height: number,
  width: number,
): SentAxes | undefined {
  const rows = layout === "image" ? all(height) : needed(map.y, height);
  const columns = layout === "grid" ? needed(map.x, width) : all(width);
  return rows.length === 0 || columns.length === 0 || needed(map.x, width).length === 0
    ? undefined
    : { rows, columns };
}

function all(length: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => index);
}

function needed({ low, high }: AxisMap, length: number): Int32Array {
  const marks = new Uint8Array(length);
  for (const index of low) if (index >= 0) marks[index] = 1;
  for (const index of high) if (index >= 0) marks[index] = 1;
  return all(length).filter((index) => marks[index] === 1);
}

/** The map of the samples that are sent: bare samples take the lower neighbour. */
export function sentMap({ rows, columns }: SentAxes): SeparableMap {
  return { form: "separable", y: plainAxis(rows), x: plainAxis(columns), stride: 1 };
}

function plainAxis(low: Int32Array): AxisMap {
  return { low, high: low, phase: new Uint16Array(low.length), phases: 1 };
}

/** The map of a window: what is streamed before a filter over whole rows. */
export function windowMap(y: AxisWindow, x: AxisWindow): SeparableMap {
  const axis = (window: AxisWindow) =>
    plainAxis(Int32Array.from({ length: window.length }, (_, index) => sourceIndex(window, index)));
  return { form: "separable", y: axis(y), x: axis(x), stride: 1 };
}

/**
 * A stage that gathers cells from rows as they arrive. It holds two rows.
 *
 * @param map What the outputs need, as indexes of the source.
 * @param sent What is sent.
 * @param channels Channels.
 * @param fill One byte a channel.
 */
export function gatherRows(
  map: SeparableMap,
  sent: SentAxes,
  channels: Channels,
  fill: readonly number[],
): RowStage {
  const [rows, columns] = [sent.rows.length, sent.columns.length];
  const y = reindex(map.y, sent.rows);
  const x = reindex(map.x, sent.columns);
  const { first, last } = gatherSpans(map, sent);
  const rowBytes = columns * channels;
  // Two rows and, behind each, one pixel of the fill colour; the third slot is a row of it.
  const stride = rowBytes + channels;
  const held = Uint8Array.from({ length: 3 * stride }, (_, at) => fill[at % channels]!);
  for (let slot = 0; slot < 3; slot++) {
    for (let at = 0; at < stride; at++) held[slot * stride + at] = fill[at % channels]!;
  }
  const tags = [-1, -1];
  const step = cellBytes(channels);
  const outputColumns = x.low.length;
  const left = x.low.map((index) => (index < 0 ? columns : index) * channels);
  const right = x.high.map((index) => (index < 0 ? columns : index) * channels);
  return {
    rows,
    columns,
    channels,
    outputRows: y.low.length,
    outputColumns,
    output: { kind: "cells", dtype: "u8", channels, planar: false },
    outputItemBytes: step,
    first,
    last,
    bufferBytes: 2 * rowBytes,
    restart: () => tags.fill(-1),
    take: (row, source, from) => {
      const slot = row & 1;
      held.set(source.subarray(from, from + rowBytes), slot * stride);
      tags[slot] = row;
    },
    give: (row, target, to) => {
      const base = [y.low[row]!, y.high[row]!].map((index) =>
        index < 0 ? 2 * stride : tags[index & 1] === index ? (index & 1) * stride : -1
      );
      const [upper, lower] = base as [number, number];
      if (upper < 0 || lower < 0) return false;
      const phase = map.y.phase[row]! * map.stride;
      for (let column = 0; column < outputColumns; column++, to += step) {
        for (let c = 0; c < channels; c++) {
          target[to + c] = held[upper + left[column]! + c]!;
          target[to + channels + c] = held[upper + right[column]! + c]!;
          target[to + 2 * channels + c] = held[lower + left[column]! + c]!;
          target[to + 3 * channels + c] = held[lower + right[column]! + c]!;
        }
        const index = phase + map.x.phase[column]!;
        target.fill(0, to + 4 * channels, to + step);
        for (let byte = 0; byte < 4; byte++) target[to + 4 * channels + byte] = (index / 256 ** byte) & 255;
      }
      return true;
    },
  };
}

/** Indexes of the source as indexes of what is sent. */
function reindex({ low, high }: AxisMap, sent: Int32Array): { low: Int32Array; high: Int32Array } {
  const at = new Map(Array.from(sent, (index, position) => [index, position]));
  const find = (index: number) => index < 0 ? -1 : at.get(index)!;
  return { low: low.map(find), high: high.map(find) };
}

/**
 * The first and the last sent row that each output row needs; rows of the fill colour go with the row
 * before.
 */
export function gatherSpans(map: SeparableMap, sent: SentAxes): { first: Int32Array; last: Int32Array } {
  const { low, high } = reindex(map.y, sent.rows);
  const first = new Int32Array(low.length);
  const last = new Int32Array(low.length);
  for (let o = 0; o < low.length; o++) {
    const needs = [low[o]!, high[o]!].filter((index) => index >= 0);
    const before = o === 0 ? 0 : last[o - 1]!;
    last[o] = Math.max(before, ...needs);
    first[o] = needs.length === 0 ? last[o]! : Math.min(...needs);
  }
  return { first, last };
}

/**
 * A stage over whole rows seen through a window: crops and pads after a filter.
 *
 * @param stage The stage; its output is interleaved u8 samples.
 * @param y Window on its rows.
 * @param x Window on its columns.
 * @param fill One byte a channel.
 */
export function windowRows(
  stage: RowStage,
  y: AxisWindow,
  x: AxisWindow,
  fill: readonly number[],
): RowStage {
  const { channels, outputItemBytes } = stage;
  const whole = new Uint8Array(stage.outputColumns * outputItemBytes);
  const { first, last } = windowSpans(stage, y);
  return {
    ...stage,
    outputRows: y.length,
    outputColumns: x.length,
    first,
    last,
    give: (o, target, to) => {
      const row = sourceIndex(y, o);
      if (row >= 0 && !stage.give(row, whole, 0)) return false;
      for (let column = 0; column < x.length; column++) {
        const from = row < 0 ? -1 : sourceIndex(x, column);
        for (let c = 0; c < channels; c++) {
          target[to++] = from < 0 ? fill[c]! : whole[from * channels + c]!;
        }
      }
      return true;
    },
  };
}

/** The input rows that each row of a window needs; rows of the fill colour go with the row before. */
export function windowSpans(
  spans: Pick<RowStage, "first" | "last">,
  window: AxisWindow,
): { first: Int32Array; last: Int32Array } {
  const last = new Int32Array(window.length);
  const first = new Int32Array(window.length);
  for (let o = 0; o < window.length; o++) {
    const row = sourceIndex(window, o);
    const before = o === 0 ? 0 : last[o - 1]!;
    last[o] = row < 0 ? before : Math.max(before, spans.last[row]!);
    first[o] = row < 0 ? last[o]! : spans.first[row]!;
  }
  return { first, last };
}
