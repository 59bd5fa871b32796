/**
 * Arrays of small integers packed as bits, and a reader with bounds checks.
 *
 * @example Three numbers of 5 bits, the lowest bits first
 * ```text
 * numbers 1, 2, 3   bits 00001 00010 00011
 * bytes             0b010_00001 0b0_00011_00   = 0x41 0x0c
 * ```
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** Maximum bits of a number: with up to 7 bits before it in its first byte, it fits one 32-bit read. */
export const MAX_BITS = 23;

/** Zero padding at the end, in bytes, so that the last numbers fit a 32-bit read too. */
export const TAIL_BYTES = 4;

/** Array of numbers to write. */
export type Numbers = ArrayLike<number>;

/** Writes tables into a growing buffer. */
export class TableWriter {
  #bytes = new Uint8Array(65536);
  #length = 0;

  /** Returns a copy of the written bytes with the padding at their end. */
  bytes(): Uint8Array {
    this.#grow(TAIL_BYTES);
    return this.#bytes.slice(0, this.#length + TAIL_BYTES);
  }

  /**
   * Writes numbers: their width in one byte, their count in four bytes (little-endian), then their bits.
   *
   * @param numbers Integers; with `plus` added, from 0 to 2^23 − 1.
   * @param plus Added to each number, so that −1 can be written.
   * @throws {OnpathError} `size` if a number is out of range.
   */
  numbers(numbers: Numbers, plus = 0): void {
    let max = 0;
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i]! + plus;
      if (!(value >= 0 && value < 2 ** MAX_BITS)) {
        throw new OnpathError(
          "size",
          `Cannot write a table: number ${i} is ${value}, outside 0 to ${2 ** MAX_BITS - 1}`,
          { index: i, value },
        );
      }
      if (value > max) max = value;
    }
    const width = 32 - Math.clz32(max);
    const size = Math.ceil((numbers.length * width) / 8);
    this.#grow(5 + size);
    this.#bytes[this.#length] = width;
    new DataView(this.#bytes.buffer).setUint32(this.#length + 1, numbers.length, true);
    let at = this.#length + 5;
    let held = 0;
    let bits = 0;
    for (let i = 0; i < numbers.length; i++) {
      held |= (numbers[i]! + plus) << bits;
      bits += width;
      while (bits >= 8) {
        this.#bytes[at++] = held;
        held >>>= 8;
        bits -= 8;
      }
    }
    if (bits > 0) this.#bytes[at] = held;
    this.#length += 5 + size;
  }

  /** Writes bytes, preceded by their count in four bytes (little-endian). */
  block(block: Uint8Array): void {
    this.#grow(4 + block.length);
    new DataView(this.#bytes.buffer).setUint32(this.#length, block.length, true);
    this.#bytes.set(block, this.#length + 4);
    this.#length += 4 + block.length;
  }

  #grow(by: number): void {
    const need = this.#length + by;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Arrays of numbers in a file. */
export type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

/** Unpacks the numbers at a place into an array; returns the greatest. */
export type Unpack = (place: { readonly at: number; readonly width: number }, into: NumberArray) => number;

/** Numbers of an array from which a faster way is worth its calls. */
const MANY_NUMBERS = 4096;

/** Reads the output of {@linkcode TableWriter}; checks every read against the end. */
export class TableReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #many: Unpack | undefined;

  /** Creates a reader at the first byte, or at another one; `many` is a faster way for long arrays. */
  constructor(bytes: Uint8Array, at = 0, many?: Unpack) {
    this.#bytes = bytes;
    this.#many = many;
    this.at = at;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next byte. */
  at: number;

  /** Unread bytes, including the padding. */
  rest(): number {
    return this.#bytes.length - this.at;
  }

  /**
   * Reads numbers into an array.
   *
   * @param what Name of the numbers in error messages.
   * @param into Destination; its length is the expected count.
   * @param minus Subtracted from each number.
   * @param max Maximum accepted number, after the subtraction.
   * @returns The destination.
   * @throws {OnpathError} `file` if the count differs, a number is too great, or the file ends early.
   */
  numbers<T extends NumberArray>(
    what: string,
    into: T,
    minus: number,
    max: number,
  ): T {
    const place = this.place(what, into.length);
    const greatest = minus === 0 && into.length >= MANY_NUMBERS && this.#many !== undefined
      ? this.#many(place, into)
      : this.#each(place, into, minus);
    if (into.length > 0 && greatest - minus > max) {
      throw damaged(`${what} contains ${greatest - minus}, expected at most ${max}`, { what });
    }
    return into;
  }

  /** Reads numbers one by one; returns the greatest, before the subtraction. */
  #each(
    { at, width }: { readonly at: number; readonly width: number },
    into: NumberArray,
    minus: number,
  ): number {
    // The loop sees one array type only; with several, the JavaScript engine would dispatch on the type for
    // each number.
    const numbers = into instanceof Int32Array ? into : new Int32Array(into.length);
    const greatest = this.#unpack(numbers, at, width, minus);
    if (numbers !== into) into.set(numbers);
    return greatest;
  }

  /**
   * Passes over numbers that others read.
   *
   * @param what Name of the numbers in error messages.
   * @param length Expected count.
   * @returns Offset of the first number's bits, and bits of a number.
   * @throws {OnpathError} `file` if the count differs or the file ends early.
   */
  place(what: string, length: number): { at: number; width: number } {
    const width = this.#bytes[this.at] ?? 0;
    const count = this.rest() < 5 ? -1 : this.#view.getUint32(this.at + 1, true);
    const size = Math.ceil((length * width) / 8);
    if (count !== length || width > MAX_BITS || this.rest() < 5 + size + TAIL_BYTES) {
      throw damaged(`${what} has ${count} numbers of ${width} bits, expected ${length} numbers`, { what });
    }
    const at = this.at + 5;
    this.at = at + size;
    return { at, width };
  }

  /** Reads numbers of `width` bits; returns the greatest, before the subtraction. */
  #unpack(into: Int32Array, at: number, width: number, minus: number): number {
    const view = this.#view;
    const mask = 2 ** width - 1;
    let bit = at * 8;
    let greatest = 0;
    // A number of 23 bits and up to 7 bits before it fit 4 bytes; 4 padding bytes follow the last array.
    for (let i = 0; i < into.length; i++) {
      const value = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask;
      bit += width;
      if (value > greatest) greatest = value;
      into[i] = value - minus;
    }
    return greatest;
  }

  /**
   * Reads bytes that are preceded by their count.
   *
   * @param what Name of the bytes in error messages.
   * @param max Maximum accepted count.
   * @returns A view of the bytes.
   * @throws {OnpathError} `file` if the count is too great or the file ends early.
   */
  block(what: string, max: number): Uint8Array {
    const length = this.rest() < 4 ? -1 : this.#view.getUint32(this.at, true);
    if (length < 0 || length > max || this.rest() < 4 + length) {
      throw damaged(`${what} has ${length} bytes, expected at most ${max}`, { what });
    }
    const from = this.at + 4;
    this.at = from + length;
    return this.#bytes.subarray(from, this.at);
  }
}

/** Creates the error for an invalid table file. */
export function damaged(why: string, details: Readonly<Record<string, unknown>> = {}): OnpathError {
  return new OnpathError("file", `Cannot read a vocabulary table: ${why}`, details);
}
