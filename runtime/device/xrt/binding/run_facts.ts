/**
 * Constructor arguments of a run, without the class of its kernel.
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
 * Constructor arguments of a run.
 *
 * @internal
 */
export interface RunFacts {
  /** Open XRT library. */
  readonly xrt: Xrt;
  /** Kernel to start. */
  readonly kernel: RunKernel;
  /** Resource record of the kernel. */
  readonly parent: Resource;
  /** XRT handle of the run. */
  readonly pointer: Pointer;
}
