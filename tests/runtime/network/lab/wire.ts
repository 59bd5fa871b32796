/**
 * Wire: IP packets between hosts pass through faults. UDP and TCP of each direction have faults of their own, drawn
 * from one seed, so that the n-th datagram from one host to another has the same fate in every run.
 *
 * @module
 */

import { FaultPath, type RelayCounts, type RelayFaults } from "../../../../runtime/network/fault_path.ts";
import { yieldToEventLoop } from "../../../../runtime/device/serial.ts";
import { addressKey, corruptPayload, readRoute, TCP, UDP } from "./ip_packet.ts";
import { openTun, type Tun, type TunEnd } from "./tun.ts";

/** Packets read of one end before the others have their turn. */
const TURN = 32;
/** Milliseconds of one wait, after which the wire looks whether it was closed. */
const WAIT_MS = 50;

/** A host at the wire. */
export interface WireEnd {
  /** Process in the host's namespace. */
  readonly holder: number;
  /** Name of the interface, which the wire makes. */
  readonly name: string;
  /** Addresses of the host, which the interface has later. */
  readonly addresses: readonly string[];
}

/** Counts of a wire: packets by fate, and those that the kernel did not take or that belong to no host. */
export interface WireCounts {
  readonly udp: RelayCounts;
  readonly tcp: RelayCounts;
  readonly refused: number;
  readonly strange: number;
}

/** An open wire. */
export interface Wire {
  counts(): WireCounts;
  /** Replaces the faults. Packets that are held back or delayed are lost. */
  setFaults(faults: RelayFaults, seed: number): void;
  close(): Promise<void>;
}

/** Opens a wire without faults. */
export async function openWire(places: readonly WireEnd[]): Promise<Wire> {
  const tun = await openTun(places);
  const byAddress = new Map(
    places.flatMap(({ addresses }, n) => addresses.map((address) => [addressKey(address), n])),
  );
  const paths = new Map<string, FaultPath>();
  let faults: RelayFaults = {}, seed = 1, refused = 0, strange = 0, isClosed = false;

  const pathOf = (from: number, to: number, protocol: number) => {
    const key = `${from} ${to} ${protocol}`;
    let path = paths.get(key);
    if (path === undefined) {
      const send = (bytes: Uint8Array) => {
        if (!tun.write(tun.ends[to]!, bytes)) refused++;
      };
      const number = (from * places.length + to) * 256 + protocol;
      path = new FaultPath({ faults, seed: (seed + 65_537 * number) >>> 0, send, corrupt: corruptPayload });
      paths.set(key, path);
    }
    return path;
  };
  const take = (from: number, packet: Uint8Array) => {
    const route = readRoute(packet);
    const to = route === undefined ? undefined : byAddress.get(route.to);
    // The kernel announces itself by other protocols, which no host here needs.
    if (to === undefined || (route!.protocol !== UDP && route!.protocol !== TCP)) strange++;
    else pathOf(from, to, route!.protocol).take(packet);
  };
  const ended = pump(tun, take, () => isClosed);
  const sum = (protocol: number): RelayCounts => {
    const total: RelayCounts = {
      received: 0,
      sent: 0,
      lost: 0,
      duplicated: 0,
      corrupted: 0,
      reordered: 0,
    };
    for (const [key, { counts }] of paths) {
      if (!key.endsWith(` ${protocol}`)) continue;
      for (const name of Object.keys(total) as (keyof RelayCounts)[]) total[name] += counts[name];
    }
    return total;
  };
  const closePaths = () => {
    for (const path of paths.values()) path.close();
    paths.clear();
  };
  return {
    counts: () => ({ udp: sum(UDP), tcp: sum(TCP), refused, strange }),
    setFaults: (next, nextSeed) => {
      closePaths();
      [faults, seed, refused, strange] = [next, nextSeed, 0, 0];
    },
    close: async () => {
      isClosed = true;
      await ended;
      closePaths();
      tun[Symbol.dispose]();
    },
  };
}

async function pump(
  tun: Tun,
  take: (from: number, packet: Uint8Array) => void,
  isClosed: () => boolean,
): Promise<void> {
  const drain = (end: TunEnd, n: number) => {
    for (let count = 0; count < TURN; count++) {
      const packet = tun.read(end);
      if (packet === undefined) return false;
      take(n, packet);
    }
    return true;
  };
  while (!isClosed()) {
    const isMore = tun.ends.map(drain).includes(true);
    await (isMore ? yieldToEventLoop() : tun.wait(WAIT_MS));
  }
}
