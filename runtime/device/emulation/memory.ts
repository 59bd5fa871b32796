/**
 * Memory of an emulated card: banks, and the buffers that XRT allocated in them.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** A memory bank. Plain data. */
export interface Bank {
  /** Name of the bank in the xclbin. */
  readonly tag: string;
  /** Address of its first byte. */
  readonly base: number;
  /** Size in bytes. */
  readonly bytes: number;
}

/** Memory that stores only its allocated buffers. */
export interface CardMemory {
  /** Allocates a buffer. Returns false if it lies outside the banks, overlaps another one, or exceeds the limit. */
  readonly allocate: (address: number, bytes: number) => boolean;
  /** Frees a buffer. Returns false if no buffer begins at the address. */
  readonly free: (address: number) => boolean;
  /**
   * Views the bytes at an address, without a copy.
   *
   * @throws {OnpathError} `device` when the bytes do not lie within one buffer.
   */
  readonly at: (address: number, bytes: number) => Uint8Array<ArrayBuffer>;
  /** As {@linkcode CardMemory.at}; undefined when the bytes do not lie within one buffer. */
  readonly find: (address: number, bytes: number) => Uint8Array<ArrayBuffer> | undefined;
  /** Number of allocated buffers and their total bytes. */
  readonly held: () => { readonly buffers: number; readonly bytes: number };
  /** Frees all buffers. */
  readonly clear: () => void;
}

/** Maximum bytes of all buffers together, because they use host memory. */
export const MAX_MEMORY = 2 ** 30;

/**
 * Makes a memory without buffers.
 *
 * @param banks Banks in which buffers may lie.
 * @param maxBytes Maximum bytes of all buffers together.
 */
export function createCardMemory(banks: readonly Bank[], maxBytes: number = MAX_MEMORY): CardMemory {
  const buffers: { address: number; bytes: Uint8Array<ArrayBuffer> }[] = [];
  let total = 0;
  /** Index of the last buffer that begins at or before an address, or −1. */
  const indexBefore = (address: number): number => {
    let [low, high] = [0, buffers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (buffers[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const find = (address: number, bytes: number): Uint8Array<ArrayBuffer> | undefined => {
    const buffer = buffers[indexBefore(address)];
    const first = address - (buffer?.address ?? 0);
    return buffer === undefined || first + bytes > buffer.bytes.length
      ? undefined
      : buffer.bytes.subarray(first, first + bytes);
  };
  return {
    allocate: (address, bytes) => {
      const inBank = banks.some(({ base, bytes: size }) => address >= base && address + bytes <= base + size);
      const index = indexBefore(address);
      const [before, after] = [buffers[index], buffers[index + 1]];
      const isTaken = (before !== undefined && before.address + before.bytes.length > address) ||
        (after !== undefined && address + bytes > after.address);
      if (!inBank || isTaken || bytes < 1 || total + bytes > maxBytes) return false;
      buffers.splice(index + 1, 0, { address, bytes: new Uint8Array(bytes) });
      total += bytes;
      return true;
    },
    free: (address) => {
      const index = indexBefore(address);
      if (buffers[index]?.address !== address) return false;
      total -= buffers[index]!.bytes.length;
      buffers.splice(index, 1);
      return true;
    },
    find,
    at: (address, bytes) => {
      const found = find(address, bytes);
      if (found === undefined) {
        throw new OnpathError(
          "device",
          `Cannot reach ${bytes} bytes at 0x${address.toString(16)}: no buffer of the card holds them`,
          { address, bytes },
        );
      }
      return found;
    },
    held: () => ({ buffers: buffers.length, bytes: total }),
    clear: () => {
      buffers.length = 0;
      total = 0;
    },
  };
}
