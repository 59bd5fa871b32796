/**
 * Ethernet port of VNx: link state, counters, loopback and error correction.
 *
 * @module
 */

import { type Registers, requireRegisters } from "../binding/registers.ts";
import { CMAC_REGISTER, RX_COUNTERS, RX_STATUS, TX_COUNTERS } from "./map.ts";
import { readCounter, readCounters } from "./words.ts";

/** State of the link: the receive status bits, and the transmitter's local fault. */
export type VnxLink = Readonly<Record<keyof typeof RX_STATUS | "transmitLocalFault", boolean>>;

/** Counts since the previous call of {@linkcode VnxPort.statistics}. */
export interface VnxPortStatistics {
  /** Clock cycles since the previous call. */
  readonly cycles: number;
  /** Transmit counters. */
  readonly tx: Readonly<Record<keyof typeof TX_COUNTERS, number>>;
  /** Receive counters. */
  readonly rx: Readonly<Record<keyof typeof RX_COUNTERS, number>>;
}

/** Names of the port's modes, indexed by the register `mode`. */
const MODES = ["CAUI10", "CAUI4", "runtime switchable CAUI10", "runtime switchable CAUI4"] as const;

/** Ethernet port of a card. */
export class VnxPort {
  readonly #registers: Registers;

  /**
   * Creates the port's controls. No register is accessed yet.
   *
   * @param registers Registers of `cmac_0` or `cmac_1`: `device.ip("cmac_0")`, or a model.
   * @throws {OnpathError} `size` when they cannot be read and written.
   */
  constructor(registers: Registers) {
    requireRegisters("network port", registers);
    this.#registers = registers;
  }

  /** Reads the present state of the link. */
  link(): VnxLink {
    // Status bits stay set until they are read. The second read returns the present state.
    const read = (offset: number) => {
      this.#registers.readRegister(offset);
      return this.#registers.readRegister(offset);
    };
    const [rx, tx] = [read(CMAC_REGISTER.rxStatus), read(CMAC_REGISTER.txStatus)];
    const names = Object.keys(RX_STATUS) as (keyof typeof RX_STATUS)[];
    const bits = Object.fromEntries(names.map((name) => [name, (rx >>> RX_STATUS[name] & 1) === 1]));
    return { ...bits as Record<keyof typeof RX_STATUS, boolean>, transmitLocalFault: (tx & 1) === 1 };
  }

  /** Reads the counters and resets them to 0. */
  statistics(): VnxPortStatistics {
    this.#registers.writeRegister(CMAC_REGISTER.tick, 1);
    return {
      cycles: readCounter(this.#registers, CMAC_REGISTER.cycles),
      tx: readCounters(this.#registers, TX_COUNTERS),
      rx: readCounters(this.#registers, RX_COUNTERS),
    };
  }

  /** Reads the version of the Ethernet core, such as `3.1`. */
  version(): string {
    const version = this.#registers.readRegister(CMAC_REGISTER.version);
    return `${version >>> 8 & 0xff}.${version & 0xff}`;
  }

  /** Reads the lane mode of the Ethernet core, such as `CAUI4`. */
  mode(): string {
    return MODES[this.#registers.readRegister(CMAC_REGISTER.mode) & 3]!;
  }

  /** Whether the port receives its own transmissions, inside the card. */
  get loopback(): boolean {
    return (this.#registers.readRegister(CMAC_REGISTER.loopback) & 1) === 1;
  }

  /** Enables or disables loopback inside the card. */
  set loopback(on: boolean) {
    this.#registers.writeRegister(CMAC_REGISTER.loopback, on ? 1 : 0);
  }

  /** Whether Reed-Solomon error correction is on; both ends must agree. */
  get errorCorrection(): boolean {
    return this.#registers.readRegister(CMAC_REGISTER.rsfecEnable) === 3;
  }

  /** Enables or disables Reed-Solomon correction and indication, and resets the port. */
  set errorCorrection(on: boolean) {
    this.#registers.writeRegister(CMAC_REGISTER.rsfecEnable, on ? 3 : 0);
    this.#registers.writeRegister(CMAC_REGISTER.rsfecIndication, on ? 7 : 0);
    this.#registers.writeRegister(CMAC_REGISTER.reset, 0xc000_0000);
    this.#registers.writeRegister(CMAC_REGISTER.reset, 0);
  }
}
