/**
 * The memory of an emulated card: banks, and the buffers that XRT has placed in them.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** A bank. Plain data. */
export interface Bank {
  /** What it is called. */
  readonly tag: string;
  /** Address of its first byte. */
  readonly base: number;
  /** Bytes. */
  readonly bytes: number;
}

/** Memory that holds what is allocated in it, and nothing else. */
export interface CardMemory {
  /** Makes a buffer; false when it is outside the banks, over another one, or beyond the limit. */
  readonly allocate: (address: number, bytes: number) => boolean;
  /** Frees a buffer; false when none begins there. */
  readonly free: (address: number) => boolean;
  /**
   * The bytes at an address.
   *
   * @throws {OnpathError} `device` when they are not within one buffer.
   */
  readonly at: (address: number, bytes: number) => Uint8Array<ArrayBuffer>;
  /** Buffers and bytes that are allocated. */
  readonly held: () => { readonly buffers: number; readonly bytes: number };
  /** Frees everything. */
  readonly clear: () => void;
}

/** Bytes of all buffers at most: the process holds them all. */
export const MAX_MEMORY = 2 ** 30;

/**
 * Makes the memory.
 *
 * @param banks Its banks.
 * @param most Bytes of all buffers at most.
 */
export function createCardMemory(banks: readonly Bank[], most: number = MAX_MEMORY): CardMemory {
  const buffers: { address: number; bytes: Uint8Array<ArrayBuffer> }[] = [];
  let total = 0;
  /** Place of the last buffer that begins at or before an address; −1 where none does. */
  const placeOf = (address: number): number => {
    let [low, high] = [0, buffers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (buffers[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    allocate: (address, bytes) => {
      const inBank = banks.some(({ base, bytes: size }) => address >= base && address + bytes <= base + size);
      const place = placeOf(address);
      const [before, after] = [buffers[place], buffers[place + 1]];
      const taken = (before !== undefined && before.address + before.bytes.length > address) ||
        (after !== undefined && address + bytes > after.address);
      if (!inBank || taken || bytes < 1 || total + bytes > most) return false;
      buffers.splice(place + 1, 0, { address, bytes: new Uint8Array(bytes) });
      total += bytes;
      return true;
    },
    free: (address) => {
      const place = placeOf(address);
      if (buffers[place]?.address !== address) return false;
      total -= buffers[place]!.bytes.length;
      buffers.splice(place, 1);
      return true;
    },
    at: (address, bytes) => {
      const buffer = buffers[placeOf(address)];
      const first = address - (buffer?.address ?? 0);
      if (buffer === undefined || first + bytes > buffer.bytes.length) {
        throw new OnpathError(
          "device",
          `Cannot reach ${bytes} bytes at 0x${address.toString(16)}: no buffer of the card holds them`,
          { address, bytes },
        );
      }
      return buffer.bytes.subarray(first, first + bytes);
    },
    held: () => ({ buffers: buffers.length, bytes: total }),
    clear: () => {
      buffers.length = 0;
      total = 0;
    },
  };
}
