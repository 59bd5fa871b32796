/**
 * Datagram sockets of this machine's best kind.
 *
 * @module
 */

import type { WaitOptions } from "../../serialize/wait.ts";
import { checkDatagramOptions } from "./option_checks.ts";
import type { DatagramOptions, DatagramSocket } from "./socket/contract.ts";
import { tryLinuxDatagram } from "./socket/linux.ts";
import { openPortableDatagram } from "./socket/portable.ts";

export { DATAGRAM_BYTES, JUMBO_BYTES } from "./socket/contract.ts";
export type { DatagramCounts, DatagramOptions, DatagramSocket, OpenDatagram } from "./socket/contract.ts";

/**
 * Opens a socket: one of Linux where this process can call its C library, else a portable one. Both behave equally.
 *
 * @param options Address and callback.
 * @param wait Timeout and signal of the binding.
 * @throws {OnpathError} `size` if an option is missing or wrong; `device` if the address is in use or not one of this machine; `timeout`.
 *
 * @example
 * ```ts
 * import { batchOf, eachDatagram, openDatagram } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const { promise, resolve } = Promise.withResolvers<Uint8Array>();
 * const listen = { host: "127.0.0.1", port: 0 };
 * const to = await openDatagram({ listen, onDatagrams: eachDatagram((bytes) => resolve(bytes.slice())) });
 * const from = await openDatagram({ listen, onDatagrams: () => {} });
 * await from.send(batchOf([Uint8Array.of(1, 2)]), to.local);
 * assert.deepEqual([...await promise], [1, 2]);
 * await Promise.all([from.close(), to.close()]);
 * ```
 */
export async function openDatagram(
  options: DatagramOptions,
  wait: WaitOptions = {},
): Promise<DatagramSocket> {
  checkDatagramOptions(options);
  const opened = await tryLinuxDatagram(options, wait);
  return typeof opened === "string" ? await openPortableDatagram(options, wait, opened) : opened;
}
