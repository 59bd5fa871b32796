/**
 * Metadata of an xclbin, as plain data: the result of `readXclbin`.
 *
 * @module
 */

import type { ClockType, IpControl, MemoryType, XclbinMode } from "./xclbin_format.ts";

/** Section of the file. */
export interface XclbinSection {
  /** Kind, such as `BITSTREAM`; the number as text if unknown. */
  readonly kind: string;
  /** Name in the section's header, at most 16 bytes. */
  readonly name: string;
  /** Offset of the first byte in the file; 0 for an empty section. */
  readonly offset: number;
  /** Size in bytes. */
  readonly size: number;
}

/** Memory bank, or group of banks. */
export interface XclbinMemory {
  /** Name, such as `bank0` or `HBM[3]`. */
  readonly tag: string;
  /** Memory type; the number as text if unknown. */
  readonly type: MemoryType | string;
  /** Whether the design uses the memory. */
  readonly used: boolean;
  /** Size in bytes. The file stores kilobytes. */
  readonly bytes: bigint;
  /** Address of the first byte on the card. */
  readonly base: bigint;
}

/** Kernel argument. */
export interface XclbinArgument {
  /** Name in the kernel's C signature. */
  readonly name: string;
  /** Index in the kernel's signature, from 0. */
  readonly index: number;
  /** Kind: `scalar` is a value; `buffer` and `constant` are in global memory; the host does not set the others. */
  readonly kind: "scalar" | "buffer" | "constant" | "local" | "stream";
  /** Name of the kernel port that carries the argument. */
  readonly port: string;
  /** Size of the register or value in bytes. */
  readonly bytes: number;
  /** Register offset, in bytes from the kernel's base. */
  readonly offset: number;
  /** C type, such as `uint*`. */
  readonly type: string;
}

/** Kernel instance (compute unit). */
export interface XclbinInstance {
  /** Name, such as `vadd_1`. */
  readonly name: string;
  /** Base address of the registers. */
  readonly base: bigint;
  /** Start protocol; the number as text if unknown. */
  readonly control: IpControl | string;
  /** Whether the instance has an interrupt. */
  readonly interrupt: boolean;
  /**
   * Driver index: position among all instances, ordered by interrupt number, or by address if none has an
   * interrupt number. -1 if IP_LAYOUT lacks the instance.
   */
  readonly index: number;
}

/** Kernel with its registers, arguments and instances. */
export interface XclbinKernel {
  /** Name in the metadata, such as `vadd`. */
  readonly name: string;
  /** Size of the register range in bytes. */
  readonly range: number;
  /** Arguments in order of their index. */
  readonly arguments: readonly XclbinArgument[];
  /** Instances, in the order of the metadata. */
  readonly instances: readonly XclbinInstance[];
}

/** Connection of an instance's argument to a memory. */
export interface XclbinConnection {
  /** Instance, as `kernel:instance`. */
  readonly instance: string;
  /** Index of the argument. */
  readonly argument: number;
  /** Index in {@linkcode Xclbin.memories}. */
  readonly memory: number;
}

/** Clock of the design. */
export interface XclbinClock {
  /** Name, such as `KERNEL_CLK`. */
  readonly name: string;
  /** Clock type; the number as text if unknown. */
  readonly type: ClockType | string;
  /** Frequency in MHz. */
  readonly mhz: number;
}

/** Metadata of an xclbin file. */
export interface Xclbin {
  /** UUID as `8-4-4-4-12` hexadecimal digits. */
  readonly uuid: string;
  /** Name of the target platform (VBNV). XRT compares the name with the device's. */
  readonly platform: string;
  /** Target: card or emulation; the number as text if unknown. */
  readonly mode: XclbinMode | string;
  /** Version of the tools that created the file, such as `2.13.466`. */
  readonly version: string;
  /** Creation time in seconds since 1970. */
  readonly created: number;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** Sections in file order. */
  readonly sections: readonly XclbinSection[];
  /** Memory banks by index. */
  readonly memories: readonly XclbinMemory[];
  /** Memory groups by index, as in XRT's group numbers; empty if the file has none. */
  readonly groups: readonly XclbinMemory[];
  /** Kernels in the order of the metadata; empty if the file has none. */
  readonly kernels: readonly XclbinKernel[];
  /** Connections of arguments to memories. */
  readonly connections: readonly XclbinConnection[];
  /** Clock frequencies, in the order of CLOCK_FREQ_TOPOLOGY. */
  readonly clocks: readonly XclbinClock[];
}
