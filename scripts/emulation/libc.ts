/**
 * Functions of the C library that the emulation calls.
 *
 * @module
 */

import type { NativeLibrary, Provider, SymbolTable } from "../../runtime/device/xrt/binding/native.ts";

const SYMBOLS = {
  poll: {
    parameters: ["buffer", /* struct pollfd* */ "usize", /* nfds_t */ "i32" /* int, ms */],
    result: "i32",
  },
  malloc: { parameters: ["usize" /* size_t */], result: "pointer" /* void* */ },
  sigaction: {
    parameters: ["i32", /* int */ "buffer", /* const struct sigaction* */ "buffer" /* struct sigaction* */],
    result: "i32",
  },
} as const satisfies SymbolTable;

const opened = new Map<string, NativeLibrary<typeof SYMBOLS>["calls"]>();

/**
 * Opens the C library. Further calls with the same provider share it.
 *
 * @param provider Foreign function interface that makes the calls.
 */
export function openLibc(provider: Provider): NativeLibrary<typeof SYMBOLS>["calls"] {
  let calls = opened.get(provider.name);
  if (calls === undefined) opened.set(provider.name, calls = provider.load("libc.so.6", SYMBOLS).calls);
  return calls;
}
