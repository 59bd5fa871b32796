/**
 * Loads a native build of the RTL. FFI gives it the same interface as the exports of the WebAssembly.
 *
 * @module
 */

import type { RtlExports } from "../../runtime/device/rtl/exports.ts";

/** Exports of the harness, `kernels/rtl/harness/packets.cpp`. */
const symbols = {
  reset: { parameters: [], result: "void" },
  write_register: { parameters: ["u32", "u32"], result: "void" },
  read_register: { parameters: ["u32"], result: "u32" },
  load: { parameters: ["i32"], result: "i32" },
  run: { parameters: ["i32", "i32", "i32", "u32", "i32", "i32"], result: "i32" },
  found_so_far: { parameters: [], result: "i32" },
  make_room: { parameters: [], result: "void" },
  go_on: { parameters: ["i32"], result: "i32" },
  allow: { parameters: ["i32"], result: "void" },
  cycles_so_far: { parameters: [], result: "f64" },
  words_at: { parameters: [], result: "pointer" },
  words_most: { parameters: [], result: "u32" },
  words_room: { parameters: [], result: "u32" },
  words_next: { parameters: [], result: "u32" },
  words_add: { parameters: ["u32"], result: "void" },
  words_clear: { parameters: [], result: "void" },
  input_at: { parameters: [], result: "pointer" },
  output_at: { parameters: [], result: "pointer" },
  ends_at: { parameters: [], result: "pointer" },
  answers_at: { parameters: [], result: "pointer" },
  sockets_at: { parameters: [], result: "pointer" },
  answered_at: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Bytes that are mapped behind the start of the harness's last array, at least the longest array. */
const MAX_ARRAY_BYTES = 2 ** 21;

/** A loaded instance. */
export interface NativeRtl {
  /** Exports of the instance. */
  readonly rtl: RtlExports & { readonly cycles_so_far: () => number };
  /** Unloads the library and frees its memory. */
  readonly close: () => void;
}

/**
 * Loads a library. A library is one instance, because its state is static.
 *
 * @param path Path of the library.
 */
export function loadNative(path: string): NativeRtl {
  const library = Deno.dlopen(path, symbols);
  const native = library.symbols;
  const arrays = [
    "words_at",
    "input_at",
    "output_at",
    "ends_at",
    "answers_at",
    "sockets_at",
    "answered_at",
  ] as const;
  const addresses = arrays.map((name) => Deno.UnsafePointer.value(native[name]()));
  const base = addresses.reduce((min, address) => address < min ? address : min);
  const last = addresses.reduce((max, address) => address > max ? address : max);
  const span = Number(last - base) + MAX_ARRAY_BYTES;
  const buffer = Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(base)!, span);
  const offsets = Object.fromEntries(arrays.map((name, at) => [name, () => Number(addresses[at]! - base)]));
  return {
    rtl: {
      ...native,
      ...offsets as Record<(typeof arrays)[number], () => number>,
      memory: { buffer },
      __wasm_call_ctors: () => {},
    },
    close: () => library.close(),
  };
}
