/**
 * Batches of datagrams: places in one memory, so that no object is made for each datagram.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { Address } from "../address.ts";

/** Datagrams in one memory. */
export interface DatagramBatch {
  /** Memory of all datagrams. */
  readonly bytes: Uint8Array;
  /** Number of datagrams. */
  readonly count: number;
  /** Offset in `bytes` of each datagram's first byte. */
  readonly offsets: Uint32Array;
  /** Bytes of each datagram. */
  readonly lengths: Uint32Array;
}

/** Datagrams that have arrived. */
export interface ReceivedBatch extends DatagramBatch {
  /** Source address of each datagram. Addresses that are equal are usually the same object. */
  readonly sources: readonly Address[];
}

/**
 * List of datagrams in one memory, which is filled and emptied again.
 *
 * @example
 * ```ts
 * import { datagramAt, DatagramList } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const list = new DatagramList(Uint8Array.of(1, 2, 3, 4));
 * list.add(1, 2);
 * assert.deepEqual([...datagramAt(list, 0)], [2, 3]);
 * ```
 */
export class DatagramList implements DatagramBatch {
  /** Memory of all datagrams. */
  bytes: Uint8Array;
  /** Number of datagrams. */
  count = 0;
  /** Offset in `bytes` of each datagram's first byte. */
  offsets: Uint32Array;
  /** Bytes of each datagram. */
  lengths: Uint32Array;

  /**
   * Makes an empty list.
   *
   * @param bytes Memory of the datagrams.
   * @param capacity Datagrams for which memory is reserved. The list grows beyond it.
   */
  constructor(bytes: Uint8Array, capacity = 64) {
    this.bytes = bytes;
    this.offsets = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
  }

  /**
   * Appends a datagram.
   *
   * @param offset Offset of its first byte.
   * @param length Its bytes.
   */
  add(offset: number, length: number): void {
    if (this.count === this.offsets.length) this.#grow();
    this.offsets[this.count] = offset;
    this.lengths[this.count++] = length;
  }

  #grow(): void {
    const size = Math.max(16, 2 * this.count);
    const [offsets, lengths] = [new Uint32Array(size), new Uint32Array(size)];
    offsets.set(this.offsets);
    lengths.set(this.lengths);
    this.offsets = offsets;
    this.lengths = lengths;
  }

  /**
   * Puts datagrams of one length beside each other, so that the kernel takes them as one. Lengths stand in the order of
   * their first datagrams, and datagrams of one length keep their order.
   */
  group(): void {
    const { count, offsets, lengths } = this;
    let isGrouped = true;
    for (let n = 1; isGrouped && n < count; n++) isGrouped = lengths[n]! <= lengths[n - 1]!;
    if (isGrouped) return;
    const groups = new Map<number, number[]>();
    for (let n = 0; n < count; n++) {
      const group = groups.get(lengths[n]!);
      if (group === undefined) groups.set(lengths[n]!, [offsets[n]!]);
      else group.push(offsets[n]!);
    }
    let end = 0;
    for (const [length, group] of groups) {
      for (const offset of group) {
        offsets[end] = offset;
        lengths[end++] = length;
      }
    }
  }

  /** Removes all datagrams. */
  clear(): void {
    this.count = 0;
  }
}

/**
 * Copies datagrams into one memory.
 *
 * @example
 * ```ts
 * import { batchOf } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const batch = batchOf([Uint8Array.of(1), Uint8Array.of(2, 3)]);
 * assert.deepEqual([batch.count, ...batch.bytes], [2, 1, 2, 3]);
 * ```
 */
export function batchOf(datagrams: readonly Uint8Array[]): DatagramBatch {
  const bytes = new Uint8Array(datagrams.reduce((sum, { length }) => sum + length, 0));
  const list = new DatagramList(bytes, datagrams.length);
  let end = 0;
  for (const each of datagrams) {
    bytes.set(each, end);
    list.add(end, each.length);
    end += each.length;
  }
  return list;
}

/**
 * Views one datagram of a batch, without a copy.
 *
 * @example
 * ```ts
 * import { batchOf, datagramAt } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...datagramAt(batchOf([Uint8Array.of(1), Uint8Array.of(2)]), 1)], [2]);
 * ```
 */
export function datagramAt({ bytes, offsets, lengths }: DatagramBatch, n: number): Uint8Array {
  return bytes.subarray(offsets[n]!, offsets[n]! + lengths[n]!);
}

/**
 * Makes a function of batches from one of single datagrams.
 *
 * @param run Takes a datagram, which is valid during the call only, and its source address.
 *
 * @example
 * ```ts
 * import { batchOf, eachDatagram } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const found: number[] = [];
 * const source = { host: "127.0.0.1", port: 9 };
 * const take = eachDatagram((bytes, from) => found.push(bytes[0]!, from.port));
 * take({ ...batchOf([Uint8Array.of(7)]), sources: [source] });
 * assert.deepEqual(found, [7, 9]);
 * ```
 */
export function eachDatagram(
  run: (bytes: Uint8Array, from: Address) => void,
): (batch: ReceivedBatch) => void {
  return (batch) => {
    for (let n = 0; n < batch.count; n++) run(datagramAt(batch, n), batch.sources[n]!);
  };
}

/**
 * Checks that the datagrams of a batch lie in its memory.
 *
 * @throws {OnpathError} `size` if one does not.
 */
export function checkBatch({ bytes, count, offsets, lengths }: DatagramBatch): void {
  const most = Math.min(offsets.length, lengths.length);
  if (count > most) {
    throw new OnpathError(
      "size",
      `Cannot send ${count} datagrams: expected at most ${most}, as have places`,
      {
        count,
        most,
      },
    );
  }
  let end = 0;
  for (let n = 0; n < count; n++) end = Math.max(end, offsets[n]! + lengths[n]!);
  if (end <= bytes.length) return;
  throw new OnpathError(
    "size",
    `Cannot send ${count} datagrams: they end at byte ${end}, expected at most ${bytes.length}`,
    { count, end, most: bytes.length },
  );
}
