/**
 * Errors for failed XRT functions. XRT returns only null or -1, and prints its explanation to stderr.
 *
 * @module
 */

import { type ErrorDetails, OnpathError } from "../../../../serialize/errors.ts";

/** Names of run states, indexed by `enum ert_cmd_state`. */
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

/** Name of a run state. */
export type RunState = (typeof RUN_STATES)[number];

/** Usual causes of a failure, by C function. */
const CAUSES: Readonly<Record<string, string>> = {
  xrtDeviceOpen: "there is no such card, its driver (xocl) is not loaded, or this user may not open it",
  xrtDeviceOpenByBDF: "no card has this address, or its driver (xocl) is not loaded",
  xrtDeviceLoadXclbin: "the file is for another platform, another process uses another xclbin, " +
    "or in emulation the device process has ended",
  xrtDeviceGetXclbinUUID: "no xclbin is loaded",
  xrtPLKernelOpen: "the xclbin has no such kernel or instance, or another process has it exclusively",
  xrtPLKernelOpenExclusive: "the xclbin has no such kernel or instance, or it is already open",
  xrtKernelArgGroupId: "the argument is not a buffer, or no memory is connected to it",
  xrtKernelArgOffset: "the kernel has no such argument",
  xrtKernelReadRegister: "a shared kernel cannot be read (open it exclusively, or set " +
    "Runtime.rw_shared), it has several instances, or the address is beyond its registers",
  xrtKernelWriteRegister: "a shared kernel cannot be written (open it exclusively, or set " +
    "Runtime.rw_shared), it has several instances, or the address is beyond its registers",
  xclOpenContext: "the instance is already open",
  xclRegRead: "the address is beyond the instance's registers, or the card does not answer",
  xclRegWrite: "the address is beyond the instance's registers, or the card does not answer",
  xrtBOAlloc: "the memory bank is full or does not exist, or the platform lacks this kind of buffer",
  xrtBOAllocUserPtr: "the bank is full, the address is not a multiple of 4096, or the platform has no DMA",
  xrtBOSubAlloc: "the part is not within the buffer",
  xrtBOMap: "the host cannot access this kind of buffer",
  xrtBOSync: "the range is not within the buffer, or the card does not answer",
  xrtBOExport: "the driver does not support export",
  xrtBOImport: "the number is not an exported buffer of a running process",
  xrtBOCopy: "a range is not within its buffer, or the platform has no copy engine",
  xrtRunOpen: "the kernel is closed, or cannot be started (AP_CTRL_NONE)",
  xrtRunSetArg: "the kernel has no such argument, or it takes another type",
  xrtRunStart: "an argument is not set, or the run is still in flight",
};

/**
 * Creates the error for a failed XRT function.
 *
 * @param intent Verb and object of the message: `Cannot ${intent}: …`.
 * @param operation Name of the C function.
 * @param result Its return value.
 * @param details Its arguments, for `OnpathError.details`.
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
      (cause === undefined ? "" : `. Usually ${cause}`) + `. XRT's own message is on stderr`,
    { operation, result, ...details },
  );
}

/** Returns the name of a run state, or the number for an unknown one. */
export function stateName(state: number): RunState | string {
  return RUN_STATES[state] ?? String(state);
}
