/**
 * Tokens of a text in text order, in growing arrays.
 *
 * @module
 */

/** Capacity of the first allocation, in tokens, if fewer are to be added. */
const MIN_CAPACITY = 16;

const NO_NUMBERS = new Int32Array(0), NO_OFFSETS = new Uint32Array(0);

/** Tokens of a text, in parallel arrays; the first `count` elements are valid. */
export class TokenRun {
  /** Token values: id times 2, plus 1 if a piece ends with the token. */
  tokens: Int32Array<ArrayBuffer> = NO_NUMBERS;
  /** Offset behind each token in the text, in bytes. */
  ends: Uint32Array<ArrayBuffer> = NO_OFFSETS;
  /** Bytes of text of each token. Text between tokens may have no token. */
  lengths: Int32Array<ArrayBuffer> = NO_NUMBERS;
  /** Number of tokens. */
  count = 0;

  /**
   * Creates an empty run.
   *
   * @param capacity Initial capacity in tokens. Default 0: the first answer often has all tokens of a text.
   */
  constructor(capacity = 0) {
    if (capacity > 0) this.#place(capacity);
  }

  /**
   * Grows the capacity for additional tokens.
   *
   * @param additional Number of tokens to be added.
   */
  reserve(additional: number): void {
    const needed = this.count + additional;
    if (needed <= this.tokens.length) return;
    const { tokens, ends, lengths, count } = this;
    this.#place(Math.max(needed, tokens.length === 0 ? MIN_CAPACITY : 2 * tokens.length));
    if (count === 0) return;
    this.tokens.set(tokens);
    this.ends.set(ends);
    this.lengths.set(lengths);
  }

  /** Allocates the arrays; three of them in one allocation. */
  #place(capacity: number): void {
    const memory = new ArrayBuffer(12 * capacity);
    this.tokens = new Int32Array(memory, 0, capacity);
    this.ends = new Uint32Array(memory, 4 * capacity, capacity);
    this.lengths = new Int32Array(memory, 8 * capacity, capacity);
  }

  /**
   * Appends a token.
   *
   * @param token Token value: id times 2, plus 1 if a piece ends with it.
   * @param length Bytes of text of the token.
   * @param end Offset behind the token in the text.
   */
  put(token: number, length: number, end: number): void {
    this.reserve(1);
    this.tokens[this.count] = token;
    this.lengths[this.count] = length;
    this.ends[this.count++] = end;
  }

  /**
   * Appends tokens of another run.
   *
   * @param other Source run.
   * @param from Index of the first token. Default 0.
   * @param to Index behind the last token. Default all.
   * @param shift Bytes added to each offset. Default 0.
   */
  append(other: TokenRun, from = 0, to: number = other.count, shift = 0): void {
    if (to <= from) return;
    this.reserve(to - from);
    this.tokens.set(other.tokens.subarray(from, to), this.count);
    this.lengths.set(other.lengths.subarray(from, to), this.count);
    if (shift === 0) this.ends.set(other.ends.subarray(from, to), this.count);
    else for (let n = from; n < to; n++) this.ends[this.count + n - from] = other.ends[n]! + shift;
    this.count += to - from;
  }

  /** Returns the number of tokens up to the last piece end. */
  confirmed(): number {
    let count = this.count;
    while (count > 0 && (this.tokens[count - 1]! & 1) === 0) count--;
    return count;
  }

  /**
   * Returns the ids of a range of tokens.
   *
   * @param from Index of the first token. Default 0.
   * @param to Index behind the last token. Default all.
   */
  ids(from = 0, to: number = this.count): Uint32Array<ArrayBuffer> {
    const ids = new Uint32Array(to - from);
    for (let n = from; n < to; n++) ids[n - from] = this.tokens[n]! >> 1;
    return ids;
  }
}
