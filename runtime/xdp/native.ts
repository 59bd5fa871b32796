/**
 * Functions of libbpf and of the C library that XDP needs, bound by the foreign function interface that runs.
 *
 * @module
 */

import { getSystemErrorName } from "node:util";
import { denoProvider } from "../device/xrt/binding/deno_provider.ts";
import type { NativeLibrary, Provider, SymbolTable } from "../device/xrt/binding/native.ts";
import { nodeProvider } from "../device/xrt/binding/node_provider.ts";
import { isNotPermitted } from "../device/xrt/binding/permissions.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Used functions of libbpf 1. */
export const BPF_SYMBOLS = {
  libbpf_set_print: { parameters: ["pointer"], result: "pointer" },
  bpf_object__open_mem: { parameters: ["buffer", "usize", "pointer"], result: "pointer" },
  bpf_object__load: { parameters: ["pointer"], result: "i32" },
  bpf_object__close: { parameters: ["pointer"], result: "void" },
  bpf_object__find_map_fd_by_name: { parameters: ["pointer", "buffer"], result: "i32" },
  bpf_object__find_program_by_name: { parameters: ["pointer", "buffer"], result: "pointer" },
  bpf_program__fd: { parameters: ["pointer"], result: "i32" },
  bpf_map_create: { parameters: ["i32", "buffer", "u32", "u32", "u32", "pointer"], result: "i32" },
  bpf_map_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" },
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  bpf_map_delete_elem: { parameters: ["i32", "buffer"], result: "i32" },
  bpf_link_create: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  bpf_link_detach: { parameters: ["i32"], result: "i32" },
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32" },
  libbpf_num_possible_cpus: { parameters: [], result: "i32" },
} as const satisfies SymbolTable;

/** Used functions of the C library. */
export const LIBC_SYMBOLS = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  errno: { name: "__errno_location", parameters: [], result: "pointer" },
} as const satisfies SymbolTable;

/** Libraries loaded into this process. */
export interface Native {
  /** Foreign function interface. */
  readonly provider: Provider;
  /** Functions of libbpf. */
  readonly bpf: NativeLibrary<typeof BPF_SYMBOLS>["calls"];
  /** Functions of the C library. */
  readonly libc: NativeLibrary<typeof LIBC_SYMBOLS>["calls"];
}

let opened: Promise<Native> | undefined;

/**
 * Opens libbpf and the C library. Further calls share them.
 *
 * @throws {OnpathError} `device` if libbpf is absent, a permission is missing, or Node lacks koffi.
 */
export function openNative(): Promise<Native> {
  opened ??= load();
  // A library that is absent now may be installed later.
  opened.catch(() => opened = undefined);
  return opened;
}

async function load(): Promise<Native> {
  const provider = "Deno" in globalThis ? denoProvider : await nodeProvider();
  const open = <T extends SymbolTable>(path: string, symbols: T, advice: string) => {
    try {
      return provider.load(path, symbols).calls;
    } catch (cause) {
      const why = isNotPermitted(cause)
        ? "this process lacks the permission --allow-ffi"
        : `${(cause as Error).message}${advice}`;
      throw new OnpathError("device", `Cannot open ${path}: ${why}`, { path }, { cause });
    }
  };
  const bpf = open("libbpf.so.1", BPF_SYMBOLS, ". Install it with: apt-get install libbpf1");
  // Errors are reported by their numbers. libbpf prints to the standard error otherwise.
  bpf.libbpf_set_print(null);
  return { provider, bpf, libc: open("libc.so.6", LIBC_SYMBOLS, "") };
}

/** Last error number of the C library on this thread. */
export function lastError({ provider, libc }: Native): number {
  return new Int32Array(provider.view(libc.errno()!, 4))[0]!;
}

/**
 * Checks the result of a call.
 *
 * @param native Libraries.
 * @param intent Verb and object of the message.
 * @param result Result of the call: −1, or a negative error number, after a failure.
 * @returns The result.
 * @throws {OnpathError} `device` if the call failed.
 */
export function succeed(native: Native, intent: string, result: number): number {
  if (result >= 0) return result;
  const number = result === -1 ? lastError(native) || 1 : -result;
  const name = nameOf(number);
  const advice = name === "EPERM" || name === "EACCES"
    ? ": it needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, and CAP_SYS_ADMIN for another namespace"
    : "";
  throw new OnpathError("device", `Cannot ${intent}: ${name}${advice}`, { error: name });
}

function nameOf(number: number): string {
  return number > 0 && number < 134 ? getSystemErrorName(-number) : `error ${number}`;
}
