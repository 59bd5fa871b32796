/**
 * Relay: a path between two datagram sockets that fails on purpose. The n-th datagram of a relay has the same fate for
 * the same seed.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import { type Address, LOOPBACK } from "./address.ts";
import { type OpenDatagram, openDatagram } from "./datagram.ts";
import { batchOf, eachDatagram } from "./socket/batch.ts";

/** Faults of a path. Probabilities are from 0 to 1. */
export interface RelayFaults {
  /** Datagrams that are lost. */
  readonly loss?: number | undefined;
  /** Datagrams that are sent twice. */
  readonly duplication?: number | undefined;
  /** Datagrams in which one bit is changed. */
  readonly corruption?: number | undefined;
  /** Datagrams that are held back while up to `reorderBy` others pass. */
  readonly reordering?: number | undefined;
  /** Maximum datagrams that pass one that is held back. Default 8. */
  readonly reorderBy?: number | undefined;
  /** Milliseconds of delay of every datagram. Default 0. */
  readonly delayMs?: number | undefined;
}

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

/** Datagrams by their fate. */
export interface RelayCounts {
  /** Datagrams received. */
  received: number;
  /** Datagrams sent on, including duplicates. */
  sent: number;
  /** Datagrams lost. */
  lost: number;
  /** Datagrams sent twice. */
  duplicated: number;
  /** Datagrams in which a bit was changed. */
  corrupted: number;
  /** Datagrams held back. */
  reordered: number;
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

/** Milliseconds after which a datagram that is held back is sent although none has passed it. */
const HELD_MS = 20;

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
  const { listen = { host: LOOPBACK, port: 0 }, open = openDatagram } = options;
  const { loss = 0, duplication = 0, corruption = 0, reordering = 0, reorderBy = 8, delayMs = 0 } = options;
  for (const [name, value] of Object.entries({ loss, duplication, corruption, reordering })) {
    checkShare(name, value);
  }
  checkInteger("reordering distance", reorderBy, 1, 1024);
  checkInteger("delay in milliseconds", delayMs, 0, 60_000);
  const random = createRandom(checkInteger("seed", options.seed, 0, 2 ** 32 - 1));
  const counts: RelayCounts = { received: 0, sent: 0, lost: 0, duplicated: 0, corrupted: 0, reordered: 0 };
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const held = new Set<{ left: number; readonly pass: () => void }>();
  let isClosed = false;

  const later = (ms: number, run: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
    return timer;
  };
  const send = (bytes: Uint8Array) => {
    const now = () => {
      if (isClosed) return;
      counts.sent++;
      void socket.send(batchOf([bytes]), relay.to);
    };
    if (delayMs === 0) now();
    else later(delayMs, now);
  };
  const hold = (bytes: Uint8Array, left: number) => {
    counts.reordered++;
    const pass = () => {
      if (!held.delete(entry)) return;
      clearTimeout(timer);
      timers.delete(timer);
      send(bytes);
    };
    const entry = { left, pass };
    const timer = later(HELD_MS, pass);
    held.add(entry);
  };
  const take = (received: Uint8Array) => {
    counts.received++;
    // Every datagram draws the same number of values, so that a fate does not depend on earlier ones.
    const [isLost, isDoubled, isChanged, isHeld] = [loss, duplication, corruption, reordering]
      .map((share) => random() < share) as [boolean, boolean, boolean, boolean];
    const place = random(), distance = 1 + Math.floor(random() * reorderBy);
    for (const entry of [...held]) if (--entry.left === 0) entry.pass();
    if (isLost) {
      counts.lost++;
      return;
    }
    const bytes = received.slice();
    if (isChanged && bytes.length > 0) {
      counts.corrupted++;
      const bit = Math.floor(place * 8 * bytes.length);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    if (isHeld) hold(bytes, distance);
    else send(bytes);
    if (!isDoubled) return;
    counts.duplicated++;
    send(bytes);
  };

  const socket = await open({ listen, onDatagrams: eachDatagram(take) }, wait);
  const relay: Relay = {
    local: socket.local,
    to: options.to,
    counts,
    close: async () => {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      held.clear();
      await socket.close();
    },
    [Symbol.asyncDispose]: () => relay.close(),
  };
  return relay;
}

function checkShare(name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value <= 1) return;
  throw new OnpathError("size", `Cannot use ${name} ${String(value)}: expected a number from 0 to 1`, {
    name,
  });
}

/** Numbers from 0 to 1, exclusive: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
