/**
 * How the items of images are cut into packets: no packet crosses an output row unless it holds
 * whole rows, and none crosses an image. So whatever belongs to a row (its weights, its place in
 * the output) belongs to whole packets, and a packet's place follows from its number alone.
 *
 * @module
 */

import { checkWhole, OnpathError } from "./errors.ts";
import { MAX_PACKETS } from "./header.ts";

/** The cut of one flow. Plain data. */
export interface Partition {
  /** Items in a row. */
  readonly width: number;
  /** Rows in an image. */
  readonly height: number;
  /** Images in the flow. */
  readonly images: number;
  /** Packets that share one row; 1 where packets hold whole rows. */
  readonly packetsPerRow: number;
  /** Rows in one packet; 1 where a row is cut. */
  readonly rowsPerPacket: number;
  /** Items in every packet but the last of a row or image. */
  readonly itemsPerPacket: number;
  /** Packets of the flow. */
  readonly packets: number;
}

/**
 * Cuts images into packets of at most `most` items. Cut rows are cut evenly, so that no packet is
 * nearly empty, in multiples of `multiple` items, so that packets end with a full bus word.
 *
 * @param width Items in a row.
 * @param height Rows in an image.
 * @param images Images in the flow.
 * @param most Items that one packet holds at most.
 * @param multiple Items in one bus word.
 * @param mostRows Rows that one packet holds at most: 1 where every row is served by a table page of
 * its own.
 * @returns The cut.
 * @throws {OnpathError} `size` when a number is outside its limits or the flow has more than
 * {@linkcode MAX_PACKETS} packets.
 *
 * @example
 * ```ts
 * import { cutRows } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * // 84 cells of 16 bytes fit 1344 bytes: a row of 224 takes 3 packets of 76, 76 and 72.
 * const cut = cutRows(224, 224, 1, 84, 2);
 * assert.deepEqual([cut.packetsPerRow, cut.itemsPerPacket, cut.packets], [3, 76, 672]);
 * ```
 */
export function cutRows(
  width: number,
  height: number,
  images: number,
  most: number,
  multiple = 1,
  mostRows = Infinity,
): Partition {
  checkWhole("a row of", width, 1, 2 ** 24);
  checkWhole("a number of rows of", height, 1, 2 ** 24);
  checkWhole("a number of images of", images, 1, 2 ** 24);
  checkWhole("a packet of", most, 1, 2 ** 16);
  checkWhole("a bus word of", multiple, 1, most);
  const usable = most - most % multiple;
  const rowsPerPacket = Math.min(height, mostRows, Math.max(1, Math.floor(usable / width)));
  const packetsPerRow = Math.ceil(width / usable);
  const itemsPerPacket = packetsPerRow === 1
    ? rowsPerPacket * width
    : Math.ceil(width / packetsPerRow / multiple) * multiple;
  const packets = images * Math.ceil(height / rowsPerPacket) * packetsPerRow;
  if (packets > MAX_PACKETS) {
    throw new OnpathError(
      "size",
      `Cannot cut ${images} images of ${height} rows: ${packets} packets are more than ${MAX_PACKETS}`,
      { images, height, width, packets, most: MAX_PACKETS },
    );
  }
  return { width, height, images, packetsPerRow, rowsPerPacket, itemsPerPacket, packets };
}

/** Where a packet's items lie: filled in by {@linkcode locate} again and again. */
export interface Span {
  /** Position in the flow of the first item: (image · height + row) · width + column. */
  first: number;
  /** Number of items. */
  count: number;
}

/**
 * Finds a packet's items. Makes no object and divides twice at most, for it runs once a packet.
 *
 * @param cut The cut.
 * @param sequence The packet's number, below `cut.packets`.
 * @param span Filled in.
 */
export function locate(cut: Partition, sequence: number, span: Span): void {
  const { width, height, packetsPerRow, rowsPerPacket, itemsPerPacket } = cut;
  if (packetsPerRow > 1) {
    const row = (sequence / packetsPerRow) | 0;
    const column = (sequence - row * packetsPerRow) * itemsPerPacket;
    span.first = row * width + column;
    span.count = Math.min(itemsPerPacket, width - column);
    return;
  }
  // A packet holds whole rows; an image's last one holds the rows that are left.
  const perImage = ((height + rowsPerPacket - 1) / rowsPerPacket) | 0;
  const image = (sequence / perImage) | 0;
  const row = (sequence - image * perImage) * rowsPerPacket;
  span.first = (image * height + row) * width;
  span.count = Math.min(rowsPerPacket, height - row) * width;
}

/**
 * Position in the flow of a packet's first item: (image · height + row) · width + column.
 *
 * @param cut The cut.
 * @param sequence The packet's number, below `cut.packets`.
 */
export function firstItem(cut: Partition, sequence: number): number {
  const span = { first: 0, count: 0 };
  locate(cut, sequence, span);
  return span.first;
}

/**
 * Number of items in a packet.
 *
 * @param cut The cut.
 * @param sequence The packet's number, below `cut.packets`.
 */
export function itemCount(cut: Partition, sequence: number): number {
  const span = { first: 0, count: 0 };
  locate(cut, sequence, span);
  return span.count;
}
