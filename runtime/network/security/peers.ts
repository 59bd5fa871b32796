/**
 * Peers of a NIC: limits and counts of each host that has a control connection.
 *
 * @module
 */

import { checkInteger } from "../../../serialize/errors.ts";

/** Hosts whose counts are kept at once. Those without a connection are evicted first. */
const MAX_HOSTS = 256;

/** Bounds of one host. By default one host takes at most three quarters of what a NIC has. */
export interface PeerLimits {
  /** Programs at once. */
  readonly programs?: number | undefined;
  /** Flows at once. */
  readonly flows?: number | undefined;
  /** Control connections at once. */
  readonly connections?: number | undefined;
  /** Requests a second, 1 to 10^9. Default without a limit. */
  readonly packetsPerSecond?: number | undefined;
  /** Requests that may come at once after a pause. Default a tenth of a second's, at least 64. */
  readonly burstPackets?: number | undefined;
  /** Bytes of the host's requests that wait for devices. Default 4 MiB. */
  readonly queuedBytes?: number | undefined;
}

/** Counts of one host since its first connection. */
export interface PeerCounts {
  /** Control connections that are open. */
  readonly connections: number;
  /** Requests of its flows that were taken. */
  readonly packets: number;
  /** Datagrams of its flows that were dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Bytes of its requests that wait for devices. */
  readonly queuedBytes: number;
}

/** A host with a control connection. */
export class Peer {
  /** Control connections that are open. */
  connections = 0;
  /** Requests taken. */
  packets = 0;
  /** Bytes of requests that wait for devices. */
  queuedBytes = 0;
  readonly #dropped = new Map<string, number>();
  readonly #rate: number;
  readonly #burst: number;
  readonly #maxQueued: number;
  #tokens: number;
  #last = 0;

  /**
   * Makes a host without requests.
   *
   * @param limits Its limits, which are checked.
   */
  constructor({ packetsPerSecond, burstPackets, queuedBytes = 2 ** 22 }: PeerLimits) {
    this.#rate = packetsPerSecond === undefined ? Infinity : packetsPerSecond / 1000;
    this.#burst = burstPackets ?? Math.max(64, Math.ceil((packetsPerSecond ?? 0) / 10));
    this.#maxQueued = queuedBytes;
    this.#tokens = this.#burst;
  }

  /**
   * Takes a request, unless the host is over its limits.
   *
   * @param now Time in milliseconds, if it is known. Default the present.
   */
  admit(now?: number): boolean {
    if (this.queuedBytes >= this.#maxQueued) return false;
    if (this.#rate === Infinity) return true;
    const time = now ?? performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, time - this.#last) * this.#rate);
    this.#last = time;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Counts a dropped datagram. */
  drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  /** Counts since creation. */
  counts(): PeerCounts {
    const { connections, packets, queuedBytes } = this;
    return { connections, packets, dropped: Object.fromEntries(this.#dropped), queuedBytes };
  }
}

/** Hosts by IP address. */
export class Peers {
  readonly #limits: PeerLimits;
  readonly #peers = new Map<string, Peer>();

  /**
   * Makes an empty table.
   *
   * @param limits Limits of each host.
   * @throws {OnpathError} `size` if a limit is out of range.
   */
  constructor(limits: PeerLimits) {
    for (const [name, value] of Object.entries(limits)) {
      if (value !== undefined) checkInteger(`limit ${name} of a peer`, value, 1, 1e9);
    }
    this.#limits = limits;
  }

  /** Returns a host, which is added if it is new. */
  of(host: string): Peer {
    let peer = this.#peers.get(host);
    if (peer === undefined) {
      if (this.#peers.size >= MAX_HOSTS) this.#evict();
      this.#peers.set(host, peer = new Peer(this.#limits));
    }
    return peer;
  }

  #evict(): void {
    for (const [host, { connections }] of this.#peers) {
      if (connections > 0) continue;
      this.#peers.delete(host);
      return;
    }
  }

  /** Counts by host. */
  counts(): Readonly<Record<string, PeerCounts>> {
    return Object.fromEntries([...this.#peers].map(([host, peer]) => [host, peer.counts()]));
  }
}
