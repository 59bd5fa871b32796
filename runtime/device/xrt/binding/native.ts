/**
 * Interface to native code: C functions as plain data, and providers that bind them. The rest of the binding
 * does not depend on a particular foreign function interface.
 *
 * @module
 */

/**
 * Types of C parameters and results.
 *
 * | name | C | here |
 * |---|---|---|
 * | `i32`, `u32` | `int`, `unsigned int` | number |
 * | `u64`, `usize` | `uint64_t`, `size_t` | number or bigint; in Deno a bigint is ten times faster |
 * | `f64` | `double` | number |
 * | `pointer` | a handle or an address | {@linkcode Pointer} or null |
 * | `buffer` | the address of a Uint8Array's bytes | Uint8Array or null |
 * | `void` | no result | undefined |
 */
export type NativeType = "void" | "i32" | "u32" | "u64" | "usize" | "f64" | "pointer" | "buffer";

/** Signature of a C function. */
export interface NativeSymbol {
  /** Name in the library, if it differs from the name in the table. */
  readonly name?: string;
  /** Types of the parameters. */
  readonly parameters: readonly NativeType[];
  /** Type of the result. */
  readonly result: NativeType;
  /** Whether a library may lack the function, which is then null. */
  readonly optional?: boolean;
}

/** C functions by name. */
export type SymbolTable = Readonly<Record<string, NativeSymbol>>;

/** Opaque address outside JavaScript: a `Deno.PointerObject` in Deno, a bigint with koffi. */
export interface Pointer {
  /** Type-level mark, absent at run time: no other type is assignable to a pointer. */
  readonly "only providers make pointers": true;
}

/** JavaScript types of parameters and results. */
export interface NativeValues {
  /** Absent result. */
  readonly void: undefined;
  /** Signed 32-bit integer. */
  readonly i32: number;
  /** Unsigned 32-bit integer. */
  readonly u32: number;
  /** Unsigned 64-bit integer. */
  readonly u64: number | bigint;
  /** Unsigned integer of the width of an address. */
  readonly usize: number | bigint;
  /** 64-bit float. */
  readonly f64: number;
  /** A handle or an address. */
  readonly pointer: Pointer | null;
  /** Bytes whose address is passed. */
  readonly buffer: Uint8Array | null;
}

/** Argument types of a function with these parameters. */
export type NativeArguments<P extends readonly NativeType[]> = {
  -readonly [I in keyof P]: NativeValues[P[I]];
};

/** Function type, or null as well if the function is optional. */
export type MaybeNative<S extends NativeSymbol, F> = S extends { readonly optional: true } ? F | null : F;

/** Functions of a table; each call blocks this thread until it returns. */
export type NativeCalls<T extends SymbolTable> = {
  readonly [K in keyof T]: MaybeNative<
    T[K],
    (...values: NativeArguments<T[K]["parameters"]>) => NativeValues[T[K]["result"]]
  >;
};

/** Functions of a table, each run on another thread. Byte arguments must stay reachable until completion. */
export type NativeTasks<T extends SymbolTable> = {
  readonly [K in keyof T]: MaybeNative<
    T[K],
    (...values: NativeArguments<T[K]["parameters"]>) => Promise<NativeValues[T[K]["result"]]>
  >;
};

/** An open library. */
export interface NativeLibrary<T extends SymbolTable> {
  /** Calls that block this thread. */
  readonly calls: NativeCalls<T>;
  /** Calls on another thread, which do not block the event loop. Each takes about 10 µs longer. */
  readonly tasks: NativeTasks<T>;
  /** Unloads the library, where the interface can. No call may follow or be in flight. */
  readonly close: () => void;
}

/** A foreign function interface. */
export interface Provider {
  /** Runtime that provides the interface. */
  readonly name: "deno" | "node";
  /**
   * Opens a library.
   *
   * @param path Path, or a name for the system's dynamic linker.
   * @param symbols Functions to bind.
   * @returns Bound functions; missing optional ones are null.
   * @throws {Error} When the library or a required function is missing; the message is the provider's.
   */
  readonly load: <T extends SymbolTable>(path: string, symbols: T) => NativeLibrary<T>;
  /**
   * Views memory outside JavaScript as an ArrayBuffer, without a copy.
   *
   * @param pointer Address of the first byte.
   * @param length Length in bytes. The memory must outlive the ArrayBuffer.
   */
  readonly view: (pointer: Pointer, length: number) => ArrayBuffer;
  /** Returns the numeric address of a pointer. */
  readonly address: (pointer: Pointer) => bigint;
  /** Returns the address of bytes, which must stay reachable while the pointer is used. */
  readonly pointerTo: (bytes: Uint8Array) => Pointer;
}

/**
 * Encodes a text as a C string.
 *
 * @param text Text without a NUL.
 * @returns UTF-8 bytes, then a NUL.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
