/**
 * Compiled loops over groups, which work in the memory of an engine.
 *
 * @module
 */

import type { Engine } from "../../serialize/engine.ts";
import { GROUPS_WASM } from "./groups_wasm.ts";

/**
 * Compiled functions; see `wasm/groups.ts`. Addresses are byte offsets into the engine's memory. Types of elements
 * and stored values are 0 for bf16, 1 for f16, 2 for f32.
 */
export interface GroupFunctions {
  /** Encodes small floats. */
  readonly encodeFloats: Loop;
  /** Encodes integers. */
  readonly encodeIntegers: Loop;
  /** Encodes KIVI. */
  readonly encodeKivi: Loop;
  /** Encodes MX. */
  readonly encodeMx: Loop;
  /** Decodes small floats, and MX of small floats. */
  readonly decodeFloats: Loop;
  /** Decodes integers, KIVI and MXINT8. */
  readonly decodeIntegers: Loop;
  /** Copies bytes. */
  readonly copy: (to: number, from: number, length: number) => void;
  /** Transposes a matrix of 16-bit elements. */
  readonly transpose16: Transpose;
  /** Transposes a matrix of 32-bit elements. */
  readonly transpose32: Transpose;
}

/** Converts `groups` groups of `values` values at `from` to their other form at `to`. */
export type Loop = (
  from: number,
  to: number,
  groups: number,
  values: number,
  dtype: number,
  bits: number,
  ...format: readonly number[]
) => void;

/** Transposes `rows` x `columns` elements at `from`; pitches are the bytes of a row of each matrix. */
export type Transpose = (
  from: number,
  pitch: number,
  rows: number,
  columns: number,
  to: number,
  toPitch: number,
) => void;

let compiled: WebAssembly.Module | undefined;
const instances = new WeakMap<Engine, GroupFunctions>();

/**
 * Returns the functions of an engine. They keep nothing in its memory.
 *
 * @param engine Engine whose memory holds packets.
 */
export function groupFunctions(engine: Engine): GroupFunctions {
  const known = instances.get(engine);
  if (known !== undefined) return known;
  compiled ??= new WebAssembly.Module(
    Uint8Array.from(atob(GROUPS_WASM), (character) => character.charCodeAt(0)),
  );
  const { exports } = new WebAssembly.Instance(compiled, {
    env: { memory: engine.memory as WebAssembly.Memory },
  });
  const functions = exports as unknown as GroupFunctions;
  instances.set(engine, functions);
  return functions;
}
