/**
 * XRT's failures in words. XRT itself says no more than null or -1, and prints the rest to stderr.
 *
 * @module
 */

import { type ErrorDetails, OnpathError } from "../../../../serialize/errors.ts";

/** States of a run by number (`enum ert_cmd_state`). */
export const RUN_STATES = [
  "none",
  "new",
  "queued",
  "running",
  "completed",
  "error",
  "abort",
  "submitted",
  "timeout",
  "noresponse",
  "skerror",
  "skcrashed",
] as const;

/** The name of a run's state. */
export type RunState = (typeof RUN_STATES)[number];

/** What usually makes a function fail. */
const CAUSES: Readonly<Record<string, string>> = {
  xrtDeviceOpen: "there is no such card, its driver (xocl) is not loaded, or another user may not open it",
  xrtDeviceOpenByBDF: "no card has this address, or its driver (xocl) is not loaded",
  xrtDeviceLoadXclbin: "the file is for another platform, a process that is still open uses another one, " +
    "or in emulation the device process is gone",
  xrtDeviceGetXclbinUUID: "no xclbin is loaded",
  xrtPLKernelOpen: "the xclbin has no such kernel or instance, or another process has it for itself",
  xrtPLKernelOpenExclusive: "the xclbin has no such kernel or instance, or somebody has it open already",
  xrtKernelArgGroupId: "the argument is no buffer, or no memory is connected to it",
  xrtKernelArgOffset: "the kernel has no such argument",
  xrtKernelReadRegister: "a kernel that is shared is not to be read (open it exclusively, or set " +
    "Runtime.rw_shared), it has several instances, or the address is beyond its registers",
  xrtKernelWriteRegister: "a kernel that is shared is not to be written (open it exclusively, or set " +
    "Runtime.rw_shared), it has several instances, or the address is beyond its registers",
  xclOpenContext: "somebody has the instance open already",
  xclRegRead: "the address is beyond the instance's registers, or the card does not answer",
  xclRegWrite: "the address is beyond the instance's registers, or the card does not answer",
  xrtBOAlloc: "the memory bank is full or does not exist, or the platform lacks this kind of buffer",
  xrtBOAllocUserPtr: "the bank is full, the address is no multiple of 4096, or the platform has no DMA",
  xrtBOSubAlloc: "the part does not lie within the buffer",
  xrtBOMap: "the buffer is of a kind that the host cannot see",
  xrtBOSync: "the range is not within the buffer, or the card does not answer",
  xrtBOExport: "the driver exports no buffers",
  xrtBOImport: "the number is no exported buffer of a process that is still alive",
  xrtBOCopy: "a range is not within its buffer, or the platform has nothing that copies",
  xrtRunOpen: "the kernel is closed, or cannot be started (AP_CTRL_NONE)",
  xrtRunSetArg: "the kernel has no such argument, or it takes another type",
  xrtRunStart: "an argument is not set, or the run is still under way",
};

/**
 * The error for a function of XRT that failed.
 *
 * @param intent What was wanted, as it stands in the message: `Cannot ${intent}: …`.
 * @param operation The C function.
 * @param result What it returned.
 * @param details Its arguments.
 */
export function xrtFailure(
  intent: string,
  operation: string,
  result: number | null,
  details: ErrorDetails = {},
): OnpathError {
  const cause = CAUSES[operation];
  return new OnpathError(
    "device",
    `Cannot ${intent}: ${operation} returned ${result}` +
      (cause === undefined ? "" : `. Usually ${cause}`) + `. XRT's own words are on stderr`,
    { operation, result, ...details },
  );
}

/** The name of a run's state. */
export function stateName(state: number): RunState | string {
  return RUN_STATES[state] ?? String(state);
}
