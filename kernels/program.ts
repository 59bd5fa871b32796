/**
 * Program: a plan prepared for a device. It is a model in TypeScript, or the contents of the RTL's registers,
 * tables and memory.
 *
 * @module
 */

import type { Refusal } from "../serialize/header.ts";
import type { PacketSlots } from "../serialize/packets.ts";
import type { Plan } from "./plan/plan.ts";
import type { PlanBuild } from "./rtl/builds.ts";
import type { DeviceProfile } from "./target/profile.ts";

/**
 * Reason why a device drops a packet. `plan`: wrong plan id. `items`: wrong payload length. `weight`: weight
 * index out of range. `epoch`: the epoch has ended. `order`: the start of a row is missing. The others are
 * header refusals.
 */
export type DropReason = Refusal | "plan" | "items" | "weight" | "epoch" | "order";

/** Page load that runs in parallel with packets. */
export interface PageLoad {
  /** Number of the page in the kernel image. */
  readonly page: number;
  /** Slot that receives the page. */
  readonly slot: number;
  /** Contents of the page, in the byte order of the table stream. */
  readonly bytes: Uint8Array;
  /** Last epoch that uses the slot's previous page; −1 if the slot is unused. */
  readonly after: number;
  /** First epoch that uses this page. */
  readonly before: number;
}

/** Requests sent to a device together, with memory for their answers. */
export interface Exchange {
  /** Slots that hold the requests. */
  readonly input: PacketSlots;
  /** Number of requests, in slots 0 to `count` − 1. */
  readonly count: number;
  /** Slots that receive the answers. */
  readonly output: PacketSlots;
  /** Page loads for the epochs of these requests, in execution order. */
  readonly pages?: readonly PageLoad[] | undefined;
}

/** Work counters of a model since it was loaded. */
export interface ModelCounts {
  /** Number of table lookups. */
  readonly lookups: number;
  /** Simulated clock cycles. */
  readonly cycles: number;
  /** Cycles stalled on pages or rows. */
  readonly stalls: number;
  /** Number of pages loaded. */
  readonly swaps: number;
  /** Bytes of all pages loaded. */
  readonly pageBytes: number;
}

/** Model of a kernel's packet processing. Its answers equal the RTL's bit for bit. */
export interface PacketModel {
  /** Bytes of the resident tables, and the cycles to load them. */
  readonly resident: { readonly bytes: number; readonly cycles: number };
  /** Starts an exchange and queues its page loads. */
  readonly begin?: (exchange: Exchange) => void;
  /**
   * Processes one request.
   *
   * @param input Slots that hold the requests.
   * @param slot Slot of the request.
   * @param output Slots for the answers.
   * @param answer First free answer slot.
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
  /** Returns the counters since the model was created. */
  readonly counts: () => ModelCounts;
}

/**
 * Counters of a model without a clock and without pages.
 *
 * @example
 * ```ts
 * import { plainCounts } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * assert.equal(plainCounts(3).lookups, 3);
 * ```
 */
export function plainCounts(lookups = 0): ModelCounts {
  return { lookups, cycles: 0, stalls: 0, swaps: 0, pageBytes: 0 };
}

/** Contents of one table, from its first entry. */
export interface TableImage {
  /** Table number on the kernel's table stream. */
  readonly table: number;
  /** Table entries, at most 64 bits each. */
  readonly entries: ArrayLike<number>;
}

/** Counts the entries of tables: the last argument of every RTL kernel. It refuses packets until they are loaded. */
export function countEntries(tables: readonly TableImage[]): number {
  return tables.reduce((sum, { entries }) => sum + entries.length, 0);
}

/** Pages of a kernel image, generated on demand. */
export interface PageImage {
  /** Number of pages. */
  readonly count: number;
  /** Bytes of one page. */
  readonly bytes: number;
  /** Page numbers in the order of first use. */
  readonly order: () => readonly number[];
  /** Generates the contents of a page. */
  readonly make: (page: number) => Uint8Array<ArrayBuffer>;
}

/** Contents that the RTL needs to run a plan. Plain data, except that pages are generated on demand. */
export interface KernelImage {
  /** RTL build that runs the plan. */
  readonly build: PlanBuild;
  /** Argument values, in register order. */
  readonly values: readonly number[];
  /** Contents of the tables. */
  readonly tables: readonly TableImage[];
  /** Contents of external memory; absent if the build has no external memory. */
  readonly memory?: Uint8Array | undefined;
  /** Pages that are swapped in parallel with packets. */
  readonly pages?: PageImage | undefined;
  /** Bytes of the resident tables. */
  readonly tableBytes: number;
  /** Lookups per item of answers and the bytes of an item, or the indexes of the counters that count them. */
  readonly lookups:
    | { readonly perItem: number; readonly itemBytes: number }
    | { readonly counters: readonly number[] };
}

/** Plan prepared for a device. */
export interface Program {
  /** Plan of this program. Packets carry its id. */
  readonly plan: Plan;
  /**
   * Whether the device keeps state of one session, such as pages or rows. Each session then reloads the
   * program.
   */
  readonly restarts: boolean;
  /**
   * Creates a model.
   *
   * @param profile Profile of the simulated device.
   */
  readonly model: (profile: DeviceProfile) => PacketModel;
  /**
   * Generates the contents of the RTL's registers, tables and memory.
   *
   * @throws {OnpathError} `device` if no RTL build runs the plan; `table` if a table does not fit.
   */
  readonly image: () => KernelImage;
}
