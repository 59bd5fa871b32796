/**
 * Foreign function interface of Deno. Views of memory require `--allow-ffi` without a path.
 *
 * @module
 */

import type { NativeLibrary, Pointer, Provider, SymbolTable } from "./native.ts";

/** Name prefix of a call that runs on another thread. */
const TASK = "task:";

/** Provider that calls native code through `Deno.dlopen`. */
export const denoProvider: Provider = {
  name: "deno",
  load: <T extends SymbolTable>(path: string, symbols: T): NativeLibrary<T> => {
    const table: Record<string, Deno.ForeignFunction> = {};
    for (const [key, { name = key, ...symbol }] of Object.entries(symbols)) {
      table[key] = { name, ...symbol } as Deno.ForeignFunction;
      table[TASK + key] = { name, ...symbol, nonblocking: true } as Deno.ForeignFunction;
    }
    const library = Deno.dlopen(path, table);
    const calls: Record<string, unknown> = library.symbols;
    const tasks = Object.fromEntries(Object.keys(symbols).map((key) => [key, calls[TASK + key]]));
    return { calls, tasks, close: () => library.close() } as unknown as NativeLibrary<T>;
  },
  view: (pointer, length) =>
    Deno.UnsafePointerView.getArrayBuffer(pointer as unknown as Deno.PointerObject, length),
  address: (pointer) => BigInt(Deno.UnsafePointer.value(pointer as unknown as Deno.PointerObject)),
  pointerTo: (bytes) => Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>) as unknown as Pointer,
};

/** Whether this process may call any native code. Deno does not ask the user for it. */
export function hasDenoFfi(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
