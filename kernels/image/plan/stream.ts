/**
 * Layouts that send rows: selects the rows and columns, and gathers cells on the device from the two rows of
 * each output row.
 *
 * @module
 */

import { type AxisWindow, sourceIndex } from "../geometry/axis.ts";
import type { RowStage } from "../kernel.ts";
import { type AxisMap, cellBytes, type Channels, type SeparableMap } from "../../../serialize/sampling.ts";
import type { LayoutName } from "../../target/profile.ts";

/** Source rows and columns that are sent, ascending. Index −1 selects the fill colour. */
export interface SentAxes {
  /** Indexes of the source rows. */
  readonly rows: Int32Array;
  /** Indexes of the source columns. */
  readonly columns: Int32Array;
}

/**
 * Selects the rows and columns that a layout sends.
 *
 * @param layout `grid`: needed rows and columns. `rows`: needed rows, whole. `image`: all rows and columns.
 * @param map Input samples that the outputs need.
 * @param height Rows of the source.
 * @param width Columns of the source.
 * @returns Undefined if no output needs a sample of the image.
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

/** Returns the map of the sent samples. Bare samples use only the lower neighbour. */
export function sentMap({ rows, columns }: SentAxes): SeparableMap {
  return { form: "separable", y: plainAxis(rows), x: plainAxis(columns), stride: 1 };
}

function plainAxis(low: Int32Array): AxisMap {
  return { low, high: low, phase: new Uint16Array(low.length), phases: 1 };
}

/** Returns the map of a window: the samples sent to a filter over whole rows. */
export function windowMap(y: AxisWindow, x: AxisWindow): SeparableMap {
  const axis = (window: AxisWindow) =>
    plainAxis(Int32Array.from({ length: window.length }, (_, index) => sourceIndex(window, index)));
  return { form: "separable", y: axis(y), x: axis(x), stride: 1 };
}

/**
 * Creates a stage that gathers cells from arriving rows. It holds two rows.
 *
 * @param map Input samples that the outputs need, as source indexes.
 * @param sent Rows and columns that are sent.
 * @param channels Channels of a pixel.
 * @param fill Fill colour, one byte a channel.
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
  // Two rows, each followed by one pixel of the fill colour. The third slot is a row of the fill colour.
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

/** Converts source indexes to indexes of the sent rows or columns. */
function reindex({ low, high }: AxisMap, sent: Int32Array): { low: Int32Array; high: Int32Array } {
  const at = new Map(Array.from(sent, (index, position) => [index, position]));
  const find = (index: number) => index < 0 ? -1 : at.get(index)!;
  return { low: low.map(find), high: high.map(find) };
}

/**
 * First and last sent row that each output row needs. A row of the fill colour takes the last row of its
 * predecessor.
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
 * Crops and pads the output of a row stage with a window.
 *
 * @param stage Row stage whose output is interleaved u8 samples.
 * @param y Window on its output rows.
 * @param x Window on its output columns.
 * @param fill Fill colour, one byte a channel.
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

/**
 * First and last input row that each row of a window needs. A row of the fill colour takes the last row of
 * its predecessor.
 */
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
