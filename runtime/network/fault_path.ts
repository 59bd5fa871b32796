/**
 * Faults of a path, drawn from a seed: the n-th packet has the same fate for the same seed.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../serialize/errors.ts";

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

/** What a path does with packets besides their fate. */
export interface FaultPathOptions {
  /** Faults of the path. */
  readonly faults: RelayFaults;
  /** Seed of the faults, 32 bits. */
  readonly seed: number;
  /**
   * Sends a packet on.
   *
   * @param bytes Packet, which the path does not use again.
   */
  readonly send: (bytes: Uint8Array) => void;
  /**
   * Changes one bit of a packet.
   *
   * @param bytes Packet.
   * @param place Place of the bit, from 0 to 1, exclusive. Default: any bit of the packet.
   */
  readonly corrupt?: ((bytes: Uint8Array, place: number) => void) | undefined;
}

/** Milliseconds after which a packet that is held back is sent although none has passed it. */
const HELD_MS = 20;

/** A path in one direction. */
export class FaultPath {
  /** Counts since creation. */
  readonly counts: RelayCounts = {
    received: 0,
    sent: 0,
    lost: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
  };
  readonly #options: FaultPathOptions;
  readonly #faults: { readonly [K in keyof RelayFaults]-?: number };
  readonly #random: () => number;
  readonly #held = new Set<{ left: number; readonly pass: () => void }>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isClosed = false;

  /**
   * Makes a path without packets.
   *
   * @param options Faults, seed and destination.
   * @throws {OnpathError} `size` if a fault or the seed is out of range.
   */
  constructor(options: FaultPathOptions) {
    const { loss = 0, duplication = 0, corruption = 0, reordering = 0, reorderBy = 8, delayMs = 0 } =
      options.faults;
    for (const [name, value] of Object.entries({ loss, duplication, corruption, reordering })) {
      checkShare(name, value);
    }
    checkInteger("reordering distance", reorderBy, 1, 1024);
    checkInteger("delay in milliseconds", delayMs, 0, 60_000);
    this.#options = options;
    this.#faults = { loss, duplication, corruption, reordering, reorderBy, delayMs };
    this.#random = createRandom(checkInteger("seed", options.seed, 0, 2 ** 32 - 1));
  }

  /**
   * Takes a packet.
   *
   * @param received Packet; copied.
   */
  take(received: Uint8Array): void {
    const { counts } = this, random = this.#random;
    const { loss, duplication, corruption, reordering, reorderBy } = this.#faults;
    counts.received++;
    // Every packet draws the same number of values, so that a fate does not depend on earlier ones.
    const [isLost, isDoubled, isChanged, isHeld] = [loss, duplication, corruption, reordering]
      .map((share) => random() < share) as [boolean, boolean, boolean, boolean];
    const place = random(), distance = 1 + Math.floor(random() * reorderBy);
    for (const entry of [...this.#held]) if (--entry.left === 0) entry.pass();
    if (isLost) {
      counts.lost++;
      return;
    }
    const bytes = received.slice();
    if (isChanged && bytes.length > 0) {
      counts.corrupted++;
      (this.#options.corrupt ?? flip)(bytes, place);
    }
    if (isHeld) this.#hold(bytes, distance);
    else this.#send(bytes);
    if (!isDoubled) return;
    counts.duplicated++;
    this.#send(bytes);
  }

  #send(bytes: Uint8Array): void {
    const now = () => {
      this.counts.sent++;
      this.#options.send(bytes);
    };
    if (this.#faults.delayMs === 0) now();
    else this.#later(this.#faults.delayMs, now);
  }

  #hold(bytes: Uint8Array, left: number): void {
    this.counts.reordered++;
    const pass = () => {
      if (!this.#held.delete(entry)) return;
      clearTimeout(timer);
      this.#timers.delete(timer);
      this.#send(bytes);
    };
    const entry = { left, pass };
    const timer = this.#later(HELD_MS, pass);
    this.#held.add(entry);
  }

  #later(ms: number, run: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isClosed) run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  /** Drops the packets that the path holds. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#held.clear();
  }
}

function flip(bytes: Uint8Array, place: number): void {
  const bit = Math.floor(place * 8 * bytes.length);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
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
