/**
 * Foreign function interface of Node through koffi, an optional package installed beside onpath.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { NativeLibrary, NativeType, Pointer, Provider, SymbolTable } from "./native.ts";

/**
 * Used part of koffi 3's interface. Declared here so that the type declarations do not require the package.
 */
interface Koffi {
  load(path: string): { func(name: string, result: string, parameters: readonly string[]): KoffiFunction };
  view(pointer: unknown, length: number): ArrayBuffer;
  address(value: unknown): bigint;
}

/** A function bound by koffi; asynchronous calls end in a callback. */
interface KoffiFunction {
  (...values: unknown[]): unknown;
  async(...values: unknown[]): void;
}

/**
 * Package name, in a variable because Deno would download the package of a literal import without using it.
 */
const KOFFI: string = "koffi";

/** C types, by native type. */
const C_TYPES: Readonly<Record<NativeType, string>> = {
  void: "void",
  i32: "int32_t",
  u32: "uint32_t",
  u64: "uint64_t",
  usize: "size_t",
  f64: "double",
  pointer: "void *",
  buffer: "void *",
};

/**
 * Loads koffi and returns a provider that uses it.
 *
 * @returns Provider for Node.
 * @throws {OnpathError} `device` when koffi is not installed.
 */
export async function nodeProvider(): Promise<Provider> {
  let koffi: Koffi;
  try {
    koffi = await import(KOFFI) as unknown as Koffi;
  } catch (cause) {
    throw new OnpathError(
      "device",
      "Cannot call native code from Node: the package koffi is not installed. Install it with: npm install koffi",
      { package: "koffi" },
      { cause },
    );
  }
  return {
    name: "node",
    load: (path, symbols) => load(koffi, path, symbols),
    view: (pointer, length) => koffi.view(pointer, length),
    address: (pointer) => pointer as unknown as bigint,
    pointerTo: (bytes) => koffi.address(bytes) as unknown as Pointer,
  };
}

function load<T extends SymbolTable>(koffi: Koffi, path: string, symbols: T): NativeLibrary<T> {
  const library = koffi.load(path);
  const calls: Record<string, unknown> = {};
  const tasks: Record<string, unknown> = {};
  for (const [key, { name = key, parameters, result, optional }] of Object.entries(symbols)) {
    let call: KoffiFunction;
    try {
      call = library.func(name, C_TYPES[result], parameters.map((type) => C_TYPES[type]));
    } catch (error) {
      if (!optional || !String(error).includes("Cannot find function")) throw error;
      calls[key] = tasks[key] = null;
      continue;
    }
    calls[key] = call;
    tasks[key] = (...values: unknown[]) =>
      new Promise((resolve, reject) =>
        call.async(...values, (error: unknown, value: unknown) => error ? reject(error) : resolve(value))
      );
  }
  return { calls, tasks, close: () => {} } as unknown as NativeLibrary<T>;
}
