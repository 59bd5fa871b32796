/**
 * What a device is: whatever turns packets into packets. One interface, one suite of tests for all.
 *
 * @module
 */

import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import type { Refusal } from "../../serialize/header.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Plan } from "../../kernels/image/plan/plan.ts";
import type { NormalizePlan } from "../../kernels/text_normalize/plan.ts";
import type { TextPlan } from "../../kernels/tokenize/plan/plan.ts";
import type { StagedPage } from "../../kernels/image/model/page_bank.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";

/** What a device has counted since it was opened. */
export interface DeviceCounters {
  /** Packets processed. */
  readonly packets: number;
  /** Packets dropped, by the name of the check that failed. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Table lookups. */
  readonly lookups: number;
  /** Clock cycles, where the device counts them; the model's are simulated. */
  readonly cycles: number | null;
  /** Cycles of waiting for pages or rows. */
  readonly stalls: number | null;
  /** Pages loaded. */
  readonly swaps: number;
  /** Bytes of tables and pages loaded. */
  readonly tableBytes: number;
}

/**
 * Why a device drops a packet: its header, its plan, its length, a weight index out of range, an epoch
 * that is over, or a piece of a row whose beginning did not come.
 */
export type DropReason = Refusal | "plan" | "items" | "weight" | "epoch" | "order";

/** One exchange of packets. */
export interface Exchange {
  /** Slots with packets to send. */
  readonly input: PacketSlots;
  /** Number of packets, from slot 0 on. */
  readonly count: number;
  /** Slots for the answers, at least as many. */
  readonly output: PacketSlots;
}

/**
 * A device. It owns nothing of the caller's: slots are the caller's and free again when an exchange has
 * ended. It serves one session at a time, and one exchange at a time. Where rows are sent, a packet may
 * bring several answers or none.
 */
export interface Device extends AsyncDisposable {
  /** Its numbers. */
  readonly profile: DeviceProfile;
  /**
   * Makes the tables of a plan resident.
   *
   * @throws {OnpathError} `device` when the device is closed or lacks a kernel, `table` when the
   * tables do not fit.
   */
  load(plan: Plan, options?: WaitOptions): Promise<void>;
  /**
   * Makes the tables of a text plan resident, in place of any plan before; a device without it serves no text.
   *
   * @throws {OnpathError} `device` when the device is closed or lacks what the plan asks for, `table` when the
   * vocabulary does not fit, `plan` when it is another than the plan's.
   */
  loadText?(plan: TextPlan, vocabulary: Vocabulary, options?: WaitOptions): Promise<void>;
  /**
   * Makes a plan of normalisation resident, in place of any plan before; a device without it normalises no text.
   *
   * @throws {OnpathError} `device` when the device is closed or lacks what the plan asks for.
   */
  loadNormalize?(plan: NormalizePlan, options?: WaitOptions): Promise<void>;
  /**
   * Queues page loads beside the packets that follow. A packet's epoch begins when the loads that it
   * needs are done; a slot is overwritten from the end of the epoch that frees it.
   *
   * @throws {OnpathError} `device` when there is no plan with pages, `table` when a page's length is wrong.
   */
  stage(pages: readonly StagedPage[], options?: WaitOptions): Promise<void>;
  /**
   * Sends packets and collects the answers, in any order; packets may be missing or come twice.
   *
   * @returns Number of answers, in the output's slots from 0 on.
   * @throws {OnpathError} `device` when the device is closed, has no plan, or fails.
   */
  exchange(exchange: Exchange, options?: WaitOptions): Promise<number>;
  /** What it has counted. */
  counters(): DeviceCounters;
  /** Frees what it holds. May be called again. */
  close(): Promise<void>;
}
