/**
 * Facts that a run is made of, without the class of its kernel.
 *
 * @module
 */

import type { Xrt } from "./library.ts";
import type { Pointer } from "./native.ts";
import type { Registers } from "./registers.ts";
import type { Resource } from "./resource.ts";
import type { XclbinArgument, XclbinKernel } from "../xclbin/xclbin.ts";

/** Kernel of a run: an `XrtKernel`, as its runs use it. */
export interface RunKernel extends Registers, Disposable {
  /** Entry of the kernel in the xclbin. */
  readonly metadata: XclbinKernel;
  /** Whether the kernel is opened for this process alone. */
  readonly exclusive: boolean;
  /**
   * Finds an argument by index or name.
   *
   * @throws {OnpathError} `device` when the kernel has no such argument.
   */
  readonly argument: (which: number | string) => XclbinArgument;
  /**
   * Returns the memory group of a buffer argument.
   *
   * @throws {OnpathError} `device` when the argument is not a buffer.
   */
  readonly group: (which: number | string) => number;
}

/**
 * What is needed to make a run's object.
 *
 * @internal
 */
export interface RunFacts {
  /** XRT. */
  readonly xrt: Xrt;
  /** The kernel. */
  readonly kernel: RunKernel;
  /** The kernel's record. */
  readonly parent: Resource;
  /** XRT's handle. */
  readonly pointer: Pointer;
}
