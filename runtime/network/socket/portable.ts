/**
 * Portable datagram sockets: `node:dgram`, which Deno and Node have on every system.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { OnpathError } from "../../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../../serialize/wait.ts";
import { type Address, formatAddress, plainHost } from "../address.ts";
import { checkDatagramOptions } from "../option_checks.ts";
import { checkBatch, datagramAt, type DatagramBatch } from "./batch.ts";
import {
  DATAGRAM_BYTES,
  type DatagramCounts,
  type DatagramOptions,
  type DatagramSocket,
} from "./contract.ts";

/**
 * Packets that may be in flight to a socket of `node:dgram`. Linux buffers 212,992 bytes by default, and a datagram of
 * 1,408 bytes takes 2,304 of them.
 */
const PORTABLE_BURST = 64;

/**
 * Opens a socket of `node:dgram`.
 *
 * @param options Address and callback.
 * @param wait Timeout and signal of the binding.
 * @param fallbackReason Reason why the socket is not of another kind.
 * @throws {OnpathError} `size` if an option is missing or wrong; `device` if the address is in use or not one of this machine; `timeout`.
 *
 * @example
 * ```ts
 * import { openPortableDatagram } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const socket = await openPortableDatagram({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
 * assert.equal(socket.kind, "portable");
 * await socket.close();
 * ```
 */
export async function openPortableDatagram(
  options: DatagramOptions,
  wait: WaitOptions = {},
  fallbackReason?: string,
): Promise<DatagramSocket> {
  checkDatagramOptions(options);
  const { listen, onDatagrams, maxBytes = DATAGRAM_BYTES } = options;
  wait.signal?.throwIfAborted();
  const isSix = isIP(listen.host) === 6;
  const socket = createSocket({ type: isSix ? "udp6" : "udp4" });
  const bound = new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(listen.port, listen.host, resolve);
  });
  try {
    await bounded(`a socket at ${formatAddress(listen)}`, bound, wait);
  } catch (cause) {
    socket.close();
    if (cause instanceof OnpathError || wait.signal?.aborted) throw cause;
    throw openError(listen, (cause as Error).message, cause);
  }
  const counts: DatagramCounts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
  let isClosed = false;
  socket.removeAllListeners("error");
  // A refused destination is reported here by some systems. The datagram is lost, as any other may be.
  socket.on("error", () => counts.failed++);
  socket.on("message", (buffer, { address, port }) => {
    counts.received++;
    counts.receivedBytes += buffer.length;
    // `slice` of a Buffer does not copy, so callbacks get a plain array.
    const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
    void onDatagrams({
      bytes,
      count: 1,
      offsets: new Uint32Array(1),
      lengths: Uint32Array.of(bytes.length),
      sources: [{ host: plainHost(address), port }],
    });
  });
  const { port } = socket.address();
  const sendOne = (bytes: Uint8Array, host: string, to: number) =>
    new Promise<void>((resolve) => {
      socket.send(bytes, 0, bytes.length, to, host, (error) => {
        if (error) counts.failed++;
        else {
          counts.sent++;
          counts.sentBytes += bytes.length;
        }
        resolve();
      });
    });
  const sendAll = async (batch: DatagramBatch, to: Address) => {
    checkBatch(batch);
    // A socket of IPv6 reaches hosts of IPv4 by mapped addresses.
    const host = isSix && isIP(to.host) === 4 ? `::ffff:${to.host}` : to.host;
    for (let n = 0; n < batch.count && !isClosed; n++) await sendOne(datagramAt(batch, n), host, to.port);
  };
  let tail: Promise<void> = Promise.resolve();
  return {
    local: { host: listen.host, port },
    kind: "portable",
    fallbackReason,
    burst: Math.max(1, Math.floor(PORTABLE_BURST * Math.min(1, DATAGRAM_BYTES / maxBytes))),
    counts,
    send: (batch: DatagramBatch, to: Address) => {
      if (isClosed) return Promise.resolve();
      // Deno reorders datagrams of concurrent calls.
      const sending = tail.then(() => sendAll(batch, to));
      tail = sending.catch(() => {});
      return sending;
    },
    close: () => {
      if (isClosed) return Promise.resolve();
      isClosed = true;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

/** Error for an address that cannot be used. */
export function openError(listen: Address, why: string, cause?: unknown): OnpathError {
  const address = formatAddress(listen);
  return new OnpathError("device", `Cannot open a socket at ${address}: ${why}`, { address }, { cause });
}
