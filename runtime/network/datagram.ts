/**
 * Datagram sockets. The portable implementation uses `node:dgram`, which Deno and Node have.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { OnpathError } from "../../serialize/errors.ts";
import { HEADER_BYTES, MAX_PAYLOAD, STANDARD_PAYLOAD } from "../../serialize/header.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { type Address, formatAddress, plainHost } from "./address.ts";

/**
 * Maximum bytes of a datagram on a network with standard frames.
 *
 * @example
 * ```ts
 * import { DATAGRAM_BYTES } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.equal(DATAGRAM_BYTES, 1408);
 * ```
 */
export const DATAGRAM_BYTES: number = HEADER_BYTES + STANDARD_PAYLOAD;

/**
 * Maximum bytes of a datagram with jumbo frames.
 *
 * @example
 * ```ts
 * import { JUMBO_BYTES } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.equal(JUMBO_BYTES, 8256);
 * ```
 */
export const JUMBO_BYTES: number = HEADER_BYTES + MAX_PAYLOAD;

/**
 * Packets that may be in flight to a socket of `node:dgram`. Linux buffers 212,992 bytes by default, and a datagram of
 * 1,408 bytes takes 2,304 of them.
 */
export const PORTABLE_BURST = 64;

/** Counts of a socket since it was opened. */
export interface DatagramCounts {
  /** Datagrams sent. */
  sent: number;
  /** Payload bytes of the datagrams sent. */
  sentBytes: number;
  /** Datagrams received. */
  received: number;
  /** Payload bytes of the datagrams received. */
  receivedBytes: number;
  /** Datagrams that the operating system refused to send. */
  failed: number;
}

/** Options of a socket. */
export interface DatagramOptions {
  /** Address to bind to. */
  readonly listen: Address;
  /**
   * Called for each datagram.
   *
   * @param bytes Datagram; valid during the call only.
   * @param from Source address.
   */
  readonly onDatagram: (bytes: Uint8Array, from: Address) => void;
}

/** An open socket. */
export interface DatagramSocket {
  /** Address of this end. */
  readonly local: Address;
  /** Packets that may be in flight to this socket before the operating system drops some. */
  readonly burst: number;
  /** Counts since the socket was opened. */
  readonly counts: Readonly<DatagramCounts>;
  /**
   * Sends datagrams in order. A datagram that the operating system refuses is counted and not sent.
   *
   * @param datagrams Datagrams; their memory must not change until the promise resolves.
   * @param to Destination.
   */
  send(datagrams: readonly Uint8Array[], to: Address): Promise<void>;
  /** Closes the socket. Further calls have no effect. */
  close(): Promise<void>;
}

/** Opens a socket. */
export type OpenDatagram = (options: DatagramOptions, wait?: WaitOptions) => Promise<DatagramSocket>;

/**
 * Opens a socket of `node:dgram`.
 *
 * @param options Address and callback.
 * @param wait Timeout and signal of the binding.
 * @throws {OnpathError} `device` if the address is in use or not one of this machine; `timeout`.
 *
 * @example
 * ```ts
 * import { openDatagram } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const { promise, resolve } = Promise.withResolvers<Uint8Array>();
 * const listen = { host: "127.0.0.1", port: 0 };
 * const to = await openDatagram({ listen, onDatagram: (bytes) => resolve(bytes.slice()) });
 * const from = await openDatagram({ listen, onDatagram: () => {} });
 * await from.send([Uint8Array.of(1, 2)], to.local);
 * assert.deepEqual([...await promise], [1, 2]);
 * await Promise.all([from.close(), to.close()]);
 * ```
 */
export async function openDatagram(
  { listen, onDatagram }: DatagramOptions,
  wait: WaitOptions = {},
): Promise<DatagramSocket> {
  wait.signal?.throwIfAborted();
  const socket = createSocket({ type: isIP(listen.host) === 6 ? "udp6" : "udp4" });
  const bound = new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(listen.port, listen.host, resolve);
  });
  try {
    await bounded(`a socket at ${formatAddress(listen)}`, bound, wait);
  } catch (cause) {
    socket.close();
    if (cause instanceof OnpathError || wait.signal?.aborted) throw cause;
    throw new OnpathError(
      "device",
      `Cannot open a socket at ${formatAddress(listen)}: ${(cause as Error).message}`,
      { address: formatAddress(listen) },
      { cause },
    );
  }
  const counts: DatagramCounts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
  let isClosed = false;
  socket.removeAllListeners("error");
  // A refused destination is reported here by some systems. The datagram is lost, as any other may be.
  socket.on("error", () => counts.failed++);
  socket.on("message", (bytes, { address, port }) => {
    counts.received++;
    counts.receivedBytes += bytes.length;
    // `slice` of a Buffer does not copy, so callbacks get a plain array.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    onDatagram(plain, { host: plainHost(address), port });
  });
  const { port } = socket.address();
  const sendOne = (bytes: Uint8Array, to: Address) =>
    new Promise<void>((resolve) => {
      socket.send(bytes, 0, bytes.length, to.port, to.host, (error) => {
        if (error) counts.failed++;
        else {
          counts.sent++;
          counts.sentBytes += bytes.length;
        }
        resolve();
      });
    });
  return {
    local: { host: listen.host, port },
    burst: PORTABLE_BURST,
    counts,
    send: async (datagrams, to) => {
      if (isClosed) return;
      await Promise.all(datagrams.map((bytes) => sendOne(bytes, to)));
    },
    close: () => {
      if (isClosed) return Promise.resolve();
      isClosed = true;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}
