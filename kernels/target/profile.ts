/**
 * Device profile: the numbers of a device that plans depend on.
 *
 * @module
 */

import type { FormName } from "../image/kernel.ts";

/** Packet layouts that a device may support; see `kernels/image/plan/layouts.ts`. */
export const LAYOUT_NAMES = ["cells", "tiles", "grid", "rows", "image"] as const;

/** Layout of the payloads that travel to the device. */
export type LayoutName = (typeof LAYOUT_NAMES)[number];

/** Memory types that can hold pages outside the chip. */
export const BACKINGS = ["hbm", "ddr4", "host"] as const;

/** Backing memory: holds the pages that are not on chip. Plain data. */
export interface Backing {
  /** Memory type. */
  readonly kind: (typeof BACKINGS)[number];
  /** Capacity in bytes. */
  readonly bytes: number;
  /** Total bandwidth of all ports, in 10^9 bytes a second. */
  readonly gigabytesPerSecond: number;
  /** Ports that share the bandwidth. The page loads of a kernel use one port. */
  readonly ports: number;
  /** Latency from a request to its first byte, in nanoseconds. */
  readonly latencyNs: number;
}

/**
 * Timing models. `bus`: the core processes one bus word a cycle, and tables arrive in bus words from the
 * backing memory, as a card's numbers allow. `rtl`: cycles equal the counters of the RTL in `kernels/rtl`.
 */
export const TIMINGS = ["bus", "rtl"] as const;

/** Numbers of a device that plans depend on. Plain data. */
export interface DeviceProfile {
  /** Name, as `--device` accepts it. */
  readonly name: string;
  /** Description in one line. */
  readonly summary: string;
  /** Longest payload of a packet in bytes. */
  readonly payload: number;
  /** Assumed clock of the kernels in MHz. It converts cycles to times. */
  readonly clockMHz: number;
  /** Width of the core's bus in bytes. */
  readonly busBytes: number;
  /** Number of block RAMs of 36 Kb (RAMB36), two ports each. */
  readonly bram: number;
  /** Number of UltraRAMs of 288 Kb (URAM288), two ports each. */
  readonly uram: number;
  /** Share of the memory blocks that kernels may use, greater than 0, at most 1. */
  readonly usable: number;
  /** Kernel instances that share memory blocks and network. */
  readonly instances: number;
  /** Memory that holds the pages that are not on chip. */
  readonly backing: Backing;
  /** Bandwidth of the host link in one direction, in 10^9 bytes a second. */
  readonly hostGigabytesPerSecond: number;
  /** Network bandwidth in 10^9 bits a second. */
  readonly networkGbps: number;
  /** Layouts that the kernels accept. */
  readonly layouts: readonly LayoutName[];
  /** Whether the kernels can read four neighbours from rows of samples. Default true. */
  readonly gathers?: boolean | undefined;
  /** Names of the kernels that the device has. */
  readonly kernels: readonly string[];
  /** Timing model, one of {@linkcode TIMINGS}. */
  readonly timing: (typeof TIMINGS)[number];
  /** Samples that the resize kernel outputs a cycle. Default those of a whole bus word. */
  readonly lanes?: number | undefined;
  /** Maximum pages resident in a kernel. By default the plan decides. */
  readonly slots?: number | undefined;
  /** Epochs between two loads of a plan. Default 2^32 − 1, the maximum of a header. */
  readonly epochs?: number | undefined;
  /**
   * Capacity in entries of each table and buffer, for each supported table form. Default: every form without
   * multipliers, at any depth.
   */
  readonly depths?: Partial<Record<FormName, Readonly<Record<string, number>>>> | undefined;
  /**
   * Memory blocks of the kernel build for each form, as synthesis estimates them: tables at full depth, and
   * packet buffers. They do not depend on the plan. By default the plan's tables and buffers are counted.
   */
  readonly built?: Partial<Record<FormName, { readonly bram: number; readonly uram: number }>> | undefined;
}

/**
 * Returns the page bytes that arrive in a cycle: the bandwidth of one port of the backing memory, at most one
 * bus word. The RTL loads one 32-bit entry a cycle.
 */
export function bytesPerCycle({ backing, clockMHz, busBytes, timing }: DeviceProfile): number {
  if (timing === "rtl") return 4;
  const perSecond = 1e9 * backing.gigabytesPerSecond / backing.ports;
  return Math.max(1, Math.min(busBytes, Math.floor(perSecond / (1e6 * clockMHz))));
}

/** Returns the cycles from a page request to its first byte, rounded up. */
export function latencyCycles({ backing, clockMHz }: DeviceProfile): number {
  return Math.ceil(backing.latencyNs * clockMHz / 1000);
}
