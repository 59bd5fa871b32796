/**
 * VNx's Ethernet port: link, counters, loopback, error correction.
 *
 * @module
 */

import type { Registers } from "../binding/registers.ts";
import { CMAC_REGISTER, RX_COUNTERS, RX_STATUS, TX_COUNTERS } from "./map.ts";
import { readCounter, readCounters } from "./words.ts";

/** How the link is. */
export type VnxLink = Readonly<Record<keyof typeof RX_STATUS | "transmitLocalFault", boolean>>;

/** What the port has counted since the last time. */
export interface VnxPortStatistics {
  /** Cycles between the two. */
  readonly cycles: number;
  /** What was sent. */
  readonly tx: Readonly<Record<keyof typeof TX_COUNTERS, number>>;
  /** What was received. */
  readonly rx: Readonly<Record<keyof typeof RX_COUNTERS, number>>;
}

/** Names of the modes of the port, by number. */
const MODES = ["CAUI10", "CAUI4", "runtime switchable CAUI10", "runtime switchable CAUI4"] as const;

/** The Ethernet port of a card. */
export class VnxPort {
  readonly #registers: Registers;

  /**
   * Takes the registers of `cmac_0` or `cmac_1`.
   *
   * @param registers `device.ip("cmac_0")`, or a model.
   */
  constructor(registers: Registers) {
    this.#registers = registers;
  }

  /** How the link is now. */
  link(): VnxLink {
    // The status keeps what was wrong since it was last read: the second reading is of now.
    const read = (offset: number) => {
      this.#registers.readRegister(offset);
      return this.#registers.readRegister(offset);
    };
    const [rx, tx] = [read(CMAC_REGISTER.rxStatus), read(CMAC_REGISTER.txStatus)];
    const names = Object.keys(RX_STATUS) as (keyof typeof RX_STATUS)[];
    const bits = Object.fromEntries(names.map((name) => [name, (rx >>> RX_STATUS[name] & 1) === 1]));
    return { ...bits as Record<keyof typeof RX_STATUS, boolean>, transmitLocalFault: (tx & 1) === 1 };
  }

  /** What was counted since this was last asked; asking starts the counters at 0 again. */
  statistics(): VnxPortStatistics {
    this.#registers.writeRegister(CMAC_REGISTER.tick, 1);
    return {
      cycles: readCounter(this.#registers, CMAC_REGISTER.cycles),
      tx: readCounters(this.#registers, TX_COUNTERS),
      rx: readCounters(this.#registers, RX_COUNTERS),
    };
  }

  /** The core's version, such as `3.1`. */
  version(): string {
    const version = this.#registers.readRegister(CMAC_REGISTER.version);
    return `${version >>> 8 & 0xff}.${version & 0xff}`;
  }

  /** How the core is built. */
  mode(): string {
    return MODES[this.#registers.readRegister(CMAC_REGISTER.mode) & 3]!;
  }

  /** Whether what is sent comes back inside the card. */
  get loopback(): boolean {
    return (this.#registers.readRegister(CMAC_REGISTER.loopback) & 1) === 1;
  }

  /** Sets whether what is sent comes back inside the card. */
  set loopback(on: boolean) {
    this.#registers.writeRegister(CMAC_REGISTER.loopback, on ? 1 : 0);
  }

  /** Whether Reed-Solomon error correction is on; both ends must agree. */
  get errorCorrection(): boolean {
    return this.#registers.readRegister(CMAC_REGISTER.rsfecEnable) === 3;
  }

  /** Switches Reed-Solomon error correction, with correction and indication, and resets the port. */
  set errorCorrection(on: boolean) {
    this.#registers.writeRegister(CMAC_REGISTER.rsfecEnable, on ? 3 : 0);
    this.#registers.writeRegister(CMAC_REGISTER.rsfecIndication, on ? 7 : 0);
    this.#registers.writeRegister(CMAC_REGISTER.reset, 0xc000_0000);
    this.#registers.writeRegister(CMAC_REGISTER.reset, 0);
  }
}
