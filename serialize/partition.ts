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
): Partition {
  checkWhole("a row of", width, 1, 2 ** 24);
  checkWhole("a number of rows of", height, 1, 2 ** 24);
  checkWhole("a number of images of", images, 1, 2 ** 24);
  checkWhole("a packet of", most, 1, 2 ** 16);
  checkWhole("a bus word of", multiple, 1, most);
  const usable = most - most % multiple;
  const rowsPerPacket = Math.min(height, Math.max(1, Math.floor(usable / width)));
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

/**
 * Position in the flow of a packet's first item: (image · height + row) · width + column.
 *
 * @param cut The cut.
 * @param sequence The packet's number, below `cut.packets`.
 */
export function firstItem(cut: Partition, sequence: number): number {
  if (cut.packetsPerRow > 1) {
    const row = Math.floor(sequence / cut.packetsPerRow);
    return row * cut.width + (sequence - row * cut.packetsPerRow) * cut.itemsPerPacket;
  }
  const perImage = Math.ceil(cut.height / cut.rowsPerPacket);
  const image = Math.floor(sequence / perImage);
  return (image * cut.height + (sequence - image * perImage) * cut.rowsPerPacket) * cut.width;
}

/**
 * Number of items in a packet.
 *
 * @param cut The cut.
 * @param sequence The packet's number, below `cut.packets`.
 */
export function itemCount(cut: Partition, sequence: number): number {
  if (cut.packetsPerRow > 1) {
    const part = sequence % cut.packetsPerRow;
    return Math.min(cut.itemsPerPacket, cut.width - part * cut.itemsPerPacket);
  }
  const perImage = Math.ceil(cut.height / cut.rowsPerPacket);
  const rows = cut.height - (sequence % perImage) * cut.rowsPerPacket;
  return Math.min(cut.rowsPerPacket, rows) * cut.width;
}
