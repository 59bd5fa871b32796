/**
 * Staging of input rows in the engine's memory, where the compiled loops can read them.
 *
 * @module
 */

import type { Engine } from "./engine.ts";
import type { ImageAxes } from "./image_axes.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Two staged rows. Each holds `width` interleaved pixels and two pixels of the fill colour. A position
 * outside the image is then just another column.
 */
export interface RowStage {
  /**
   * Stages a row.
   *
   * @param image Image of the batch, from 0.
   * @param row Row of the image; −1 for a row of the fill colour.
   * @param keep Address of a staged row that must not be evicted, or 0.
   * @returns Address of the row's first byte.
   */
  readonly stage: (image: number, row: number, keep: number) => number;
  /** Sets the input of the following rows. */
  readonly open: (input: Tensor, axes: ImageAxes) => void;
}

/** Bytes after a row: two fill pixels, and padding for 8-byte loads at the second of them. */
const SLACK = 16;

/**
 * Reserves memory for two rows and one row of the fill colour.
 *
 * @param engine Engine whose memory holds the rows.
 * @param width Columns of the input.
 * @param channels Channels of the input.
 * @param fill Fill colour, one byte a channel.
 */
export function reserveRows(
  engine: Engine,
  width: number,
  channels: number,
  fill: readonly number[],
): RowStage {
  const { bytes } = engine;
  const rowBytes = width * channels;
  const slots = [0, 1, 2].map(() => engine.reserve(rowBytes + SLACK));
  for (const slot of slots) {
    for (let i = 0; i < 2 * channels; i++) bytes[slot + rowBytes + i] = fill[i % channels]!;
  }
  const fillRow = slots[2]!;
  for (let i = 0; i < rowBytes; i++) bytes[fillRow + i] = fill[i % channels]!;

  const held = [-1, -1];
  let input!: Tensor;
  let axes!: ImageAxes;
  return {
    open: (newInput, newAxes) => {
      input = newInput;
      axes = newAxes;
      held.fill(-1);
    },
    stage: (image, row, keep) => {
      if (row < 0) return fillRow;
      const tag = image * axes.height + row;
      if (held[0] === tag) return slots[0]!;
      if (held[1] === tag) return slots[1]!;
      const victim = keep === slots[0] ? 1 : 0;
      copyRow(bytes, slots[victim]!, input, axes, image, row);
      held[victim] = tag;
      return slots[victim]!;
    },
  };
}

/** Copies one row as interleaved pixels. An interleaved input needs a single copy. */
function copyRow(
  bytes: Uint8Array,
  target: number,
  input: Tensor,
  axes: ImageAxes,
  image: number,
  row: number,
): void {
  const { data } = input;
  const { width, channels, columnStride, channelStride } = axes;
  const start = input.offset + image * axes.imageStride + row * axes.rowStride;
  const interleaved = columnStride === channels && (channelStride === 1 || channels === 1);
  if (interleaved) {
    bytes.set((data as Uint8Array).subarray(start, start + width * channels), target);
    return;
  }
  for (let channel = 0; channel < channels; channel++) {
    let from = start + channel * channelStride;
    for (let to = target + channel; to < target + width * channels; to += channels) {
      bytes[to] = data[from]!;
      from += columnStride;
    }
  }
}
