/**
 * Signal handlers that XRT's emulation replaces, and their restoration.
 *
 * XRT's handlers end the process and its whole process group, including the shell that started it. They run at
 * SIGCHLD after any child was killed, at SIGUSR1, and at SIGSEGV, with which WebAssembly checks bounds. The
 * runtime's own handlers are lost: without its SIGCHLD handler Node does not detect the end of a child.
 *
 * @module
 */

import { constants } from "node:os";
import type { Provider } from "../../runtime/device/xrt/binding/native.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { openLibc } from "./libc.ts";

/** Signals whose handlers XRT replaces. */
const TAKEN = ["SIGSEGV", "SIGFPE", "SIGABRT", "SIGUSR1", "SIGCHLD"] as const;

/** Upper bound for the bytes of `struct sigaction` on Linux (152 with glibc on x86-64). */
const ACTION_BYTES = 512;

/**
 * Saves the present signal handlers.
 *
 * @param provider Foreign function interface that makes the calls.
 * @returns Function that restores the saved handlers.
 * @throws {OnpathError} `device` when `sigaction` fails.
 */
export function keepSignals(provider: Provider): () => void {
  const { sigaction } = openLibc(provider);
  const call = (name: typeof TAKEN[number], set: Uint8Array | null, get: Uint8Array | null) => {
    if (sigaction(constants.signals[name], set, get) === 0) return;
    throw new OnpathError("device", `Cannot save or restore the handler of ${name}: sigaction failed`, {
      signal: name,
    });
  };
  const kept = TAKEN.map((name) => {
    const action = new Uint8Array(ACTION_BYTES);
    call(name, null, action);
    return { name, action };
  });
  return () => {
    for (const { name, action } of kept) call(name, action, null);
  };
}
