/**
 * What an xclbin says about itself: plain data, as {@linkcode readXclbin} makes it and
 * {@linkcode writeXclbin} takes it.
 *
 * @module
 */

import type { ClockType, IpControl, MemoryType, XclbinMode } from "./xclbin_format.ts";

/** A section's place in the file. */
export interface XclbinSection {
  /** Its kind, such as `BITSTREAM`, or its number where that is unknown. */
  readonly kind: string;
  /** What it is called. */
  readonly name: string;
  /** Its first byte. */
  readonly offset: number;
  /** Its bytes. */
  readonly size: number;
}

/** A memory bank, or a group of them. */
export interface XclbinMemory {
  /** What it is called, such as `bank0` or `HBM[3]`. */
  readonly tag: string;
  /** Its kind; a number where that is unknown. */
  readonly type: MemoryType | string;
  /** Whether it is there. */
  readonly used: boolean;
  /** Bytes. */
  readonly bytes: bigint;
  /** Address of its first byte, as the card sees it. */
  readonly base: bigint;
}

/** An argument of a kernel. */
export interface XclbinArgument {
  /** What it is called. */
  readonly name: string;
  /** Its number. */
  readonly index: number;
  /** What it is: a number, a buffer in global memory, or something that the host does not set. */
  readonly kind: "scalar" | "buffer" | "constant" | "local" | "stream";
  /** The port that it goes through. */
  readonly port: string;
  /** Bytes of its register or value. */
  readonly bytes: number;
  /** Where its register stands, in bytes from the kernel's base. */
  readonly offset: number;
  /** Its type in C. */
  readonly type: string;
}

/** An instance of a kernel. */
export interface XclbinInstance {
  /** What it is called, such as `vadd_1`. */
  readonly name: string;
  /** Address of its registers. */
  readonly base: bigint;
  /** How it is started; a number where that is unknown. */
  readonly control: IpControl | string;
  /** Whether it can interrupt. */
  readonly interrupt: boolean;
  /**
   * The number that drivers know it by: its place among all instances by interrupt, or by address where
   * none has an interrupt of its own; -1 where no section names it.
   */
  readonly index: number;
}

/** A kernel with what its registers and arguments are. */
export interface XclbinKernel {
  /** What it is called. */
  readonly name: string;
  /** Bytes of its registers. */
  readonly range: number;
  /** Its arguments in the order of their numbers. */
  readonly arguments: readonly XclbinArgument[];
  /** Its instances. */
  readonly instances: readonly XclbinInstance[];
}

/** Which memory an argument of an instance may be in. */
export interface XclbinConnection {
  /** The instance, as `kernel:instance`. */
  readonly instance: string;
  /** The argument's number. */
  readonly argument: number;
  /** The memory's number. */
  readonly memory: number;
}

/** A clock with its frequency. */
export interface XclbinClock {
  /** What it is called. */
  readonly name: string;
  /** Its kind; a number where that is unknown. */
  readonly type: ClockType | string;
  /** MHz. */
  readonly mhz: number;
}

/** What a file says about itself. */
export interface Xclbin {
  /** Its uuid, as `8-4-4-4-12` hexadecimal digits. */
  readonly uuid: string;
  /** The platform that it is for. */
  readonly platform: string;
  /** What it is for: a card or an emulation; a number where that is unknown. */
  readonly mode: XclbinMode | string;
  /** Version of the tools that made it, such as `2.13.466`. */
  readonly version: string;
  /** Seconds since 1970 when it was made. */
  readonly created: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Its sections in the order of the file. */
  readonly sections: readonly XclbinSection[];
  /** Memories by their number. */
  readonly memories: readonly XclbinMemory[];
  /** Groups of memories by their number, where the file has some: what XRT's group numbers mean. */
  readonly groups: readonly XclbinMemory[];
  /** Kernels in the order of the metadata; empty where it has none. */
  readonly kernels: readonly XclbinKernel[];
  /** Which argument may be in which memory. */
  readonly connections: readonly XclbinConnection[];
  /** Clocks. */
  readonly clocks: readonly XclbinClock[];
}
