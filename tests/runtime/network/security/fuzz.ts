/**
 * Hostile datagrams and sockets without a network, for tests that count every one.
 *
 * @module
 */

import type { Address } from "../../../../runtime/network/address.ts";
import { batchOf } from "../../../../runtime/network/socket/batch.ts";
import type {
  DatagramCounts,
  DatagramOptions,
  OpenDatagram,
} from "../../../../runtime/network/socket/contract.ts";
import { crc32c } from "../../../../serialize/crc32c.ts";
import { HEADER_BYTES, OFFSET } from "../../../../serialize/header.ts";
import { random } from "../../../support/random.ts";

/** Source of injected datagrams. */
export const SOURCE: Address = { host: "127.0.0.1", port: 9 };

/** A socket that a test feeds. */
export interface FedSocket {
  readonly open: OpenDatagram;
  /** Gives datagrams to the party, as if they had arrived. */
  feed(datagrams: readonly Uint8Array[]): Promise<void>;
  /** Datagrams that the party sent, and their bytes. */
  readonly sent: { count: number; bytes: number };
}

/**
 * Makes a socket without a network.
 *
 * @param onSend Called with each datagram that the party sends.
 */
export function fedSocket(onSend: (bytes: Uint8Array, to: Address) => void = () => {}): FedSocket {
  let options: DatagramOptions | undefined;
  const counts: DatagramCounts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
  const sent = { count: 0, bytes: 0 };
  return {
    sent,
    open: (given) => {
      options = given;
      return Promise.resolve({
        local: { host: given.listen.host, port: 9 },
        kind: "portable",
        fallbackReason: undefined,
        burst: 64,
        counts,
        send: ({ bytes, count, offsets, lengths }, to) => {
          for (let n = 0; n < count; n++) {
            sent.count++;
            sent.bytes += lengths[n]!;
            onSend(bytes.slice(offsets[n]!, offsets[n]! + lengths[n]!), to);
          }
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      });
    },
    feed: async (datagrams) => {
      counts.received += datagrams.length;
      await options!.onDatagrams({ ...batchOf(datagrams), sources: datagrams.map(() => SOURCE) });
    },
  };
}

/** Numbers that parsers get wrong. */
const EDGES = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 63, 64, 1344, 1408];

/** Changes valid datagrams: bits, lengths, fields of the header with a right CRC, splices, noise, and no change. */
export class Mutator {
  readonly #next: () => number;
  readonly #valid: readonly Uint8Array[];

  /** Takes valid datagrams and a seed. */
  constructor(valid: readonly Uint8Array[], seed: number) {
    this.#valid = valid;
    this.#next = random(seed);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#next() % list.length]!;
  }

  /** Makes a datagram. */
  make(): Uint8Array {
    const next = this.#next;
    const bytes = this.#pick(this.#valid).slice();
    switch (next() % 8) {
      case 0:
        return bytes;
      case 1:
        return bytes.subarray(0, next() % (bytes.length + 1));
      case 2: {
        const longer = new Uint8Array(bytes.length + 1 + next() % 64);
        longer.set(bytes);
        return longer;
      }
      case 3: {
        const other = this.#pick(this.#valid);
        const cut = next() % Math.max(1, Math.min(bytes.length, other.length));
        bytes.set(other.subarray(0, cut));
        return bytes;
      }
      case 4:
        return Uint8Array.from({ length: next() % 200 }, () => next());
      case 5:
        for (let count = 1 + next() % 8; count > 0 && bytes.length > 0; count--) {
          bytes[next() % bytes.length]! ^= 1 << (next() % 8);
        }
        return bytes;
      default:
        return this.#changeFields(bytes);
    }
  }

  #changeFields(bytes: Uint8Array): Uint8Array {
    if (bytes.length < HEADER_BYTES) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const next = this.#next;
    for (let count = 1 + next() % 3; count > 0; count--) {
      const at = 4 + next() % 60;
      if (next() % 2 === 0 && at <= 60) view.setUint32(at, this.#pick(EDGES), true);
      else bytes[at] = next();
    }
    // The length of the datagram, so that it passes the first check.
    if (next() % 2 === 0) view.setUint16(OFFSET.length, bytes.length - HEADER_BYTES, true);
    view.setUint32(OFFSET.crc, 0, true);
    view.setUint32(OFFSET.crc, crc32c(bytes), true);
    return bytes;
  }
}

/** Sum of counts. */
export function sumOf(counts: Readonly<Record<string, number | undefined>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
