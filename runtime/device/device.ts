/**
 * The device interface: whatever turns packets into packets. Model, RTL and XRT implement it, and one suite of tests
 * runs on all of them.
 *
 * @module
 */

import type { DropReason, Exchange, Program } from "../../kernels/program.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import type { WaitOptions } from "../../serialize/wait.ts";

/** Counts of a device since it was opened. */
export interface DeviceCounters {
  /** Packets processed. */
  readonly packets: number;
  /** Packets dropped, by the check that failed. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Table lookups. */
  readonly lookups: number;
  /** Clock cycles, or null if the device counts none. The model's are simulated. */
  readonly cycles: number | null;
  /** Cycles of waiting for pages or rows, or null if the device counts none. */
  readonly stalls: number | null;
  /** Pages loaded. */
  readonly swaps: number;
  /** Bytes of tables and pages loaded. */
  readonly tableBytes: number;
}

/**
 * A device. Slots stay the caller's, and are free again when an exchange has ended. Calls that overlap are taken one
 * after another. A request may bring several answers or none.
 */
export interface Device extends AsyncDisposable {
  /** Its numbers and capabilities. */
  readonly profile: DeviceProfile;
  /** Program that is loaded, or null. */
  loaded(): Program | null;
  /**
   * Makes a program resident, in place of the one before. A program that is refused changes nothing.
   *
   * @throws {OnpathError} `device` if the device is closed or lacks a kernel, `table` if the tables do not fit.
   */
  load(program: Program, options?: WaitOptions): Promise<void>;
  /**
   * Sends packets and collects the answers, in any order; answers may be missing or come twice. Page loads run beside
   * the packets: an epoch begins once its loads are done, and a slot is overwritten from the end of the epoch that
   * frees it.
   *
   * @returns Number of answers, in the output's slots from 0 on.
   * @throws {OnpathError} `device` if the device is closed, has no program, or fails; `size` if slots do not suffice;
   * `table` if a page is missing or has the wrong length.
   */
  exchange(exchange: Exchange, options?: WaitOptions): Promise<number>;
  /** Returns the counts. */
  counters(): DeviceCounters;
  /** Frees what it holds. May be called again. */
  close(): Promise<void>;
}
