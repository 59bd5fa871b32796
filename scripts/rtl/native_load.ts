/**
 * A native build of the RTL, driven through FFI as WebAssembly is through its exports.
 *
 * @module
 */

import type { RtlExports } from "../../runtime/device/rtl/exports.ts";

/** What the harness exports, `kernels/rtl/harness/packets.cpp`. */
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

/** What the harness keeps its arrays in: the span from the first one to the end of the longest. */
const LONGEST = 2 ** 21;

/** An instance, and what ends it. */
export interface NativeRtl {
  /** The instance. */
  readonly rtl: RtlExports & { readonly cycles_so_far: () => number };
  /** Unloads it; its memory is gone. */
  readonly close: () => void;
}

/**
 * Loads a library. State is static: a library is one instance.
 *
 * @param path The library.
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
  const places = arrays.map((name) => Deno.UnsafePointer.value(native[name]()));
  const base = places.reduce((least, place) => place < least ? place : least);
  const last = places.reduce((most, place) => place > most ? place : most);
  const span = Number(last - base) + LONGEST;
  const buffer = Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(base)!, span);
  const offsets = Object.fromEntries(arrays.map((name, at) => [name, () => Number(places[at]! - base)]));
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
