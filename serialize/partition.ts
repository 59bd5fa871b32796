/**
 * Partition of image items into packets. A packet holds whole rows, or part of one row; it never crosses an
 * image.
 * Data that belongs to a row, such as its weights, therefore applies to whole packets. The items of a packet
 * follow from its number alone.
 *
 * @module
 */

import { checkInteger, OnpathError } from "./errors.ts";
import { MAX_PACKETS } from "./header.ts";

/** Partition of one flow. Plain data. */
export interface Partition {
  /** Items in a row. */
  readonly width: number;
  /** Rows in an image. */
  readonly height: number;
  /** Images in the flow. */
  readonly images: number;
  /** Packets that share one row; 1 if packets hold whole rows. */
  readonly packetsPerRow: number;
  /** Rows in one packet; 1 if rows are split. */
  readonly rowsPerPacket: number;
  /** Items in a full packet. The last packet of a row or image may hold fewer. */
  readonly itemsPerPacket: number;
  /** Packets of the flow, at most {@linkcode MAX_PACKETS}. */
  readonly packets: number;
}

/**
 * Partitions images into packets of at most `maxItems` items.
 * Rows longer than a packet are split evenly, in multiples of `multiple` items, so that packets end with a
 * full bus word.
 *
 * @param width Items in a row, 1 to 2^24.
 * @param height Rows in an image, 1 to 2^24.
 * @param images Images in the flow, 1 to 2^24.
 * @param maxItems Maximum items of one packet, 1 to 2^16.
 * @param multiple Items in one bus word, 1 to `maxItems`. Default 1.
 * @param maxRows Maximum rows of one packet; 1 if every row has its own table page. Default unlimited.
 * @returns Partition of the flow.
 * @throws {OnpathError} `size` when a number is out of range or the flow has more than {@linkcode
 * MAX_PACKETS} packets.
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
  maxItems: number,
  multiple = 1,
  maxRows = Infinity,
): Partition {
  checkInteger("items of a row", width, 1, 2 ** 24);
  checkInteger("row count", height, 1, 2 ** 24);
  checkInteger("image count", images, 1, 2 ** 24);
  checkInteger("items of a packet", maxItems, 1, 2 ** 16);
  checkInteger("items of a bus word", multiple, 1, maxItems);
  const usable = maxItems - maxItems % multiple;
  const rowsPerPacket = Math.min(height, maxRows, Math.max(1, Math.floor(usable / width)));
  const packetsPerRow = Math.ceil(width / usable);
  const itemsPerPacket = packetsPerRow === 1
    ? rowsPerPacket * width
    : Math.ceil(width / packetsPerRow / multiple) * multiple;
  const packets = images * Math.ceil(height / rowsPerPacket) * packetsPerRow;
  if (packets > MAX_PACKETS) {
    throw new OnpathError(
      "size",
      `Cannot cut ${images} images of ${height} rows: ${packets} packets exceed the maximum of ${MAX_PACKETS}`,
      { images, height, width, packets, most: MAX_PACKETS },
    );
  }
  return { width, height, images, packetsPerRow, rowsPerPacket, itemsPerPacket, packets };
}

/** Items of one packet. {@linkcode locate} fills one object repeatedly. */
export interface Span {
  /** Position of the first item in the flow: (image · height + row) · width + column. */
  first: number;
  /** Number of items. */
  count: number;
}

/**
 * Finds the items of a packet. It runs once a packet, allocates nothing and divides at most twice.
 *
 * @param cut Partition of the flow.
 * @param sequence Packet number, below `cut.packets`.
 * @param span Output.
 *
 * @example
 * ```ts
 * import { cutRows, locate } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const span = { first: 0, count: 0 };
 * locate(cutRows(10, 4, 1, 5, 1), 3, span);
 * assert.deepEqual(span, { first: 15, count: 5 });
 * ```
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
  // Packets hold whole rows; the last packet of an image holds the remaining ones.
  const perImage = ((height + rowsPerPacket - 1) / rowsPerPacket) | 0;
  const image = (sequence / perImage) | 0;
  const row = (sequence - image * perImage) * rowsPerPacket;
  span.first = (image * height + row) * width;
  span.count = Math.min(rowsPerPacket, height - row) * width;
}

/**
 * Position of a packet's first item in the flow: (image · height + row) · width + column.
 *
 * @param cut Partition of the flow.
 * @param sequence Packet number, below `cut.packets`.
 *
 * @example
 * ```ts
 * import { cutRows, firstItem } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(firstItem(cutRows(10, 4, 1, 5, 1), 3), 15);
 * ```
 */
export function firstItem(cut: Partition, sequence: number): number {
  const span = { first: 0, count: 0 };
  locate(cut, sequence, span);
  return span.first;
}

/**
 * Number of items in a packet.
 *
 * @param cut Partition of the flow.
 * @param sequence Packet number, below `cut.packets`.
 *
 * @example
 * ```ts
 * import { cutRows, itemCount } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(itemCount(cutRows(10, 4, 1, 5, 1), 3), 5);
 * ```
 */
export function itemCount(cut: Partition, sequence: number): number {
  const span = { first: 0, count: 0 };
  locate(cut, sequence, span);
  return span.count;
}
