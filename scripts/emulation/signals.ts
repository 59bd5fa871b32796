/**
 * Signals that XRT's emulation takes away from the process that it is in, and how they are given back.
 *
 * Its handlers end the process and its whole group, the shell that started it too: at SIGCHLD when any child
 * was killed, at SIGUSR1, and at SIGSEGV, which WebAssembly uses for bounds. The runtime loses its own
 * handlers by that: Node then never hears that a child has ended.
 *
 * @module
 */

import { constants } from "node:os";
import type { Provider } from "../../runtime/device/xrt/binding/native.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { openLibc } from "./libc.ts";

/** The signals. */
const TAKEN = ["SIGSEGV", "SIGFPE", "SIGABRT", "SIGUSR1", "SIGCHLD"] as const;

/** More bytes than `struct sigaction` has on any Linux (152 with glibc on x86-64). */
const ACTION_BYTES = 512;

/**
 * Remembers how signals are handled now.
 *
 * @param provider The foreign function interface.
 * @returns What makes it so again.
 * @throws {OnpathError} `device` when C's library refuses.
 */
export function keepSignals(provider: Provider): () => void {
  const { sigaction } = openLibc(provider);
  const call = (name: typeof TAKEN[number], set: Uint8Array | null, get: Uint8Array | null) => {
    if (sigaction(constants.signals[name], set, get) === 0) return;
    throw new OnpathError("device", `Cannot keep the handler of ${name}`, { signal: name });
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
