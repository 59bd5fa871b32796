/**
 * Copies rows of an input into memory: interleaved u8 pixels, with crops and pads before the sampling applied.
 *
 * @module
 */

import type { ImageAxes } from "../../../serialize/image_axes.ts";
import type { Channels } from "../../../serialize/sampling.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { type AxisWindow, sourceIndex } from "../geometry/axis.ts";
import type { Arena, ImageMemory } from "./module.ts";
import type { LoadedRows, Range } from "./sampler.ts";

/** Loads rows of an image of a batch. */
export type LoadRows = (
  input: Tensor,
  axes: ImageAxes,
  image: number,
  row: number,
  rows: number,
) => LoadedRows;

/** What a loader needs to know. */
export interface SourceTask {
  /** Window of the rows. */
  readonly y: AxisWindow;
  /** Window of the columns. */
  readonly x: AxisWindow;
  /** Indexes of the column window that are needed. */
  readonly columns: Range;
  /** Maximum number of rows at once. */
  readonly rows: number;
  /** Channels of a pixel. */
  readonly channels: Channels;
  /** Fill colour of the windows. */
  readonly fill: readonly number[];
  /** Whether rows may have no gaps between them. */
  readonly isDense: boolean;
}

/** A loader before its memory exists. */
export interface Source {
  /** Address of the rows. */
  readonly address: number;
  /** Connects the loader to its memory. */
  readonly connect: (memory: ImageMemory) => LoadRows;
}

/** Reserves memory for rows, and creates their loader. */
export function createSource(arena: Arena, task: SourceTask): Source {
  const { y, x, columns, channels, rows } = task;
  const width = columns.end - columns.start;
  const pitch = width * channels;
  // Needed columns that show samples: all between two runs of the fill colour.
  const start = Math.min(Math.max(x.low - x.offset, columns.start), columns.end);
  const end = Math.max(start, Math.min(x.high - x.offset, columns.end));
  const shown = end - start;
  const left = (start - columns.start) * channels;
  const hasFill = shown < width;
  // Rows with gaps of up to their own length are copied as they are.
  const longest = (task.isDense ? 1 : 2) * pitch;
  const address = arena.reserve(rows * (hasFill ? pitch : longest));
  const plane = Math.ceil((shown + 16) / 16) * 16;
  const planes = arena.reserve(channels * plane);
  const joined = arena.reserve(channels * plane);
  const fillRow = arena.put(Uint8Array.from({ length: pitch }, (_, i) => task.fill[i % channels]!));
  return {
    address,
    connect: ({ bytes, functions }) => {
      const interleave = channels === 3 ? functions.interleave3 : functions.interleave4;
      const copyRow = (data: Uint8Array, at: number, axes: ImageAxes, to: number) => {
        const { columnStride, channelStride } = axes;
        if (columnStride === channels && (channelStride === 1 || channels === 1)) {
          bytes.set(data.subarray(at, at + shown * channels), to);
        } else if (columnStride === 1) {
          for (let c = 0; c < channels; c++) {
            const from = at + c * channelStride;
            bytes.set(data.subarray(from, from + shown), planes + c * plane);
          }
          // The loop rounds up to 16 pixels; only `shown` of them may reach the row.
          interleave(joined, plane, planes, shown);
          functions.copy(to, joined, shown * channels);
        } else {
          for (let column = 0; column < shown; column++) {
            for (let c = 0; c < channels; c++) {
              bytes[to + column * channels + c] = data[at + column * columnStride + c * channelStride]!;
            }
          }
        }
      };
      return (input, axes, image, row, count) => {
        const data = input.data as Uint8Array;
        const origin = input.offset + image * axes.imageStride + (start + x.offset) * axes.columnStride;
        const from = sourceIndex(y, row), last = sourceIndex(y, row + count - 1);
        const isInterleaved = axes.columnStride === channels && (axes.channelStride === 1 || channels === 1);
        if (!hasFill && isInterleaved && from >= 0 && last === from + count - 1) {
          const stride = axes.rowStride;
          if (count === 1 || (stride >= pitch && stride <= longest)) {
            const at = origin + from * stride;
            bytes.set(data.subarray(at, at + (count - 1) * stride + pitch), address);
            return { row, address, pitch: count === 1 ? pitch : stride };
          }
        }
        for (let i = 0; i < count; i++) {
          const to = address + i * pitch;
          const index = sourceIndex(y, row + i);
          if (index < 0 || hasFill) functions.copy(to, fillRow, pitch);
          if (index >= 0 && shown > 0) copyRow(data, origin + index * axes.rowStride, axes, to + left);
        }
        return { row, address, pitch };
      };
    },
  };
}
