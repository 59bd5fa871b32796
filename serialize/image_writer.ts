/**
 * Serializes images into packets: cells, tiles, or bare samples.
 *
 * @module
 */

import type { Engine } from "./engine.ts";
import { checkInteger, OnpathError } from "./errors.ts";
import { FLAG, HEADER_BYTES, KIND, type Kind, newHeader, writeHeader } from "./header.ts";
import { type Checksum, type PacketSlots, slotAddress } from "./packets.ts";
import { locate, type Partition } from "./partition.ts";
import { reserveRows, type RowStage } from "./rows.ts";
import {
  type Channels,
  checkMap,
  type DenseMap,
  itemBytes,
  mapSize,
  type SamplingMap,
  type SeparableMap,
} from "./sampling.ts";
import { imageAxes } from "./image_axes.ts";
import type { Tensor } from "./tensor.ts";

/** Options of {@linkcode createImageWriter}. */
export interface ImageWriterOptions {
  /** `KIND.cells`, `KIND.tiles` or `KIND.samples`. Samples use only the upper left neighbour. */
  readonly kind: Kind;
  /** Images in the input batch. */
  readonly images: number;
  /** Rows of an input image. */
  readonly height: number;
  /** Columns of an input image. */
  readonly width: number;
  /** Channels of an input image. */
  readonly channels: Channels;
  /** Input samples that each output sample needs. */
  readonly map: SamplingMap;
  /** Colour outside the image, one byte a channel. */
  readonly fill: readonly number[];
  /** Partition of the items into packets. */
  readonly cut: Partition;
  /** Plan id for the headers, 32 bits. */
  readonly plan: number;
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** Writes the packets of one kind of input, any number of times. A packet costs no allocation. */
export interface ImageWriter {
  /**
   * Writes `count` packets of a flow into slots.
   *
   * @param input u8 image tensor with the shape of the options, in any layout and strides.
   * @param flow Flow number for the headers.
   * @param sequence Number of the first packet.
   * @param count Number of packets.
   * @param target Slots; the first packet goes into `slot`.
   * @param slot First slot to write. Default 0.
   * @param epoch Epoch number for the headers: packets of one epoch share one set of table pages. Default 0.
   * @throws {OnpathError} `dtype` or `shape` when the input does not match the options; `size` when packets
   * or slots are out of range. Nothing is written then.
   */
  readonly write: (
    input: Tensor,
    flow: number,
    sequence: number,
    count: number,
    target: PacketSlots,
    slot?: number,
    epoch?: number,
  ) => void;
}

/** Writes items `first` to `first + count - 1` of the flow to an address. */
type WriteItems = (first: number, count: number, out: number) => void;

/**
 * Creates an image writer.
 *
 * @param engine Engine that also holds the slots.
 * @param options Input shape, sampling map and packet format.
 * @returns Writer. It reserves its tables and two input rows in the engine.
 * @throws {OnpathError} `shape` or `size` when the map does not fit the input.
 *
 * @example
 * ```ts
 * import { createEngine, createImageWriter, cutRows, KIND, packetBytes, reserveSlots, tensor } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const engine = createEngine(2 ** 16);
 * const slots = reserveSlots(engine, 2, 64);
 * const axis = (length: number) => {
 *   const low = Int32Array.from({ length }, (_, index) => index);
 *   return { low, high: low, phase: new Uint16Array(length), phases: 1 };
 * };
 * const writer = createImageWriter(engine, {
 *   kind: KIND.samples,
 *   images: 1,
 *   height: 2,
 *   width: 3,
 *   channels: 1,
 *   map: { form: "separable", y: axis(2), x: axis(3), stride: 1 },
 *   fill: [0],
 *   cut: cutRows(3, 2, 1, 3, 1),
 *   plan: 7,
 *   checksum: "link",
 * });
 * const image = tensor(Uint8Array.of(1, 2, 3, 4, 5, 6), { dtype: "u8", shape: [2, 3, 1], layout: "HWC" });
 * writer.write(image, 1, 0, 2, slots);
 * assert.deepEqual([...packetBytes(slots, 1).subarray(64)], [4, 5, 6]);
 * ```
 */
export function createImageWriter(engine: Engine, options: ImageWriterOptions): ImageWriter {
  const { map, cut, width, height, channels, fill } = options;
  checkMap(map, height, width);
  const size = mapSize(map);
  if (size.height !== cut.height || size.width !== cut.width || options.images !== cut.images) {
    throw new OnpathError(
      "shape",
      `Cannot make a writer: the sampling map gives ${size.height} x ${size.width}, the cut is for ` +
        `${cut.height} x ${cut.width}`,
      { map: size, cut },
    );
  }
  if (fill.length !== channels) {
    throw new OnpathError(
      "shape",
      `Cannot make a writer: a fill of ${fill.length} values for ${channels} channels`,
      { fill, channels },
    );
  }
  const bytesPerItem = itemBytes(options.kind, channels);
  let current!: Tensor;
  let writeItems: WriteItems;
  let rows: RowStage | undefined;
  if (map.form === "separable") {
    rows = reserveRows(engine, width, channels, fill);
    writeItems = options.kind === KIND.samples
      ? separableSamples(engine, rows, map, options)
      : separableTiles(engine, rows, map, options);
  } else writeItems = denseItems(engine, map, options, () => current);

  const header = { ...newHeader(), kind: options.kind, plan: options.plan, packets: cut.packets };
  const checked = options.checksum === "crc32c" ? FLAG.checked : 0;
  const span = { first: 0, count: 0 };
  return {
    write: (input, flow, sequence, count, target, slot = 0, epoch = 0) => {
      const axes = checkInput(input, options);
      checkInteger("flow number", flow, 0, 2 ** 32 - 1);
      checkInteger("first packet", sequence, 0, cut.packets);
      checkInteger("packet count", count, 0, cut.packets - sequence);
      checkInteger("first slot", slot, 0, target.slots - count);
      if (target.engine !== engine || HEADER_BYTES + cut.itemsPerPacket * bytesPerItem > target.slotBytes) {
        throw new OnpathError(
          "packet",
          `Cannot write packets of ${
            cut.itemsPerPacket * bytesPerItem
          } bytes: the slots are in another engine ` +
            `or too short`,
          { payload: cut.itemsPerPacket * bytesPerItem, slotBytes: target.slotBytes },
        );
      }
      current = input;
      rows?.open(input, axes);
      header.flow = flow;
      header.epoch = epoch;
      for (let i = 0; i < count; i++) {
        const number = sequence + i;
        locate(cut, number, span);
        const at = slotAddress(target, slot + i);
        header.sequence = number;
        header.position = span.first;
        header.length = span.count * bytesPerItem;
        header.flags = checked | (number === 0 ? FLAG.first : 0) |
          (number === cut.packets - 1 ? FLAG.last : 0);
        writeHeader(engine.view, at, header);
        writeItems(span.first, span.count, at + HEADER_BYTES);
      }
      // Sealing is a separate pass. A CRC over bytes that are still being written to the cache would take a
      // third longer.
      for (let i = 0; checked && i < count; i++) {
        locate(cut, sequence + i, span);
        engine.functions.seal(slotAddress(target, slot + i), HEADER_BYTES + span.count * bytesPerItem);
      }
    },
  };
}

function checkInput(input: Tensor, options: ImageWriterOptions): ReturnType<typeof imageAxes> {
  if (input.dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot serialize an image of dtype ${input.dtype}: expected u8`, {
      expected: "u8",
      found: input.dtype,
    });
  }
  const axes = imageAxes(input);
  for (const name of ["images", "height", "width", "channels"] as const) {
    if (axes[name] !== options[name]) {
      throw new OnpathError(
        "shape",
        `Cannot serialize a tensor of shape [${input.shape.join(", ")}] (${input.layout}): ` +
          `expected ${name} ${options[name]}, found ${axes[name]}`,
        { axis: name, expected: options[name], found: axes[name] },
      );
    }
  }
  return axes;
}

/** Splits items of a flow at row boundaries and calls `visit(image, row, column, count, item offset)`. */
function eachRow(
  cut: Partition,
  first: number,
  count: number,
  visit: (image: number, row: number, column: number, count: number, done: number) => void,
): void {
  const { width, height } = cut;
  let row = Math.floor(first / width);
  let column = first - row * width;
  for (let done = 0; done < count;) {
    const here = Math.min(width - column, count - done);
    const image = Math.floor(row / height);
    visit(image, row - image * height, column, here, done);
    done += here;
    row++;
    column = 0;
  }
}

/** Writes cells or tiles: one engine call for each run of items in a row. */
function separableTiles(
  engine: Engine,
  rows: RowStage,
  map: SeparableMap,
  options: ImageWriterOptions,
): WriteItems {
  const { functions } = engine;
  const { channels, cut } = options;
  const { low, high, phase } = map.x;
  const columns = engine.reserve(12 * cut.width);
  let adjacent = true;
  for (let i = 0; i < cut.width; i++) {
    // The two columns after the row hold the fill colour.
    const left = low[i]! < 0 ? options.width : low[i]!;
    const right = high[i]! < 0 ? options.width + (low[i]! < 0 ? 1 : 0) : high[i]!;
    adjacent &&= right === left + 1;
    engine.view.setUint32(columns + 12 * i, left * channels, true);
    engine.view.setUint32(columns + 12 * i + 4, right * channels, true);
    engine.view.setUint32(columns + 12 * i + 8, phase[i]!, true);
  }
  const write = options.kind === KIND.tiles
    ? functions[`tiles${channels}`]
    : channels === 1
    ? functions.cells1
    : channels === 4
    ? functions.cells4
    : adjacent
    ? functions.cells3Adjacent
    : functions.cells3;
  const step = itemBytes(options.kind, channels);
  let out = 0;
  const visit = (image: number, row: number, column: number, count: number, done: number) => {
    const top = rows.stage(image, map.y.low[row]!, 0);
    const bottom = rows.stage(image, map.y.high[row]!, top);
    write(out + done * step, top, bottom, columns + 12 * column, count, map.y.phase[row]! * map.stride);
  };
  return (first, count, at) => {
    out = at;
    eachRow(cut, first, count, visit);
  };
}

/** Writes bare samples: one copy for each run of adjacent columns. */
function separableSamples(
  engine: Engine,
  rows: RowStage,
  map: SeparableMap,
  options: ImageWriterOptions,
): WriteItems {
  const { bytes } = engine;
  const { channels, cut } = options;
  const source = Int32Array.from(map.x.low, (index) => (index < 0 ? options.width : index) * channels);
  // End of each column's run of adjacent columns, computed once. A whole row is often one run.
  const ends = new Int32Array(source.length);
  for (let i = source.length - 1; i >= 0; i--) {
    ends[i] = source[i + 1] === source[i]! + channels ? ends[i + 1]! : i + 1;
  }
  let out = 0;
  const visit = (image: number, row: number, column: number, count: number, done: number) => {
    const top = rows.stage(image, map.y.low[row]!, 0);
    const end = column + count;
    let to = out + done * channels;
    for (let i = column; i < end;) {
      let from = top + source[i]!;
      const next = Math.min(ends[i]!, end);
      const length = (next - i) * channels;
      i = next;
      // A call costs as much as copying about 24 bytes.
      if (length > 24) bytes.copyWithin(to, from, from + length);
      else {for (const last = from + length, shift = to - from; from < last; from++) {
          bytes[from + shift] = bytes[from]!;
        }}
      to += length;
    }
  };
  return (first, count, at) => {
    out = at;
    eachRow(cut, first, count, visit);
  };
}

/** Writes items of any map and any strides, byte by byte: the reference path, and the one for dense maps. */
function denseItems(
  engine: Engine,
  map: DenseMap,
  options: ImageWriterOptions,
  current: () => Tensor,
): WriteItems {
  const { bytes, view } = engine;
  const { channels, fill, width, kind } = options;
  const step = itemBytes(kind, channels);
  const neighbours = kind === KIND.samples ? 1 : 4;
  const perImage = map.height * map.width;
  return (first, count, out) => {
    const input = current();
    const { imageStride, rowStride, columnStride, channelStride } = imageAxes(input);
    for (let i = 0; i < count; i++, out += step) {
      const image = Math.floor((first + i) / perImage);
      const item = first + i - image * perImage;
      for (let n = 0; n < neighbours; n++) {
        const pixel = map.neighbours[4 * item + n]!;
        const row = Math.floor(pixel / width);
        const from = input.offset + image * imageStride + row * rowStride +
          (pixel - row * width) * columnStride;
        for (let c = 0; c < channels; c++) {
          bytes[out + n * channels + c] = pixel < 0 ? fill[c]! : input.data[from + c * channelStride]!;
        }
      }
      if (kind === KIND.cells) {
        bytes.fill(0, out + 4 * channels, out + step);
        view.setUint32(out + 4 * channels, map.weight[item]!, true);
      }
    }
  };
}
