/**
 * A device's numbers: all that plans know of it.
 *
 * @module
 */

import type { FormName } from "../image/kernel.ts";

/** Layouts that a device may take, see `kernels/image/plan/layouts.ts`. */
export const LAYOUT_NAMES = ["cells", "tiles", "grid", "rows", "image"] as const;

/** One of {@linkcode LAYOUT_NAMES}: what travels to the device. */
export type LayoutName = (typeof LAYOUT_NAMES)[number];

/** Where pages lie that are not on chip. */
export const BACKINGS = ["hbm", "ddr4", "host"] as const;

/** The memory behind the on-chip memory. Plain data. */
export interface Backing {
  /** What it is. */
  readonly kind: (typeof BACKINGS)[number];
  /** Bytes. */
  readonly bytes: number;
  /** Bandwidth of all its ports, in 10^9 bytes a second. */
  readonly gigabytesPerSecond: number;
  /** Ports that share the bandwidth; a kernel's page loads use one. */
  readonly ports: number;
  /** Nanoseconds from a request to its first byte. */
  readonly latencyNs: number;
}

/**
 * How cycles are counted. `bus`: the core's work at a bus word a cycle, and tables in bus words from the
 * backing memory: what a card's numbers allow. `rtl`: what the counters of the RTL in `kernels/rtl` show.
 */
export const TIMINGS = ["bus", "rtl"] as const;

/** A device's numbers, as far as plans depend on them. Plain data. */
export interface DeviceProfile {
  /** Name, as `--device` takes it. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Longest payload of a packet, in bytes. */
  readonly payload: number;
  /** Clock of the kernels, in MHz. Times follow from cycles by it; it is assumed, not measured. */
  readonly clockMHz: number;
  /** Bytes of a word of the core's bus. */
  readonly busBytes: number;
  /** Block RAMs of 36 Kb (RAMB36), two ports each. */
  readonly bram: number;
  /** UltraRAMs of 288 Kb (URAM288), two ports each. */
  readonly uram: number;
  /** Share of the blocks that kernels may take, over 0 up to 1. */
  readonly usable: number;
  /** Kernel instances that share blocks and network. */
  readonly instances: number;
  /** The memory behind the on-chip memory. */
  readonly backing: Backing;
  /** Bandwidth of the host's link in one direction, in 10^9 bytes a second. */
  readonly hostGigabytesPerSecond: number;
  /** Bandwidth of the network, in 10^9 bits a second. */
  readonly networkGbps: number;
  /** Layouts that its kernels take. */
  readonly layouts: readonly LayoutName[];
  /** Whether its kernels take four neighbours out of rows that are sent; left out where they do. */
  readonly gathers?: boolean | undefined;
  /** Names of the kernels it has. */
  readonly kernels: readonly string[];
  /** How its cycles are counted. */
  readonly timing: (typeof TIMINGS)[number];
  /** Samples that its resize makes in a cycle; left out where it makes those of a whole bus word. */
  readonly lanes?: number | undefined;
  /** Pages that its kernels hold at most; left out where the plan decides. */
  readonly slots?: number | undefined;
  /** Epochs that it counts between two loads of a plan. Default 2^32 − 1, all that a header can carry. */
  readonly epochs?: number | undefined;
  /**
   * The forms of tables that its kernels have, and how many entries each of their tables and buffers holds;
   * left out where any form of any depth can be built, but none that multiplies.
   */
  readonly depths?: Partial<Record<FormName, Readonly<Record<string, number>>>> | undefined;
  /**
   * Blocks that the kernel with a form takes whatever it is loaded with, as synthesis estimates them: those of
   * tables at full depth, and of packets. Left out where a plan's tables and buffers are what counts.
   */
  readonly built?: Partial<Record<FormName, { readonly bram: number; readonly uram: number }>> | undefined;
}

/**
 * Bytes of a page that arrive in a cycle: one port of the backing memory, at most a bus word. The RTL takes
 * an entry of 32 bits.
 */
export function bytesPerCycle({ backing, clockMHz, busBytes, timing }: DeviceProfile): number {
  if (timing === "rtl") return 4;
  const perSecond = 1e9 * backing.gigabytesPerSecond / backing.ports;
  return Math.max(1, Math.min(busBytes, Math.floor(perSecond / (1e6 * clockMHz))));
}

/** Cycles from the request of a page to its first byte. */
export function latencyCycles({ backing, clockMHz }: DeviceProfile): number {
  return Math.ceil(backing.latencyNs * clockMHz / 1000);
}
