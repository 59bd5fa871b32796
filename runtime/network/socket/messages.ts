/**
 * Records of `recvmmsg` and `sendmmsg` of 64-bit Linux, `struct mmsghdr`, in one memory: 16 words each.
 *
 * @module
 */

/** Words of `struct mmsghdr`. Addresses and sizes take two. */
const WORDS = 16, NAME = 0, NAME_BYTES = 2, PARTS = 4, PART_COUNT = 6, CONTROL = 8, CONTROL_BYTES = 10;
const FLAGS = 12, LENGTH = 14;
/** Words of `struct iovec`. */
const PART_WORDS = 4;
const SPLIT = 2 ** 32;

/** Writes an address or a size of 64 bits. */
export function setWide(words: Uint32Array, at: number, value: number): void {
  words[at] = value % SPLIT;
  words[at + 1] = value / SPLIT;
}

/** Messages with their parts. */
export class Messages {
  /** Bytes of all messages, for the call. */
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #parts: Uint32Array;
  readonly #partsAt: number;

  /**
   * Makes messages without content.
   *
   * @param count Messages.
   * @param parts Parts of all messages.
   * @param addressOf Returns the address of a buffer.
   */
  constructor(count: number, parts: number, addressOf: (buffer: ArrayBufferLike) => number) {
    this.bytes = new Uint8Array(new ArrayBuffer(4 * WORDS * count));
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#parts = new Uint32Array(new ArrayBuffer(4 * PART_WORDS * parts));
    this.#partsAt = addressOf(this.#parts.buffer);
  }

  /** Writes a part: bytes in memory. */
  setPart(part: number, address: number, bytes: number): void {
    setWide(this.#parts, PART_WORDS * part, address);
    setWide(this.#parts, PART_WORDS * part + 2, bytes);
  }

  /** Makes a part longer. */
  extendPart(part: number, bytes: number): void {
    this.#parts[PART_WORDS * part + 2]! += bytes;
  }

  /** Gives a message its parts. */
  setParts(message: number, first: number, count: number): void {
    const at = WORDS * message;
    setWide(this.#words, at + PARTS, this.#partsAt + 4 * PART_WORDS * first);
    setWide(this.#words, at + PART_COUNT, count);
  }

  /** Gives a message a socket address. */
  setName(message: number, address: number, bytes: number): void {
    setWide(this.#words, WORDS * message + NAME, address);
    this.#words[WORDS * message + NAME_BYTES] = bytes;
  }

  /** Gives a message control data, or none for 0 bytes. */
  setControl(message: number, address: number, bytes: number): void {
    const at = WORDS * message;
    setWide(this.#words, at + CONTROL, address);
    setWide(this.#words, at + CONTROL_BYTES, bytes);
    this.#words[at + FLAGS] = 0;
  }

  /** Bytes of control data that the system has written. */
  controlBytes(message: number): number {
    return this.#words[WORDS * message + CONTROL_BYTES]!;
  }

  /** Bytes that were transferred. */
  length(message: number): number {
    return this.#words[WORDS * message + LENGTH]!;
  }
}
