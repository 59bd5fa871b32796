/**
 * Functions of the C library that Linux sockets need, bound by the foreign function interface that runs.
 *
 * @module
 */

import process from "node:process";
import { getSystemErrorName } from "node:util";
import { OnpathError } from "../../../serialize/errors.ts";
import { denoProvider, hasDenoFfi } from "../../device/xrt/binding/deno_provider.ts";
import type { NativeLibrary, Provider, SymbolTable } from "../../device/xrt/binding/native.ts";
import { nodeProvider } from "../../device/xrt/binding/node_provider.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  inet_pton: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  inet_ntop: { parameters: ["i32", "buffer", "buffer", "u32"], result: "pointer" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
  malloc: { parameters: ["usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
  errno: { name: "__errno_location", parameters: [], result: "pointer" },
} as const satisfies SymbolTable;

/** Error numbers of Linux that sockets tell apart. */
export const ERRNO = {
  EIO: 5,
  EAGAIN: 11,
  EINVAL: 22,
  EMSGSIZE: 90,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
} as const;

/** The C library in this process. */
export interface Libc {
  /** Foreign function interface. */
  readonly provider: Provider;
  /** Functions that return at once. */
  readonly calls: NativeLibrary<typeof SYMBOLS>["calls"];
  /** The same functions on another thread. Their error numbers cannot be read. */
  readonly tasks: NativeLibrary<typeof SYMBOLS>["tasks"];
  /** Returns the error number of this thread's last call. */
  readonly errno: () => number;
  /** Returns the address of the first byte of a buffer. It is stable while the buffer is reachable. */
  readonly addressOf: (buffer: ArrayBufferLike) => number;
  /** Begins one more use, which a close ends. */
  readonly share: () => void;
  /** Ends one use. The last one unloads the library; no call may follow. */
  readonly close: () => void;
}

let shared: { readonly opening: Promise<Libc | string>; users: number } | undefined;

/**
 * Opens the C library. Concurrent users share it, and the last one that closes it unloads it.
 *
 * @returns The library, or the reason why this process cannot use it.
 */
export async function openLibc(): Promise<Libc | string> {
  const mine = shared ??= { opening: load(() => mine.users++, () => leave()), users: 0 };
  const leave = () => {
    if (--mine.users > 0) return false;
    if (shared === mine) shared = undefined;
    return true;
  };
  mine.users++;
  const libc = await mine.opening;
  if (typeof libc === "string") leave();
  return libc;
}

async function load(share: () => void, leave: () => boolean): Promise<Libc | string> {
  if (process.platform !== "linux") return `the system is ${process.platform}, not Linux`;
  // Records of system calls are those of 64-bit Linux with little-endian words.
  if (process.arch !== "x64" && process.arch !== "arm64") {
    return `the processor is ${process.arch}, not x64 or arm64`;
  }
  const isDeno = "Deno" in globalThis;
  // Deno would ask on a terminal otherwise.
  if (isDeno && !hasDenoFfi()) return "this process lacks the permission --allow-ffi";
  try {
    const provider = isDeno ? denoProvider : await nodeProvider();
    const { calls, tasks, close } = provider.load("libc.so.6", SYMBOLS);
    // The location belongs to this thread, which stays the same.
    const number = new Int32Array(provider.view(calls.errno()!, 4));
    const known = new WeakMap<ArrayBufferLike, number>();
    const addressOf = (buffer: ArrayBufferLike) => {
      let found = known.get(buffer);
      if (found === undefined) {
        const bytes = new Uint8Array(buffer);
        found = bytes.length === 0 ? 0 : Number(provider.address(provider.pointerTo(bytes)));
        known.set(buffer, found);
      }
      return found;
    };
    return {
      provider,
      calls,
      tasks,
      errno: () => number[0]!,
      addressOf,
      share,
      close: () => {
        if (leave()) close();
      },
    };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Error of a call that failed just now. */
export function callError({ errno }: Libc, intent: string): OnpathError {
  const error = errorName(errno());
  return new OnpathError("device", `Cannot ${intent}: ${error}`, { error });
}

/** Name of an error number, such as `EADDRINUSE`. */
export function errorName(number: number): string {
  return number > 0 && number < 134 ? getSystemErrorName(-number) : `error ${number}`;
}
