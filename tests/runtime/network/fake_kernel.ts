/**
 * Kernel of tests: takes the records of `sendmmsg` as Linux does, with errors on purpose.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Libc } from "../../../runtime/network/socket/libc.ts";

/** Bytes between the addresses of two buffers. */
const APART = 2 ** 33;

/** Answer to one call: an error number, or the most messages that it takes. */
export type Answer = { readonly error: number } | { readonly most: number };

/** A joined or single message that was taken. */
export interface Taken {
  /** Its datagrams. */
  readonly datagrams: readonly Uint8Array[];
  /** Whether the kernel was told to cut it. */
  readonly isJoined: boolean;
}

/** A kernel whose answers a function gives. */
export class FakeKernel {
  /** Messages that were taken. */
  readonly taken: Taken[] = [];
  readonly #buffers: ArrayBufferLike[] = [];
  readonly #answer: (first: Taken) => Answer;
  #error = 0;

  constructor(answer: (first: Taken) => Answer) {
    this.#answer = answer;
  }

  /** All datagrams that were taken. */
  get datagrams(): Uint8Array[] {
    return this.taken.flatMap(({ datagrams }) => datagrams);
  }

  /** The C library of this kernel. */
  get libc(): Libc {
    return {
      calls: {
        sendmmsg: (_: number, messages: Uint8Array, count: number) => this.#send(messages, count),
      },
      errno: () => this.#error,
      addressOf: (buffer: ArrayBufferLike) => {
        const known = this.#buffers.indexOf(buffer);
        return APART * (known >= 0 ? known + 1 : this.#buffers.push(buffer));
      },
    } as unknown as Libc;
  }

  #memory(address: bigint, bytes: bigint): Uint8Array {
    const buffer = this.#buffers[Math.floor(Number(address) / APART) - 1]!;
    const at = Number(address) % APART;
    assert(at + Number(bytes) <= buffer.byteLength, "a message reads outside of its memory");
    return new Uint8Array(buffer, at, Number(bytes));
  }

  #send(messages: Uint8Array, count: number): number {
    assert(count >= 1 && count <= 1024);
    const view = new DataView(messages.buffer);
    const answer = this.#answer(this.#read(view, 0));
    if ("error" in answer) {
      this.#error = answer.error;
      return -1;
    }
    const taken = Math.min(count, Math.max(1, answer.most));
    for (let n = 0; n < taken; n++) this.taken.push(this.#read(view, 64 * n));
    return taken;
  }

  #read(view: DataView, at: number): Taken {
    const wide = (offset: number) => view.getBigUint64(at + offset, true);
    assert.equal(this.#memory(wide(0), BigInt(view.getUint32(at + 8, true))).length, 16);
    const partCount = Number(wide(24));
    assert(partCount >= 1 && partCount <= 1024);
    const parts = this.#memory(wide(16), BigInt(16 * partCount));
    const list = new DataView(parts.buffer, parts.byteOffset, parts.length);
    const pieces = Array.from({ length: partCount }, (_, n) => {
      const [address, bytes] = [list.getBigUint64(16 * n, true), list.getBigUint64(16 * n + 8, true)];
      return [...this.#memory(address, bytes)];
    });
    const bytes = Uint8Array.from(pieces.flat());
    assert(bytes.length <= 65_507);
    if (wide(40) === 0n) return { datagrams: [bytes], isJoined: false };
    const control = this.#memory(wide(32), wide(40));
    const words = new DataView(control.buffer, control.byteOffset, control.length);
    assert.deepEqual(
      [words.getBigUint64(0, true), words.getInt32(8, true), words.getInt32(12, true)],
      [18n, 17, 103],
    );
    const segment = words.getUint16(16, true);
    const datagrams = Array.from(
      { length: Math.ceil(bytes.length / segment) },
      (_, n) => bytes.subarray(n * segment, (n + 1) * segment),
    );
    assert(datagrams.length >= 2 && datagrams.length <= 64);
    return { datagrams, isJoined: true };
  }
}
