/**
 * The device interface. Model, RTL and XRT implement it, and one test suite runs on all of them.
 *
 * @module
 */

import type { DropReason, Exchange, Program } from "../../kernels/program.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import type { Direct } from "../../kernels/workload.ts";
import type { Progress } from "../../serialize/flow.ts";
import type { WaitOptions } from "../../serialize/wait.ts";

/** Counts since a device was opened. */
export interface DeviceCounters {
  /** Packets processed. */
  readonly packets: number;
  /** Packets dropped, by the check that failed. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Table lookups. */
  readonly lookups: number;
  /** Clock cycles, or null if the device does not count them. The model estimates them. */
  readonly cycles: number | null;
  /** Cycles stalled for pages or rows, or null if the device does not count them. */
  readonly stalls: number | null;
  /** Pages loaded. */
  readonly swaps: number;
  /** Bytes of tables and pages loaded. */
  readonly tableBytes: number;
}

/** Options of {@linkcode Device.compute}. */
export interface ComputeOptions extends WaitOptions {
  /** Called after every computed input. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * A device. The caller owns all slots and may reuse them when an exchange has ended. Overlapping calls run one after
 * another, in call order. A request may have several answers or none.
 */
export interface Device extends AsyncDisposable {
  /** Numbers and capabilities. Plans are compiled for them. */
  readonly profile: DeviceProfile;
  /** Returns the loaded program, or null. */
  loaded(): Program | null;
  /**
   * Loads a program in place of the previous one. A refused program changes nothing.
   *
   * @throws {OnpathError} `device` if the device is closed or lacks a kernel, `table` if the tables do not fit.
   */
  load(program: Program, options?: WaitOptions): Promise<void>;
  /**
   * Sends packets and collects the answers, in any order. Answers may be missing or duplicated. Page loads run beside
   * the packets: an epoch begins once its loads are done, and a page slot is overwritten after the epoch that frees it.
   *
   * @returns Number of answers. They are in the output's slots from 0 on.
   * @throws {OnpathError} `device` if the device is closed, has no program, or fails; `size` if slots do not suffice;
   * `table` if a page is missing or has the wrong length.
   */
  exchange(exchange: Exchange, options?: WaitOptions): Promise<number>;
  /**
   * Computes whole inputs on the host, without packets. Absent on devices that take packets only; a session uses it for
   * plans that have a direct form.
   *
   * @param direct Computation of the plan.
   * @param inputs Inputs that the computation has checked.
   * @param options Signal, progress, timeout of an answer of a worker thread, and options of the computation.
   * @returns Results in input order.
   * @throws {OnpathError} `device` if the device is closed or a worker thread fails; `timeout`; errors of the computation.
   */
  readonly compute?:
    | (<In, Out, Options extends ComputeOptions>(
      direct: Direct<In, Out, Options>,
      inputs: readonly In[],
      options: Options,
    ) => Promise<Out[]>)
    | undefined;
  /** Returns the counts since the device was opened. */
  counters(): DeviceCounters;
  /** Frees all resources of the device. Further calls have no effect. */
  close(): Promise<void>;
}
