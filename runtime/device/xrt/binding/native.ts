/**
 * The seam to native code: a table of C functions as plain data, and what a provider makes of it. The
 * rest of the binding sees nothing of the foreign function interface behind it.
 *
 * @module
 */

/**
 * Types of C parameters and results.
 *
 * | name | C | here |
 * |---|---|---|
 * | `i32`, `u32` | `int`, `unsigned int` | number |
 * | `u64`, `usize` | `uint64_t`, `size_t` | number or bigint; in Deno a bigint is ten times as fast |
 * | `f64` | `double` | number |
 * | `pointer` | a handle or an address | {@linkcode Pointer} or null |
 * | `buffer` | an address, given as the bytes that stand there | Uint8Array or null |
 * | `void` | no result | undefined |
 */
export type NativeType = "void" | "i32" | "u32" | "u64" | "usize" | "f64" | "pointer" | "buffer";

/** One C function. Plain data. */
export interface NativeSymbol {
  /** Its name in the library, where it is not the name in the table. */
  readonly name?: string;
  /** Types of its parameters. */
  readonly parameters: readonly NativeType[];
  /** Type of its result. */
  readonly result: NativeType;
  /** Whether a library may lack it: it is null then. */
  readonly optional?: boolean;
}

/** C functions by name. */
export type SymbolTable = Readonly<Record<string, NativeSymbol>>;

/** An address outside JavaScript: a `Deno.PointerObject` in Deno, a bigint with koffi. Opaque. */
export interface Pointer {
  /** No such property is there: it keeps other types apart. */
  readonly "only providers make pointers": true;
}

/** Values of parameters and results as JavaScript has them. */
export interface NativeValues {
  /** No value. */
  readonly void: undefined;
  /** 32 bits with a sign. */
  readonly i32: number;
  /** 32 bits. */
  readonly u32: number;
  /** 64 bits. */
  readonly u64: number | bigint;
  /** As many bits as an address has. */
  readonly usize: number | bigint;
  /** A float of 64 bits. */
  readonly f64: number;
  /** A handle or an address. */
  readonly pointer: Pointer | null;
  /** The bytes that stand at an address. */
  readonly buffer: Uint8Array | null;
}

/** The values that a function with these parameters is called with. */
export type NativeArguments<P extends readonly NativeType[]> = {
  -readonly [I in keyof P]: NativeValues[P[I]];
};

/** A function, or null where the library may lack it. */
export type MaybeNative<S extends NativeSymbol, F> = S extends { readonly optional: true } ? F | null : F;

/** The functions of a table; each call keeps the thread until it returns. */
export type NativeCalls<T extends SymbolTable> = {
  readonly [K in keyof T]: MaybeNative<
    T[K],
    (...values: NativeArguments<T[K]["parameters"]>) => NativeValues[T[K]["result"]]
  >;
};

/** The functions of a table, each run on another thread. Bytes given to them must stay reachable. */
export type NativeTasks<T extends SymbolTable> = {
  readonly [K in keyof T]: MaybeNative<
    T[K],
    (...values: NativeArguments<T[K]["parameters"]>) => Promise<NativeValues[T[K]["result"]]>
  >;
};

/** An open library. */
export interface NativeLibrary<T extends SymbolTable> {
  /** Calls that keep this thread. */
  readonly calls: NativeCalls<T>;
  /** Calls on another thread: about 10 µs more each, and the event loop goes on. */
  readonly tasks: NativeTasks<T>;
}

/** A foreign function interface. */
export interface Provider {
  /** Its runtime. */
  readonly name: "deno" | "node";
  /**
   * Opens a library.
   *
   * @param path A path, or a name that the system's linker looks up.
   * @param symbols Its functions.
   * @returns The functions; those that are optional and missing are null.
   * @throws {Error} When the library or one of its functions is not there; the text is the provider's.
   */
  readonly load: <T extends SymbolTable>(path: string, symbols: T) => NativeLibrary<T>;
  /**
   * Memory outside JavaScript as an ArrayBuffer, without a copy.
   *
   * @param pointer Its first byte.
   * @param length Its bytes; the memory must last as long as the ArrayBuffer is used.
   */
  readonly view: (pointer: Pointer, length: number) => ArrayBuffer;
  /** The address that a pointer is. */
  readonly address: (pointer: Pointer) => bigint;
  /** Where bytes stand. They must stay reachable while the pointer is used. */
  readonly pointerTo: (bytes: Uint8Array) => Pointer;
}

/**
 * A text as C takes it.
 *
 * @param text Any text without a NUL.
 * @returns Its UTF-8 bytes and a NUL.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
