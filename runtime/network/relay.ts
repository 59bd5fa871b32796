/**
 * Relay: a path between two datagram sockets that fails on purpose. The n-th datagram of a relay has the same fate for
 * the same seed.
 *
 * @module
 */

import { checkOptions } from "../option_checks.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import { type Address, ADDRESS_OPTION, LOOPBACK } from "./address.ts";
import { type OpenDatagram, openDatagram } from "./datagram.ts";
import { FaultPath, type RelayCounts, type RelayFaults } from "./fault_path.ts";
import { batchOf, eachDatagram } from "./socket/batch.ts";

/** Options of {@linkcode openRelay}. */
export interface RelayOptions extends RelayFaults {
  /** Destination. */
  readonly to: Address;
  /** Seed of the faults, 32 bits. */
  readonly seed: number;
  /** Address of the relay. Default a free port of loopback. */
  readonly listen?: Address | undefined;
  /** Opens datagram sockets. Default {@linkcode openDatagram}. */
  readonly open?: OpenDatagram | undefined;
}

/** An open relay. */
export interface Relay extends AsyncDisposable {
  /** Address of the relay. */
  readonly local: Address;
  /** Destination; may be changed. */
  to: Address;
  /** Counts since it was opened. */
  readonly counts: Readonly<RelayCounts>;
  /** Closes the relay. Datagrams that it holds are lost. */
  close(): Promise<void>;
}

/**
 * Opens a relay in one direction.
 *
 * @param options Destination, seed and faults.
 * @param wait Timeout and signal of the opening.
 * @throws {OnpathError} `size` if a fault is out of range; `device` if the address cannot be used; `timeout`.
 *
 * @example
 * ```ts
 * import { batchOf, eachDatagram, openDatagram, openRelay } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const { promise, resolve } = Promise.withResolvers<Uint8Array>();
 * const listen = { host: "127.0.0.1", port: 0 };
 * const socket = await openDatagram({ listen, onDatagrams: eachDatagram((bytes) => resolve(bytes.slice())) });
 * await using relay = await openRelay({ to: socket.local, seed: 1, corruption: 1 });
 * await socket.send(batchOf([Uint8Array.of(0, 0)]), relay.local);
 * assert.notDeepEqual([...await promise], [0, 0]);
 * await socket.close();
 * ```
 */
export async function openRelay(options: RelayOptions, wait: WaitOptions = {}): Promise<Relay> {
  checkOptions("open a relay", options, {
    listen: { kind: ADDRESS_OPTION },
    to: { kind: ADDRESS_OPTION, isRequired: true },
    open: { kind: "function" },
  });
  const { listen = { host: LOOPBACK, port: 0 }, open = openDatagram } = options;
  const path = new FaultPath({
    faults: options,
    seed: options.seed,
    send: (bytes) => void socket.send(batchOf([bytes]), relay.to),
  });
  const socket = await open({ listen, onDatagrams: eachDatagram((bytes) => path.take(bytes)) }, wait);
  const relay: Relay = {
    local: socket.local,
    to: options.to,
    counts: path.counts,
    close: async () => {
      path.close();
      await socket.close();
    },
    [Symbol.asyncDispose]: () => relay.close(),
  };
  return relay;
}
