/**
 * Arrays of small whole numbers as rows of bits, and reading them within bounds.
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

/** Most bits of a number: with the 7 that can stand before it in a byte, it is read as one word. */
export const MAX_BITS = 23;

/** Zero bytes at the end, so that the last numbers too can be read as words. */
export const TAIL_BYTES = 4;

/** What is written as an array of numbers. */
export type Numbers = ArrayLike<number>;

/** Writes bytes into a buffer that grows. */
export class TableWriter {
  #bytes = new Uint8Array(65536);
  #length = 0;

  /** What has been written, and the tail. */
  bytes(): Uint8Array {
    this.#grow(TAIL_BYTES);
    return this.#bytes.slice(0, this.#length + TAIL_BYTES);
  }

  /**
   * Writes numbers: a byte of their width, four of their count, and their bits.
   *
   * @param numbers Whole numbers from 0 below 2^23.
   * @param plus Added to each, so that −1 can be written.
   * @throws {OnpathError} `size` when a number is outside the limits.
   */
  numbers(numbers: Numbers, plus = 0): void {
    let most = 0;
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i]! + plus;
      if (!(value >= 0 && value < 2 ** MAX_BITS)) {
        throw new OnpathError(
          "size",
          `Cannot write a table: number ${i} is ${value}, outside 0 to ${2 ** MAX_BITS - 1}`,
          { index: i, value },
        );
      }
      if (value > most) most = value;
    }
    const width = 32 - Math.clz32(most);
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

  /** Writes bytes after four of their count. */
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

/** Reads what {@linkcode TableWriter} wrote; every read is checked against the end. */
export class TableReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** Begins at the first byte. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not read yet, the tail among them. */
  rest(): number {
    return this.#bytes.length - this.#at;
  }

  /**
   * Reads numbers into an array.
   *
   * @param what What they are, as it stands in the message.
   * @param into Takes them; its length is how many there must be.
   * @param minus Taken from each.
   * @param most The greatest that is taken, after that.
   * @returns The array.
   * @throws {OnpathError} `file` when the count is another, a number is too great, or the file ends before.
   */
  numbers<T extends Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array>(
    what: string,
    into: T,
    minus: number,
    most: number,
  ): T {
    const width = this.#bytes[this.#at] ?? 0;
    const count = this.rest() < 5 ? -1 : this.#view.getUint32(this.#at + 1, true);
    const size = Math.ceil((into.length * width) / 8);
    if (count !== into.length || width > MAX_BITS || this.rest() < 5 + size + TAIL_BYTES) {
      throw damaged(`${what} should be ${into.length} numbers, and are ${count} of ${width} bits`, { what });
    }
    // One kind of array in the loop, or the engine looks at its kind for each number.
    const numbers = into instanceof Int32Array ? into : new Int32Array(count);
    const greatest = this.#unpack(numbers, width, minus);
    if (numbers !== into) into.set(numbers);
    if (count > 0 && greatest - minus > most) {
      throw damaged(`one of ${what} is ${greatest - minus}, at most ${most} is taken`, { what });
    }
    this.#at += 5 + size;
    return into;
  }

  /** Reads numbers of a width; gives the greatest as it is written. */
  #unpack(into: Int32Array, width: number, minus: number): number {
    const view = this.#view;
    const mask = 2 ** width - 1;
    let bit = (this.#at + 5) * 8;
    let greatest = 0;
    // A number of 23 bits and the 7 before it in its first byte lie within 4 bytes, and 4 follow the last array.
    for (let i = 0; i < into.length; i++) {
      const value = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask;
      bit += width;
      if (value > greatest) greatest = value;
      into[i] = value - minus;
    }
    return greatest;
  }

  /**
   * Reads bytes.
   *
   * @param what What they are, as it stands in the message.
   * @param most How many are taken.
   * @returns A view of them.
   * @throws {OnpathError} `file` when they are too many or the file ends before.
   */
  block(what: string, most: number): Uint8Array {
    const length = this.rest() < 4 ? -1 : this.#view.getUint32(this.#at, true);
    if (length < 0 || length > most || this.rest() < 4 + length) {
      throw damaged(`${what} should be at most ${most} bytes, and are ${length}`, { what });
    }
    const from = this.#at + 4;
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }
}

/** The refusal of a table file. */
export function damaged(why: string, details: Readonly<Record<string, unknown>> = {}): OnpathError {
  return new OnpathError("file", `Cannot read a vocabulary table: ${why}`, details);
}
