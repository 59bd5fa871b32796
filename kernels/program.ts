/**
 * The program: a plan made ready for a device, either as a model in TypeScript or as the contents of the RTL's
 * registers, tables and memory.
 *
 * @module
 */

import type { Refusal } from "../serialize/header.ts";
import type { PacketSlots } from "../serialize/packets.ts";
import type { Plan } from "./plan/plan.ts";
import type { PlanBuild } from "./rtl/builds.ts";
import type { DeviceProfile } from "./target/profile.ts";

/**
 * Reason why a device drops a packet: a refusal of the header, the plan id, the payload's length, a weight index out
 * of range, an epoch that has ended, or a piece of a row whose beginning is missing.
 */
export type DropReason = Refusal | "plan" | "items" | "weight" | "epoch" | "order";

/** A page load that runs beside packets. */
export interface PageLoad {
  /** Number of the page. */
  readonly page: number;
  /** Slot that it is loaded into. */
  readonly slot: number;
  /** Contents of the page. */
  readonly bytes: Uint8Array;
  /** Last epoch that uses the slot's previous page; −1 if none does. */
  readonly after: number;
  /** First epoch that uses this page. */
  readonly before: number;
}

/** Packets to a device and answers back. */
export interface Exchange {
  /** Slots with requests. */
  readonly input: PacketSlots;
  /** Number of requests, from slot 0 on. */
  readonly count: number;
  /** Slots for the answers. */
  readonly output: PacketSlots;
  /** Page loads of these requests' epochs, in the order in which they run. */
  readonly pages?: readonly PageLoad[] | undefined;
}

/** Work that a model has counted since it was loaded. */
export interface ModelCounts {
  /** Table lookups. */
  readonly lookups: number;
  /** Clock cycles, simulated. */
  readonly cycles: number;
  /** Cycles of waiting for pages or rows. */
  readonly stalls: number;
  /** Pages loaded. */
  readonly swaps: number;
  /** Bytes of pages loaded. */
  readonly pageBytes: number;
}

/** A kernel's behaviour packet by packet, bit for bit as the RTL does it. */
export interface PacketModel {
  /** Bytes and cycles of the tables that loading makes resident. */
  readonly resident: { readonly bytes: number; readonly cycles: number };
  /** Starts an exchange: queues its page loads. */
  readonly begin?: (exchange: Exchange) => void;
  /**
   * Processes one request.
   *
   * @param input Slots with requests.
   * @param slot Slot of the request.
   * @param output Slots for answers.
   * @param answer First free slot for answers.
   * @returns Number of answers written, or the reason why the packet was dropped.
   */
  readonly take: (
    input: PacketSlots,
    slot: number,
    output: PacketSlots,
    answer: number,
  ) => number | DropReason;
  /** Ends an exchange. */
  readonly end?: () => void;
  /** Returns the counts since the model was made. */
  readonly counts: () => ModelCounts;
}

/** Counts of a model that has no clock and no pages. */
export function plainCounts(lookups = 0): ModelCounts {
  return { lookups, cycles: 0, stalls: 0, swaps: 0, pageBytes: 0 };
}

/** Contents of one table, from its first entry on. */
export interface TableImage {
  /** Number of the table on the kernel's table stream. */
  readonly table: number;
  /** Entries, at most 64 bits each. */
  readonly entries: ArrayLike<number>;
}

/** Pages of a kernel image, made on demand. */
export interface PageImage {
  /** Number of pages. */
  readonly count: number;
  /** Bytes of each. */
  readonly bytes: number;
  /** Pages in the order of their first use. */
  readonly order: () => readonly number[];
  /** Makes the contents of a page. */
  readonly make: (page: number) => Uint8Array<ArrayBuffer>;
}

/** All that the RTL is given to run a plan. Plain data, but for pages that are made on demand. */
export interface KernelImage {
  /** RTL build that runs it. */
  readonly build: PlanBuild;
  /** Arguments, in the order of the registers. */
  readonly values: readonly number[];
  /** Tables. */
  readonly tables: readonly TableImage[];
  /** Contents of external memory, where the build has some. */
  readonly memory?: Uint8Array | undefined;
  /** Pages that are swapped beside packets. */
  readonly pages?: PageImage | undefined;
  /** Bytes of tables that loading makes resident. */
  readonly tableBytes: number;
  /** Lookups per item of answers and the bytes of an item, or the counters that hold lookups. */
  readonly lookups:
    | { readonly perItem: number; readonly itemBytes: number }
    | { readonly counters: readonly number[] };
}

/** A plan made ready for a device. */
export interface Program {
  /** The plan; its id is what packets carry. */
  readonly plan: Plan;
  /** Whether the device keeps state of one session, such as pages or rows, so that each session loads it anew. */
  readonly restarts: boolean;
  /**
   * Makes the model.
   *
   * @param profile Profile of the device that runs it.
   */
  readonly model: (profile: DeviceProfile) => PacketModel;
  /**
   * Makes the contents of the RTL's registers, tables and memory.
   *
   * @throws {OnpathError} `device` if no RTL build runs the plan, `table` if a table does not fit.
   */
  readonly image: () => KernelImage;
}
